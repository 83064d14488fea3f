"""Groove: how a bar that is exactly on the grid is played. Pure functions of notes; the model hears them exact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np

from patterns.meter import TICKS_PER_BEAT, Meter
from patterns.note import Note

SWUNG = (2, 4, 8)
"""Grid steps a beat whose every second one is an off-beat; those of triplets and the free grid have none."""
DELAY = 0.012
"""Seconds that onsets are late by when fully humanised: the deviation of the half normal distribution they follow."""
LATEST = 2.5
"""Deviations that neither delays nor touches exceed."""
TOUCH = 9.0
"""Steps of velocity that they differ by then: the deviation of a normal distribution."""


def swung_tick(tick: int, meter: Meter, subdivision: int, swing: float) -> int:
    """Where `tick` of a grid falls: off-beats move towards two thirds of their pair, all else stays.

    Args:
        tick: from a bar line on; past the bar as if bars of the same meter followed.
        subdivision: grid steps a beat; only those of SWUNG have off-beats.
        swing: 0 exact … 1 the triplet feel.
    """
    if subdivision not in SWUNG:
        return tick
    step = TICKS_PER_BEAT // subdivision
    within = tick % meter.bar_ticks
    return tick + round(swing * step / 3) if within % (2 * step) == step else tick


def swung(notes: Iterable[Note], meter: Meter, subdivision: int, swing: float) -> tuple[Note, ...]:
    """The notes with late off-beats; a note that ended on one still does."""

    def moved(note: Note) -> Note:
        onset = swung_tick(note.onset, meter, subdivision, swing)
        end = swung_tick(note.onset + note.duration, meter, subdivision, swing)
        return replace(note, onset=onset, duration=end - onset)

    return tuple(map(moved, notes)) if swing else tuple(notes)


def humanized(
    notes: Iterable[Note], meter: Meter, amount: float, ticks_per_second: Fraction, random: np.random.Generator
) -> tuple[Note, ...]:
    """The notes struck a little late, each by itself, and not quite alike.

    Late and never early, and each ends where it did: so none leaves its bar, runs into the same key's next stroke or
    sounds together with more notes than before.

    Args:
        amount: 0 exact … 1: deviations of DELAY and TOUCH.
    """
    ordered = sorted(notes)
    if not amount:
        return tuple(ordered)
    deviations = random.standard_normal((len(ordered), 2)).clip(-LATEST, LATEST) * amount
    unit = DELAY * float(ticks_per_second)

    def played(note: Note, lateness: float, touch: float) -> Note:
        delay = min(round(abs(lateness) * unit), note.duration // 2, meter.bar_ticks - 1 - note.onset)
        velocity = min(max(note.velocity + round(touch * TOUCH), 1), 127)
        return replace(note, onset=note.onset + delay, duration=note.duration - delay, velocity=velocity)

    return tuple(played(note, *pair) for note, pair in zip(ordered, deviations.tolist(), strict=True))
