"""Records examples/supercollider/performance.scd with the real sclang and scsynth: no sound card, not in real time.

    python -m examples.record_supercollider [FILE.wav]

Starts a music server of its own with the embedded model. Needs SuperCollider 3.13 or later on the PATH.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(__file__).parent / "supercollider"
QUARK = FOLDER.parents[1] / "supercollider"
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
    with tempfile.TemporaryDirectory() as home, music_server(Path(home)) as port:
        configuration = Path(home) / "sclang_conf.yaml"
        configuration.write_text(f"includePaths:\n- {QUARK}\nexcludePaths: [[]]\npostInlineWarnings: true\n")
        script = (FOLDER / "record.scd", port, FOLDER / "performance.scd", path)
        done = subprocess.run(
            [sclang, "-D", "-l", str(configuration), *map(str, script)],
            env=headless(home),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LIMIT,
        )
    if done.returncode or "FAILURE IN SERVER" in done.stdout:
        raise SystemExit(f"sclang ended with {done.returncode}:\n{done.stdout}")


def headless(home: str) -> dict[str, str]:
    """An environment for sclang without a screen and apart from the user's own settings."""
    Path(home).chmod(0o700)
    folders = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"), home)
    return {**os.environ, **folders, "QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}


@contextmanager
def music_server(folder: Path) -> Iterator[int]:
    """`midinfinite-osc serve` on a free port, which it gives, until the block ends."""
    command = [sys.executable, "-m", "osc_bridge", "serve", "--port", "0", "--workspace", str(folder / "music")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            ready = (re.match(r"ready \S*?:(\d+)", line) for line in process.stdout or ())
            port = next((match[1] for match in ready if match), None)
            if port is None:
                raise SystemExit("the music server did not start")
            yield int(port)
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
