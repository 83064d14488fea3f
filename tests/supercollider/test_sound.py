"""A phrase as scsynth plays it, rendered not in real time: every note that came over the wire is heard at its pitch.

One sound file for all: bass, lead and drums each alone (`phrase.only`), then together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from examples.recording import read as wav

BARS, PAUSE = 8, 4
"""Length of each part of the file, and of the silence after it, in bars and beats."""

BASS, LEAD, DRUMS = 33, 81, 128

CENTS = 35
"""How far from its pitch a note's partial is looked for."""


@dataclass(frozen=True)
class Sound:
    """Mono samples in -1 … 1 at `rate`, one second a beat, and the notes received: onset, duration, pitch, program."""

    samples: np.ndarray
    rate: int
    notes: list[tuple[float, float, int, int]]

    def part(self, which: int, *programs: int) -> Sound:
        """One part of the file, with the notes of these programs."""
        length = 4 * BARS + PAUSE
        samples = self.between(which * length, (which + 1) * length)
        return Sound(samples, self.rate, [note for note in self.notes if note[3] in programs])

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


@pytest.fixture(scope="module")
def sound(module_sclang, scsynth_program, amt_server, recording):
    assert scsynth_program
    path = module_sclang.folder / "phrase.wav"
    outcome = module_sclang.script(
        "render", amt_server.port, "render", path, BARS, PAUSE, "bass", "lead", "drums", seconds=90
    )
    assert outcome.said("rendered") == [["0"]]
    ((first, count),) = outcome.said("phrase", "render")
    received = recording(outcome, "render").bars()
    notes, start = [], 0.0
    for index in range(int(first), int(first) + int(count)):
        beats, bar = received[index]
        notes += [(start + onset, length, pitch, program) for onset, length, pitch, _, program in bar]
        start += beats
    assert {program for *_, program in notes} == {BASS, LEAD, DRUMS}
    frames, rate = wav(path)
    return Sound(frames.mean(axis=1), rate, sorted(notes))


def span(onset: float, duration: float) -> tuple[float, float]:
    """Where a note's pitch is looked for."""
    return onset + 0.01, onset + max(0.25, min(duration, 1.0))


@pytest.mark.parametrize(("which", "program"), [(0, BASS), (1, LEAD)])
def test_every_pitch_received_is_heard_and_its_neighbours_are_not(sound, which, program):
    alone = sound.part(which, program)
    assert 0.02 < np.abs(alone.samples).max() < 1
    heard, wrong = [], []
    for onset, duration, pitch, _ in alone.notes:
        start, end = span(onset, duration)
        heard.append(alone.level(pitch, start, end) > 0.05)
        # A semitone is wider than the window's resolution only from about this pitch up.
        if pitch >= 60 and pitch + 1 not in alone.sounding(start, end):
            wrong.append(alone.level(pitch + 1, start, end) > alone.level(pitch, start, end))
    assert len(heard) >= 8
    assert heard[0], "the first note is not heard"
    assert all(heard), f"{heard.count(False)} of {len(heard)} notes are not heard"
    assert not any(wrong), f"{wrong.count(True)} of {len(wrong)} notes are a semitone high"


def strikes(sound: Sound, beat: float) -> bool:
    """Louder after than before; a ringing low drum hides a bright stroke and the other way about: either band."""
    before, after = sound.between(beat - 0.022, beat - 0.002), sound.between(beat, beat + 0.02)
    return any(np.mean(band(after) ** 2) > 1.5 * np.mean(band(before) ** 2) + 1e-7 for band in (np.asarray, np.diff))


def test_drums_strike_when_they_should_and_only_then(sound):
    drums = sound.part(2, DRUMS)
    onsets = sorted({onset for onset, *_ in drums.notes})
    assert len(onsets) >= 8
    struck = [strikes(drums, onset) for onset in onsets if onset > 0.03]
    between = [strikes(drums, step / 4 + 0.125) for step in range(BARS * 16)]
    assert np.mean(struck) > 0.95, f"{struck.count(False)} of {len(struck)} strokes are not heard"
    assert np.mean(between) < 0.05, f"{between.count(True)} strokes where none should be"


def test_the_band_together_is_heard_without_clipping(sound):
    """Voices mask each other: most notes of bass and lead stand out of the mix at their pitch, and drums strike it."""
    band = sound.part(3, BASS, LEAD, DRUMS)
    assert np.abs(band.samples).max() < 1
    for program in (BASS, LEAD):
        notes = [note for note in band.notes if note[3] == program]
        heard = [band.level(pitch, *span(onset, duration)) > 0.02 for onset, duration, pitch, _ in notes]
        assert np.mean(heard) > 0.9, f"{heard.count(False)} of {len(heard)} notes of program {program} are not heard"
    struck = [strikes(band, onset) for onset, _, _, program in band.notes if program == DRUMS and onset > 0.03]
    assert np.mean(struck) > 0.8, f"{struck.count(False)} of {len(struck)} strokes are not heard"


def test_a_part_is_silent_where_it_rests(sound):
    """The pause after each part, once its last notes have rung out."""
    for which in range(4):
        pause = sound.part(which).between(4 * BARS + PAUSE - 0.5, 4 * BARS + PAUSE)
        assert np.abs(pause).max() < 0.01
