"""How hard each note is struck. The model has no velocities: what players usually do (amt.touch) stands in for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from amt.strokes import Stroke, strokes
from amt.touch import touch
from patterns.meter import Meter
from patterns.note import Note

SWELL = (-1, -1, 0, 1, -1, 0, 0, 2)
"""Added in each bar of an eight-bar phrase: a relaxed start, a swell to bars 4 and 8 (measured: by 1.0 and 1.4)."""


def struck(notes: Sequence[Note], meter: Meter, index: int) -> tuple[Note, ...]:
    """The notes of bar `index` with their velocities. All of the bar's notes must be there: a note's loudness depends
    on what else is struck."""
    return tuple(
        replace(note, velocity=velocity(stroke, index))
        for note, stroke in zip(notes, strokes(notes, meter), strict=True)
    )


def velocity(stroke: Stroke, index: int) -> int:
    """The velocity 1–127 of a stroke in bar `index`."""
    its = touch(stroke.row)
    together = (0, its.top, its.inner, its.snare, its.kick)[stroke.chord]
    length = (0, its.short, its.long, its.again)[stroke.length]
    return max(1, min(127, its.places[stroke.place] + together + length + SWELL[index % len(SWELL)]))
