"""What is done with a recording, whichever client played it: levelled, checked, and written as Vorbis beside it.

Needs sox (`sh tests/install_clients.sh` installs it).
"""

from __future__ import annotations

import shutil
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

PEAK = -1.0
"""Level of the loudest sample, in decibels below full scale."""

QUALITY = 3
"""Of Vorbis: about 100 kbit/s."""

LONGEST_SILENCE = 2.0
"""Seconds of silence that a performance may hold."""

SILENT = 10 ** (-50 / 20)
"""Root mean square below which a moment is silent, full scale being 1."""

MOMENT = 0.05
"""Seconds over which that is measured."""


class Unfit(RuntimeError):  # noqa: N818 - named after the state
    """A recording that nobody should hear; the text says what is wrong with it."""


@dataclass(frozen=True)
class Sound:
    """What a WAV holds, in numbers.

    Attributes:
        seconds: its length.
        peak: the loudest sample, full scale being 1.
        lead: seconds before the first sound.
        silence: the longest silence between two sounds, in seconds.
    """

    seconds: float
    peak: float
    lead: float
    silence: float

    def check(self) -> None:
        """Raises Unfit where it is not music from beginning to end."""
        if self.peak >= 0.999:
            raise Unfit("the recording clips")
        if self.lead > 0.5:
            raise Unfit(f"the recording begins with {self.lead:.1f} s of silence")
        if self.silence > LONGEST_SILENCE:
            raise Unfit(f"the recording is silent for {self.silence:.1f} s: record again with less running")


def measure(path: Path) -> Sound:
    """The numbers of a 16-bit WAV. Raises Unfit where it holds no sound at all."""
    samples, rate = read(path)
    moment = round(MOMENT * rate)
    whole = len(samples) // moment * moment
    levels = np.sqrt((samples[:whole] ** 2).reshape(-1, moment * samples.shape[1]).mean(axis=1))
    sounding = np.flatnonzero(levels > SILENT)
    if not len(sounding):
        raise Unfit("the recording is silent")
    silence = (np.diff(sounding) - 1).max(initial=0) * MOMENT
    return Sound(len(samples) / rate, float(np.abs(samples).max()), float(sounding[0]) * MOMENT, float(silence))


def read(path: Path) -> tuple[npt.NDArray[np.float64], int]:
    """Samples in -1 … 1 [frames, channels] of a 16-bit WAV, and their rate."""
    with wave.open(str(path)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return frames.reshape(-1, file.getnchannels()) / 32768, file.getframerate()


def publish(raw: Path, path: Path) -> None:
    """Make a WAV and, beside it, an Ogg Vorbis file of a raw recording; says where they are.

    The first two channels count; silence before the first sound and after the last is cut off.

    Raises:
        Unfit: it clips, or is silent where there should be music.
        SystemExit: sox is missing, or cannot write Vorbis.
    """
    sox = shutil.which("sox")
    if sox is None:
        raise SystemExit("sox is not on the PATH: install it (sh tests/install_clients.sh)")
    ends = ["silence", "1", "0.01", "0.05%", "reverse"]
    _run(sox, "-D", raw, "-b", "16", path, "remix", "1", "2", *ends, *ends, "norm", str(PEAK))
    sound = measure(path)
    sound.check()
    small = path.with_suffix(".ogg")
    _run(sox, path, "-C", str(QUALITY), small)
    print(f"  {path} ({sound.seconds:.1f} s, {path.stat().st_size / 1e6:.1f} MB)")
    print(f"  {small} ({small.stat().st_size / 1e3:.0f} kB)", flush=True)


def _run(*command: object) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"sox failed: {done.stderr.strip()}")
