"""Records examples/sonic_pi/performance.rb, played by the real Sonic Pi server. One command does it all:

    .venv/bin/python examples/record_sonic_pi.py piece.wav

It starts a server with the seed of the piece and Sonic Pi without a sound card (Debian: sonic-pi-server, jackd2), with
ports and a HOME of their own, and ends them. The piece is played in real time; what Sonic Pi told its synthesizer is
then rendered once more, so that a busy computer leaves no holes. Writes piece.wav and piece.ogg.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from examples.recording import Unfit, publish  # noqa: E402 - the path comes first
from tests.conftest import start_server, stop_server  # noqa: E402
from tests.sonic_pi.harness import Line, SonicPi, missing_programs  # noqa: E402

PIECE = ROOT / "examples" / "sonic_pi" / "performance.rb"
SEED = 7
TAIL = 3.0
"""Seconds that the last notes ring."""

LIMIT = 600.0
"""Seconds that a piece may last."""


class Listener:
    """Waits for the end of a piece, and says every five seconds how far it is."""

    def __init__(self) -> None:
        self._said = 0.0

    def ended(self, lines: list[Line]) -> bool:
        second = lines[-1].runtime if lines else 0.0
        if second >= self._said + 5:
            self._said = second
            print(f"  {second:.0f} s played", flush=True)
        return any('"the end"' in line.text or line.kind.endswith("error") for line in lines)


def record(piece: Path, target: Path) -> None:
    """Plays a buffer from beginning to end and writes what is heard.

    Raises:
        RuntimeError: Sonic Pi stopped the piece; the text says why.
        Unfit: what came of it should not be heard.
        AssertionError: it did not end within ten minutes.
    """
    with tempfile.TemporaryDirectory() as folder:
        print("Sonic Pi: starting a music server (at first it compiles the model: a minute)", flush=True)
        server = start_server(Path(folder), "--session-seed", str(SEED))
        raw = Path(folder) / "raw.wav"
        try:
            print("Sonic Pi: starting it", flush=True)
            with SonicPi() as sonic_pi:
                print(f"Sonic Pi: playing {piece.name} in real time", flush=True)
                start = len(sonic_pi.tape.messages)
                code = piece.read_text("utf-8").replace("amt_connect ", f"amt_connect port: {server.port}, ")
                end = f'sleep {TAIL} * current_bpm / 60\nputs "the end"'
                sonic_pi.run(f'eval_file "{ROOT / "sonic_pi" / "amt.rb"}"\n{code}\n{end}')
                lines = sonic_pi.wait_for(Listener().ended, "the piece to end", LIMIT)
                wrong = [line.text for line in lines if line.kind.endswith("error")]
                if wrong:
                    raise RuntimeError(wrong[0])
                sonic_pi.render(start, raw, TAIL)
        finally:
            stop_server(server)
        publish(raw, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, nargs="?", default=PIECE.with_suffix(".wav"), help="the WAV to write")
    parser.add_argument("--piece", type=Path, default=PIECE, help="another buffer, one that ends")
    arguments = parser.parse_args()
    if lacking := missing_programs():
        parser.error(f"missing: {', '.join(lacking)}; `sh tests/install_clients.sh` installs them")
    try:
        record(arguments.piece, arguments.target.resolve())
    except Unfit as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
