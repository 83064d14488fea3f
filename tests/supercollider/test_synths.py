"""The default instruments by numbers, rendered by the real scsynth: in tune, equally loud, shaped as their names say.

Each is played at three pitches (drums at one) and two velocities. Nobody listens to a test; these are the ways in which
an instrument can be wrong that a number shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from examples import recording
from patterns.instruments import FAMILIES

PITCHED = ("keys", "bell", "organ", "pluck", "bass", "strings", "brass", "reed", "flute", "lead", "pad")
DRUMS = ("kick", "snare", "clap", "rim", "hat", "openhat", "tom", "ride", "crash", "cowbell")
SLOT, GATE = 3.1, 1.0
"""Seconds of each note's place in the file, and of its gate; two seconds after it closes the synth is gone."""

SLOW = {"Strings", "Ensemble", "Synth Pad"}
FAST = {"Piano", "Chromatic Percussion", "Guitar", "Bass", "Ethnic", "Percussive"}


@dataclass(frozen=True)
class Note:
    """One rendered note: samples in -1 … 1 [frames, 2] of its slot, and how many synths ran at its end."""

    pitch: int
    velocity: int
    samples: np.ndarray
    rate: int
    running: int

    def levels(self, seconds: float) -> np.ndarray:
        """Root mean square, both channels together, of all stretches of this length one after the other."""
        size = round(seconds * self.rate)
        power = (self.samples**2).sum(axis=1)
        return np.sqrt(power[: len(power) // size * size].reshape(-1, size).mean(axis=1))

    @property
    def loudness(self) -> float:
        """Of the loudest tenth of a second, in decibels."""
        return float(20 * np.log10(self.levels(0.1).max()))

    @property
    def attack(self) -> float:
        """Seconds until half the level of the gate's loudest moment is reached."""
        levels = self.levels(0.005)
        return float(np.argmax(levels > levels[: round(GATE / 0.005)].max() / 2)) * 0.005

    @property
    def spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        """Power of each frequency in the first second, and the frequencies."""
        second = self.samples[: self.rate].mean(axis=1)
        return np.abs(np.fft.rfft(second)) ** 2, np.fft.rfftfreq(len(second), 1 / self.rate)

    @property
    def centroid(self) -> float:
        power, hertz = self.spectrum
        return float((power * hertz).sum() / power.sum())

    def share_below(self, limit: float) -> float:
        power, hertz = self.spectrum
        return float(power[hertz < limit].sum() / power.sum())

    def cents_off(self) -> float:
        """How far the loudest partial around the pitch lies from it."""
        wanted = 440 * 2 ** ((self.pitch - 69) / 12)
        tone = self.samples[round(0.15 * self.rate) : round(GATE * self.rate)].mean(axis=1)
        size = 1 << 20
        power = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), size))
        low, high = (round(wanted * 2 ** (sign / 12) * size / self.rate) for sign in (-1, 1))
        loudest = low + int(np.argmax(power[low:high]))
        assert power[loudest] > 0.3 * power.max(), "the fundamental is hardly there"
        return float(1200 * np.log2(loudest * self.rate / size / wanted))


@pytest.fixture(scope="module")
def outcome(module_sclang, scsynth_program):
    assert scsynth_program
    path = module_sclang.folder / "synths.wav"
    outcome = module_sclang.script("synths", 0, "none", path, SLOT, GATE, seconds=120)
    assert outcome.said("rendered") == [["0"]]
    return outcome


@pytest.fixture(scope="module")
def notes(outcome, module_sclang) -> dict[str, list[Note]]:
    """The notes of each instrument, by its name without amt_."""
    samples, rate = recording.read(module_sclang.folder / "synths.wav")
    found: dict[str, list[Note]] = {}
    for number, (name, pitch, velocity) in enumerate(outcome.said("note")):
        slot = samples[round(number * SLOT * rate) : round((number + 1) * SLOT * rate)]
        probe, sound = slot[round((SLOT - 0.08) * rate), 2], slot[: round((SLOT - 0.1) * rate), :2]
        note = Note(int(pitch), int(velocity), sound, rate, round(100 * probe))
        found.setdefault(name.removeprefix("amt_"), []).append(note)
    return found


def each(notes: dict[str, list[Note]], names: tuple[str, ...]) -> Iterator[tuple[str, Note]]:
    yield from ((name, note) for name in names for note in notes[name])


def loudness(notes: dict[str, list[Note]], *names: str) -> dict[str, float]:
    """Mean over all pitches at full velocity, in decibels."""
    return {name: float(np.mean([note.loudness for note in notes[name] if note.velocity == 127])) for name in names}


def spread(levels: dict[str, float]) -> float:
    return max(levels.values()) - min(levels.values())


def test_all_of_them_are_rendered(notes):
    assert tuple(notes) == PITCHED + DRUMS


def test_none_clips_or_has_a_direct_current(notes):
    for name, note in each(notes, PITCHED + DRUMS):
        assert np.abs(note.samples).max() < 0.5, f"{name}: a band of them would clip"
        assert np.abs(note.samples[: note.rate].mean(axis=0)).max() < 0.001, name


def test_pitched_ones_are_in_tune(notes):
    for name, note in each(notes, PITCHED):
        assert abs(note.cents_off()) < 10, (name, note.pitch)


def test_all_sound_at_once_and_end(notes):
    for name, note in each(notes, PITCHED + DRUMS):
        peak = np.abs(note.samples).max()
        assert np.abs(note.samples[: note.rate // 4]).max() > 0.3 * peak, name
        assert np.abs(note.samples[-note.rate // 20 :]).max() < 0.001, f"{name} does not end"
        assert note.running == 1, f"{name} hangs: only the probe should run"


def test_pitched_ones_fall_off_gently_when_the_gate_closes(notes):
    for name, note in each(notes, PITCHED):
        levels = note.levels(0.01)
        before, soon = levels[95:100].max(), levels[101:103].max()
        assert 0.02 * before < soon, f"{name} breaks off"
        assert levels[200:].max() < 0.06 * levels.max(), f"{name} rings for more than a second"


def test_equally_struck_they_are_about_equally_loud(notes):
    assert spread(loudness(notes, *PITCHED)) < 6
    assert spread(loudness(notes, *(set(DRUMS) - {"kick", "tom"}))) < 6
    assert spread(loudness(notes, *DRUMS)) < 8.5, "the ear needs more of low drums"


def test_velocity_is_heard(notes):
    for name in PITCHED + DRUMS:
        soft, hard = (np.mean([n.loudness for n in notes[name] if n.velocity == which]) for which in (40, 127))
        assert 16 < hard - soft < 24, name


def test_each_has_its_place_in_the_spectrum(notes):
    assert min(note.share_below(120) for note in notes["kick"]) > 0.6
    assert min(note.share_below(120) for note in notes["bass"] if note.pitch == 36) > 0.6
    hats = [note.centroid for name in ("hat", "openhat", "ride", "crash") for note in notes[name]]
    snares = [note.centroid for note in notes["snare"]]
    kicks = [note.centroid for note in notes["kick"]]
    assert min(hats) > 4000
    assert max(kicks) < 250
    assert 1000 < min(snares) <= max(snares) < 5000


def test_families_begin_as_their_instruments_do(outcome, notes):
    """General MIDI's families by the default instrument of their first program."""
    players = {list(FAMILIES)[int(program) // 8]: name for program, name in outcome.said("family")}
    assert set(players) > SLOW | FAST
    for family, player in players.items():
        attacks = [note.attack for note in notes[player.removeprefix("amt_")]]
        if family in SLOW:
            assert min(attacks) > 0.06, family
        elif family in FAST:
            assert max(attacks) <= 0.02, family
        else:
            assert max(attacks) < 0.6, family
