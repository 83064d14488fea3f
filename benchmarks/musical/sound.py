"""Bars as sound and pictures for the report. What sounds is fluidsynth, where it and a soundfont are installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from patterns import midi, piano_roll
from patterns.bar import Bar

FONTS = tuple(Path("/usr/share/sounds/sf2", name) for name in ("FluidR3_GM.sf2", "TimGM6mb.sf2", "default-GM.sf2"))
ADVICE = "the examples have no sound: sudo apt-get install fluidsynth timgm6mb-soundfont (or fluid-soundfont-gm)"
RATE = 22_050
"""Samples a second: enough to judge the notes by, and the report stays small."""


def font() -> Path | None:
    """The soundfont to play with, if fluidsynth and one of Debian's are installed."""
    return next((path for path in FONTS if path.is_file()), None) if shutil.which("fluidsynth") else None


def render(bars: Sequence[Bar], tempo: float, soundfont: Path) -> bytes:
    """A WAV file's bytes. Raises subprocess.CalledProcessError where fluidsynth fails."""
    with TemporaryDirectory() as folder:
        score, wave = Path(folder, "bars.mid"), Path(folder, "bars.wav")
        midi.write(score, bars, [tempo] * len(bars))
        command = ["fluidsynth", "-ni", "-g", "0.6", "-r", str(RATE), "-F", str(wave), str(soundfont), str(score)]
        subprocess.run(command, check=True, capture_output=True)
        return wave.read_bytes()


def picture(bars: Sequence[Bar]) -> bytes:
    """A piano roll, PNG."""
    buffer = io.BytesIO()
    piano_roll.render(bars).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
