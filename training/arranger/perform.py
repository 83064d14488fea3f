"""How players play what is written: grid or human timing, note lengths, loudness, register. Adds no notes."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from training.arranger.instruments import DRUMS, compass
from training.arranger.material import Notes

GRIDS = (120, 160, 60, 80, 40)  # ticks: sixteenths, triplets of eighths, and halves of both, then everything
DRUM_LENGTHS = (1, 10, 20, 30, 40, 60, 60, 80, 100, 115, 120, 120, 120, 235, 240, 240)
GAPS = (1, 1, 2, 5, 5, 8, 10, 15, 20, 30)
VELOCITIES = (64, 72, 80, 90, 96, 100, 100, 110, 120, 127)


@dataclass(frozen=True)
class Feel:
    """How a piece is played. exact: on the grid; swing: 0 … 1 of the way to the triplet; spread, drift: standard
    deviations in ticks of single onsets and of the slow wandering of a player; loop: ticks after which the former
    repeat, as in a take that was copied, 0 for never; flat: no accents."""

    exact: bool
    swing: float
    spread: float
    drift: float
    loop: int
    flat: bool


def feel(rng: random.Random, tempo: float, swing: float) -> Feel:
    """Exact for two pieces in three; else onsets 1 to 10 ms about the beat."""
    ticks_per_ms = tempo * 480 / 60_000
    if rng.random() < 0.68:
        return Feel(True, swing if swing == 0 else 1.0, 0.0, 0.0, 0, rng.random() < 0.4)
    swing = swing or (rng.uniform(0.1, 0.9) if rng.random() < 0.15 else 0.0)
    spread, drift = rng.uniform(1, 10) * ticks_per_ms, rng.choice((0.0, 0.0, rng.uniform(2, 12))) * ticks_per_ms
    return Feel(False, swing, spread, drift, rng.choice((0, 1920, 3840, 7680)), rng.random() < 0.25)


def snapped(notes: Notes) -> Notes:
    """Onsets on the coarsest of GRIDS that keeps the rhythm: human timing made exact."""
    onsets = notes[:, 0]
    for grid in GRIDS:
        snapped_onsets = (onsets + grid // 2) // grid * grid
        if np.abs(snapped_onsets - onsets).mean() < 0.13 * grid:
            break
    moved = notes.copy()
    moved[:, 0] = snapped_onsets
    return moved


def swung(notes: Notes, swing: float) -> Notes:
    """The second eighth of each beat, and the sixteenths about it, moved towards the triplet."""
    moved = notes.copy()
    place = notes[:, 0] % 480
    late = np.where(place <= 240, place * (240 + 80 * swing) / 240, 480 - (480 - place) * (240 - 80 * swing) / 240)
    moved[:, 0] += np.rint(late).astype(np.int64) - place
    return moved


def played(
    rng: random.Random, dice: np.random.Generator, notes: Notes, program: int, borrowed: bool, how: Feel
) -> Notes:
    """The part as one player plays it: onsets, durations and velocities drawn, pitches folded into his compass."""
    notes = notes.copy()
    if how.exact:
        notes = snapped(notes) if borrowed else notes
    if how.swing and not borrowed:
        notes = swung(notes, how.swing)
    written = not borrowed or rng.random() < 0.25
    if program == DRUMS:
        if written or len(np.unique(notes[:, 1])) > 20:
            notes[:, 1] = rng.choice(DRUM_LENGTHS)
    elif written:
        notes[:, 1] = _gated(rng, notes[:, 1])
    if not how.exact:
        if not borrowed and rng.random() < 0.7:  # the others were programmed
            notes[:, 0] += np.rint(_deviations(dice, notes[:, 0], how)).astype(np.int64)
        if program != DRUMS and written and rng.random() < 0.3:
            notes[:, 1] = np.rint(notes[:, 1] * dice.normal(1, 0.06, len(notes))).astype(np.int64)
    notes[:, 3] = _loudness(rng, dice, notes, borrowed, how)
    if program != DRUMS:
        notes[:, 2] = folded(notes[:, 2], program)
    notes[:, 0] = np.maximum(notes[:, 0], 0)
    notes[:, 1] = np.clip(notes[:, 1], 1, 9600)
    return _cleaned(notes)


def _deviations(dice: np.random.Generator, onsets: np.ndarray, how: Feel) -> np.ndarray:
    """Ticks by which a human misses each onset, chords together: always late or early, slowly wandering, by chance."""
    marks = np.arange(0, int(onsets.max()) + 3840, 1920)
    wander = np.interp(onsets, marks, dice.normal(0, how.drift / 2, len(marks)))
    places = onsets % how.loop if how.loop else onsets
    _, which = np.unique(places, return_inverse=True)
    return dice.normal(0, how.spread / 2) + wander + dice.normal(0, how.spread, len(onsets))[which]


def folded(pitches: np.ndarray, program: int) -> np.ndarray:
    """Pitches moved by octaves into the program's compass: all together first, then those still outside."""
    low, high = compass(program)
    if len(pitches):
        middle = float(np.median(pitches))
        pitches = pitches + 12 * round((min(max(middle, low + 5), high - 5) - middle) / 12)
    pitches = np.where(pitches < low, pitches + 12 * -((pitches - low) // 12), pitches)
    return np.where(pitches > high, pitches - 12 * -((high - pitches) // 12), pitches)


def _gated(rng: random.Random, durations: np.ndarray) -> np.ndarray:
    """Full length, a small gap, a share, or short: one way for the whole part."""
    way = rng.choice(("full", "full", "full", "gap", "gap", "gap", "share", "short"))
    if way == "full":
        return durations
    if way == "gap":
        return durations - rng.choice(GAPS)
    if way == "share":
        return np.rint(durations * rng.choice((0.5, 0.66, 0.75, 0.8, 0.9, 0.95))).astype(np.int64)
    return np.minimum(durations, rng.choice((30, 60, 90, 110, 120, 230)))


def _loudness(rng: random.Random, dice: np.random.Generator, notes: Notes, borrowed: bool, how: Feel) -> np.ndarray:
    if borrowed and rng.random() < 0.75:
        return np.clip(notes[:, 3] + rng.choice((-10, 0, 0, 0, 10)), 1, 127)
    level = rng.choice(VELOCITIES)
    if how.flat:
        return np.full(len(notes), level)
    shaped = notes[:, 3] + level - 90
    if not how.exact:
        shaped = shaped + np.rint(dice.normal(0, 5, len(notes))).astype(np.int64)
    return np.clip(shaped, 1, 127)


def _cleaned(notes: Notes) -> Notes:
    """No pitch struck twice at once; a pitch struck again ends the note before it."""
    notes = notes[np.lexsort((-notes[:, 1], notes[:, 0], notes[:, 2]))]
    again = (notes[1:, 2] == notes[:-1, 2]) & (notes[1:, 0] == notes[:-1, 0])
    notes = notes[np.append(True, ~again)] if len(notes) else notes
    same = notes[1:, 2] == notes[:-1, 2]
    room = np.where(same, notes[1:, 0] - notes[:-1, 0], notes[:-1, 1])
    notes[:-1, 1] = np.minimum(notes[:-1, 1], room)
    return notes[np.argsort(notes[:, 0], kind="stable")]
