"""A phrase as scsynth plays it, rendered not in real time: every note that came over the wire is heard at its pitch."""

from __future__ import annotations

import wave
from dataclasses import dataclass

import numpy as np
import pytest

CENTS = 35
"""How far from its pitch a note's partial is looked for."""


@dataclass(frozen=True)
class Sound:
    """Mono samples in -1 … 1 at `rate`, one second a beat, and the notes received: onset, duration, pitch, program."""

    samples: np.ndarray
    rate: int
    notes: list[tuple[float, float, int, int]]

    def between(self, start: float, end: float) -> np.ndarray:
        return self.samples[round(start * self.rate) : round(end * self.rate)]

    def level(self, pitch: int, start: float, end: float) -> float:
        """Loudest partial within a third of a semitone of a pitch, against the loudest of all."""
        part = self.between(start, end)
        size = 8 * self.rate
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), size))
        pitch_hz = 440 * 2 ** ((pitch - 69) / 12)
        low, high = (round(size / self.rate * pitch_hz * 2 ** (sign * CENTS / 1200)) for sign in (-1, 1))
        return float(spectrum[low : high + 1].max() / spectrum.max())

    def sounding(self, start: float, end: float) -> set[int]:
        """Pitches that sound or still ring somewhere between, with their octaves and twelfths."""
        rings = 0.5
        pitches = {
            pitch for onset, duration, pitch, _ in self.notes if onset < end and onset + duration + rings > start
        }
        return {pitch + partial for pitch in pitches for partial in (0, 12, 19, 24)}


@pytest.fixture
def rendered(sclang, scsynth_program, amt_server, recording, tmp_path):
    def render(bars: int, *instruments: str) -> Sound:
        assert scsynth_program
        path = tmp_path / "phrase.wav"
        outcome = sclang.script("render", amt_server.port, f"render {instruments}", path, bars, *instruments)
        assert outcome.said("rendered") == [["0"]]
        ((first, count),) = outcome.said("phrase", "render")
        received = recording(outcome, "render").bars()
        notes, start = [], 0.0
        for index in range(int(first), int(first) + int(count)):
            beats, bar = received[index]
            notes += [(start + onset, length, pitch, program) for onset, length, pitch, _, program in bar]
            start += beats
        with wave.open(str(path)) as file:
            frames = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            samples = frames.reshape(-1, file.getnchannels()).mean(axis=1) / 32768
            return Sound(samples, file.getframerate(), sorted(notes))

    return render


@pytest.mark.parametrize("instrument", ["piano", "bass"])
def test_every_pitch_received_is_heard_and_its_neighbours_are_not(rendered, instrument):
    sound = rendered(8, instrument)
    assert np.abs(sound.samples).max() < 1
    heard, wrong = [], []
    for onset, duration, pitch, program in sound.notes:
        assert program != 128
        start, end = onset + 0.01, onset + max(0.25, min(duration, 1.0))
        heard.append(sound.level(pitch, start, end) > 0.05)
        # A semitone is wider than the window's resolution only from about this pitch up.
        if pitch >= 60 and pitch + 1 not in sound.sounding(start, end):
            wrong.append(sound.level(pitch + 1, start, end) > sound.level(pitch, start, end))
    assert len(heard) >= 8
    assert heard[0], "the first note is not heard"
    assert all(heard), f"{heard.count(False)} of {len(heard)} notes are not heard"
    assert not any(wrong), f"{wrong.count(True)} of {len(wrong)} notes are a semitone high"


def test_drums_strike_when_they_should_and_only_then(rendered):
    sound = rendered(8, "drums")
    onsets = sorted({onset for onset, _, _, program in sound.notes if program == 128})
    assert len(onsets) >= 8
    assert len(onsets) == len({onset for onset, *_ in sound.notes})

    bright = np.diff(sound.samples, prepend=0)

    def power(signal: np.ndarray, start: float, end: float) -> float:
        return float(np.mean(signal[max(0, round(start * sound.rate)) : round(end * sound.rate)] ** 2))

    def strikes(beat: float) -> bool:
        """Louder after than before; a ringing low drum hides a bright stroke and the other way about: either band."""
        return any(
            power(signal, beat, beat + 0.02) > 1.5 * power(signal, beat - 0.022, beat - 0.002) + 1e-7
            for signal in (sound.samples, bright)
        )

    struck = [strikes(onset) for onset in onsets if onset > 0.03]
    between = [strikes(step / 4 + 0.125) for step in range(8 * 16)]
    assert np.mean(struck) > 0.95, f"{struck.count(False)} of {len(struck)} strokes are not heard"
    assert np.mean(between) < 0.05, f"{between.count(True)} strokes where none should be"
    first = onsets[0]
    if first > 0.01:
        assert power(sound.samples, 0, first - 0.002) < 1e-9, "something sounds before the first strike"
