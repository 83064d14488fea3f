"""Files that are either whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def is_stream(path: Path) -> bool:
    """Whether it is a device or a pipe, which is written to as it is and never replaced."""
    return path.is_char_device() or path.is_fifo()


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Puts `data` into the file at `path`; whatever stood there stays until the new file is complete.

    A device or a pipe is written to as it is, and where a link leads to is replaced, not the link.

    Raises:
        OSError: no such folder, no permission, no space; nothing is left behind.
    """
    target = Path(path)
    if is_stream(target):
        target.write_bytes(data)
        return
    target = Path(os.path.realpath(target))
    temporary = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
