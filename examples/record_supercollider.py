"""Records examples/supercollider/performance.scd with the real sclang and scsynth: no sound card, not in real time.

    python -m examples.record_supercollider [FILE.wav]

Starts a music server of its own with the embedded model. Needs SuperCollider 3.13 or later on the PATH.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests.conftest import start_server, stop_server
from tests.supercollider.runner import Sclang

FOLDER = Path(__file__).parent / "supercollider"
LIMIT = 300
"""Seconds that rendering may take."""


def main() -> None:
    """Record to the path given, or beside the performance's source."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else FOLDER / "performance.wav").resolve()
    record(path)
    print(f"recorded {path} ({path.stat().st_size / 1e6:.1f} MB)")


def record(path: Path) -> None:
    """Render the performance into a WAV file of 44,100 Hz, stereo, 16 bits.

    Raises:
        SystemExit: SuperCollider is missing, or it failed; the text says how.
    """
    sclang = shutil.which("sclang")
    if sclang is None or shutil.which("scsynth") is None:
        raise SystemExit("sclang and scsynth are not on the PATH: install SuperCollider (sh tests/install_clients.sh)")
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder))
        script = (FOLDER / "record.scd", server.port, FOLDER / "performance.scd", path)
        try:
            outcome = Sclang(Path(folder), sclang).execute(*script, seconds=LIMIT)
        except AssertionError as error:
            raise SystemExit(str(error)) from None
        finally:
            stop_server(server)
    if "FAILURE IN SERVER" in outcome.text:
        raise SystemExit(outcome.text)


if __name__ == "__main__":
    main()
