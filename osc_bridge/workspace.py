"""The one folder that clients may have files written into, by bare name. Knows no network."""

from __future__ import annotations

from pathlib import Path

from osc_bridge.messages import ProtocolError

_FORBIDDEN = frozenset('/\\:*?"<>|')
_SUFFIX = ".mid"
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}


class Workspace:
    """A folder of MIDI files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where the file of this bare name lies.

        Raises:
            ProtocolError: "name", the name could lead elsewhere or is no file name everywhere.
        """
        stem = name[: -len(_SUFFIX)] if name.lower().endswith(_SUFFIX) else name
        wrong = (
            not stem.strip()
            or stem != stem.strip()
            or stem.startswith(".")
            or stem.endswith(".")
            or not stem.isprintable()
            or _FORBIDDEN & set(stem)
            or stem.partition(".")[0].lower() in _RESERVED
            or len(stem.encode(errors="replace")) > 64
        )
        if wrong:
            text = f"{name!r} is no bare file name: use letters, digits, '-', '_', no folder, at most 64 bytes"
            raise ProtocolError("name", text)
        return self._folder / (stem + _SUFFIX)
