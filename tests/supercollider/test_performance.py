"""The example performances: recorded by one command, and sounding from beginning to end in the repository."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from examples import recording
from tests.supercollider.conftest import need

ROOT = Path(__file__).parents[2]
RECORDINGS = sorted(ROOT.glob("examples/*/performance.ogg"))


def test_the_performance_is_recorded(sclang_program, scsynth_program, tmp_path):
    assert sclang_program
    assert scsynth_program
    assert need("sox")
    path = tmp_path / "performance.wav"
    command = [sys.executable, "-m", "examples.record_supercollider", path]
    printed = subprocess.run(command, cwd=ROOT, check=True, timeout=200, stdout=subprocess.PIPE, text=True).stdout
    assert str(path) in printed
    assert str(path.with_suffix(".ogg")) in printed
    frames, rate = recording.read(path)
    assert (frames.shape[1], rate) == (2, 44100)
    beat = 60 / 112 * 44100
    assert len(frames) / beat >= 52  # 13 bars
    assert 0.2 < np.abs(frames).max() < 0.99
    bars = [frames[round(4 * bar * beat) : round(4 * (bar + 1) * beat)] for bar in range(13)]
    assert all(np.abs(bar).max() > 0.02 for bar in bars)
    assert np.abs(frames[-2000:]).max() < 0.05, "the end is cut off"
    assert 100_000 < path.with_suffix(".ogg").stat().st_size < 500_000


def test_both_performances_are_in_the_repository_as_they_should_sound(tmp_path):
    assert [path.parent.name for path in RECORDINGS] == ["sonic_pi", "supercollider"]
    readme = (ROOT / "README.md").read_text("utf-8")
    for ogg in RECORDINGS:
        path = tmp_path / "decoded.wav"
        subprocess.run([need("sox"), ogg, "-b", "16", path], check=True)
        sound = recording.measure(path)
        sound.check()
        assert sound.seconds > 25
        assert ogg.stat().st_size < 450_000
        assert str(ogg.relative_to(ROOT)) in readme


def write(path: Path, samples: np.ndarray) -> Path:
    """A mono WAV of 8,000 Hz."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def tone(seconds: float) -> np.ndarray:
    return 0.5 * np.sin(np.arange(round(8000 * seconds)) / 3)


def test_a_recording_is_measured(tmp_path):
    silence = np.zeros(8000)
    path = write(tmp_path / "tone.wav", np.concatenate([silence[:2000], tone(1), silence, tone(2), silence]))
    sound = recording.measure(path)
    assert (sound.seconds, sound.lead) == (5.25, 0.25)
    assert sound.peak == pytest.approx(0.5, abs=0.01)
    assert sound.silence == pytest.approx(1, abs=0.06)
    sound.check()


@pytest.mark.parametrize(
    ("samples", "fault"),
    [
        (np.zeros(8000), "silent"),
        (np.concatenate([tone(1), np.zeros(20_000), tone(1)]), "silent for 2.5 s"),
        (np.concatenate([np.zeros(8000), tone(1)]), "begins with 1.0 s"),
        (np.clip(4 * tone(1), -1, 1), "clips"),
    ],
)
def test_what_should_not_be_heard_is_refused(tmp_path, samples, fault):
    with pytest.raises(recording.Unfit, match=fault):
        recording.measure(write(tmp_path / "bad.wav", samples)).check()
