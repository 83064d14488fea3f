"""TOML files, on Python 3.10 too. Knows nothing of what stands in them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DecodeError = tomllib.TOMLDecodeError


def read(path: Path) -> dict[str, Any]:
    """The tables of a file. Raises OSError, DecodeError."""
    return tomllib.loads(path.read_text(encoding="utf-8"))
