"""The example performance is recorded by its one command, and sounds from beginning to end."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]


def test_the_performance_is_recorded(sclang_program, scsynth_program, tmp_path):
    assert sclang_program
    assert scsynth_program
    path = tmp_path / "performance.wav"
    subprocess.run([sys.executable, "-m", "examples.record_supercollider", path], cwd=ROOT, check=True, timeout=200)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44100)
        frames = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2) / 32768
    beat = 60 / 112 * 44100
    assert len(frames) / beat >= 52  # 13 bars
    assert 0.2 < np.abs(frames).max() < 0.99
    bars = [frames[round(4 * bar * beat) : round(4 * (bar + 1) * beat)] for bar in range(13)]
    assert all(np.abs(bar).max() > 0.02 for bar in bars)
    assert np.abs(frames[-2000:]).max() < 0.05, "the end is cut off"
