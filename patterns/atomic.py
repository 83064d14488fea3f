"""Files that are either whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Puts `data` into the file at `path`; whatever stood there stays until the new file is complete.

    A device or a pipe is written to as it is.

    Raises:
        OSError: no such folder, no permission, no space; nothing is left behind.
    """
    target = Path(path)
    if target.is_char_device() or target.is_fifo():
        target.write_bytes(data)
        return
    temporary = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
