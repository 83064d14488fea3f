"""Records examples/sonic_pi/performance.rb, played by the real Sonic Pi server, as a WAV. One command does it all:

    .venv/bin/python examples/record_sonic_pi.py piece.wav

It starts a server with the seed of the piece and Sonic Pi without a sound card (Debian: sonic-pi-server, jackd2), with
ports and a HOME of their own, and ends them. It takes as long as the piece, and some seconds.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.conftest import start_server, stop_server  # noqa: E402 - the path comes first
from tests.sonic_pi.harness import SonicPi, missing_programs  # noqa: E402

PIECE = ROOT / "examples" / "sonic_pi" / "performance.rb"
SEED = 7
TAIL = 3.0
"""Seconds that the last notes ring."""


def record(piece: Path, target: Path) -> float:
    """Plays a buffer from beginning to end and writes what is heard; gives its seconds.

    Raises:
        RuntimeError: Sonic Pi stopped the piece, or nothing was heard; the text says why.
        AssertionError: it did not end within ten minutes.
    """
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder), "--session-seed", str(SEED))
        try:
            with SonicPi() as sonic_pi:
                heard = sonic_pi.home / "heard.wav"
                code = piece.read_text("utf-8").replace("amt_connect ", f"amt_connect port: {server.port}, ")
                sonic_pi.run(
                    f'eval_file "{ROOT / "sonic_pi" / "amt.rb"}"\nrecording_start\nsleep 1\n{code}\n'
                    f'sleep {TAIL} * current_bpm / 60\nrecording_save "{heard}"\nputs "recorded"'
                )
                lines = sonic_pi.wait_for(
                    lambda lines: any('"recorded"' in line.text or line.kind.endswith("error") for line in lines),
                    "the piece to end",
                    600,
                )
                wrong = [line.text for line in lines if line.kind.endswith("error")]
                if wrong:
                    raise RuntimeError(wrong[0])
                sonic_pi.wait_for(lambda _: heard.exists(), "the recording")
                shutil.copyfile(heard, target)
        finally:
            stop_server(server)
    with wave.open(str(target)) as file:
        if not any(file.readframes(file.getnframes())):
            raise RuntimeError(
                "the recording is silent: the sound server did not keep up; record again with less running"
            )
        return file.getnframes() / file.getframerate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, nargs="?", default=PIECE.with_suffix(".wav"), help="the WAV to write")
    parser.add_argument("--piece", type=Path, default=PIECE, help="another buffer, one that ends")
    arguments = parser.parse_args()
    if lacking := missing_programs():
        parser.error(f"missing: {', '.join(lacking)}; `sh tests/install_clients.sh` installs them")
    print(f"{arguments.target}: {record(arguments.piece, arguments.target):.1f} s")


if __name__ == "__main__":
    main()
