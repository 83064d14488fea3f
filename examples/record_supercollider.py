"""Records examples/supercollider/performance.scd with the real sclang and scsynth: no sound card, not in real time.

    python -m examples.record_supercollider [FILE.wav]

Starts a music server of its own with the embedded model. Writes FILE.wav and FILE.ogg. Needs SuperCollider 3.13 or
later and sox on the PATH.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from examples.recording import Unfit, publish
from tests.conftest import start_server, stop_server
from tests.supercollider.runner import Sclang

FOLDER = Path(__file__).parent / "supercollider"
LIMIT = 300
"""Seconds that rendering may take."""


def main() -> None:
    """Record to the path given, or beside the performance's source."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else FOLDER / "performance.wav").resolve()
    try:
        record(path)
    except Unfit as error:
        raise SystemExit(str(error)) from None


def record(path: Path) -> None:
    """Render the performance into a WAV file of 44,100 Hz, stereo, 16 bits, and an Ogg Vorbis file beside it.

    Raises:
        SystemExit: SuperCollider or sox is missing, or it failed; the text says how.
        Unfit: what came of it should not be heard.
    """
    sclang = shutil.which("sclang")
    if sclang is None or shutil.which("scsynth") is None:
        raise SystemExit("sclang and scsynth are not on the PATH: install SuperCollider (sh tests/install_clients.sh)")
    with tempfile.TemporaryDirectory() as folder:
        print("SuperCollider: starting a music server (at first it compiles the model: a minute)", flush=True)
        server = start_server(Path(folder))
        raw = Path(folder) / "raw.wav"
        script = (FOLDER / "record.scd", server.port, FOLDER / "performance.scd", raw)
        print("SuperCollider: composing half a minute of music and rendering it; some ten seconds", flush=True)
        try:
            outcome = Sclang(Path(folder), sclang).execute(*script, seconds=LIMIT)
        except AssertionError as error:
            raise SystemExit(str(error)) from None
        finally:
            stop_server(server)
        if "FAILURE IN SERVER" in outcome.text:
            raise SystemExit(outcome.text)
        publish(raw, path)


if __name__ == "__main__":
    main()
