"""What can be counted in bars alone, without other music to compare with. Pure functions.

A bar's strikes are its set of (onset in ticks, instrument, pitch); durations and velocities do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import fmean

from amt.steering import Steering
from patterns.bar import Bar
from patterns.grid import Grid
from patterns.instruments import PERCUSSION, Choice
from patterns.note import Note

Strike = tuple[int, int, int]


def strikes(bar: Bar) -> frozenset[Strike]:
    """A bar's strikes."""
    return frozenset((note.onset, note.instrument, note.pitch) for note in bar.notes)


def off_grid(bars: Sequence[Bar], grid: Grid) -> int:
    """Notes whose onset is no grid tick, exactly."""
    allowed = set(grid.onsets.tolist())
    return sum(note.onset not in allowed for bar in bars for note in bar.notes)


def trespasses(bars: Sequence[Bar], steering: Steering) -> int:
    """Notes of instruments, drum keys or pitches that the steering does not allow."""
    return sum(not _allowed(note, steering) for bar in bars for note in bar.notes)


def _allowed(note: Note, steering: Steering) -> bool:
    if not any(plays(voice, note) for voice in steering.voices):
        return False
    if note.is_drum and note.pitch not in PERCUSSION:
        return False
    if not note.is_drum and steering.scale and note.pitch not in steering.scale:
        return False
    return all(
        each.low <= note.pitch <= each.high for each in steering.ranges if note.instrument in each.choice.programs
    )


def plays(voice: Choice, note: Note) -> bool:
    """Whether the note may be this voice's."""
    return note.instrument in voice.programs and (not note.is_drum or not voice.keys or note.pitch in voice.keys)


def all_heard(bars: Sequence[Bar], voices: Sequence[Choice]) -> bool:
    """Whether each voice strikes at least one note."""
    notes = [note for bar in bars for note in bar.notes]
    return all(any(plays(voice, note) for note in notes) for voice in voices)


def heard_within(bars: Sequence[Bar], voices: Sequence[Choice], count: int) -> bool:
    """Whether each voice is heard in any `count` consecutive bars; fewer bars are taken together."""
    return all(all_heard(bars[first : first + count], voices) for first in range(max(1, len(bars) - count + 1)))


def empty(bars: Sequence[Bar]) -> int:
    """Bars without a note."""
    return sum(not bar.notes for bar in bars)


def notes_per_bar(bars: Sequence[Bar]) -> float:
    """Notes a bar, on average. At least one bar."""
    return sum(len(bar.notes) for bar in bars) / len(bars)


def repeats(bars: Sequence[Bar]) -> float | None:
    """Share of bars, from the second on and empty ones apart, whose strikes are those of the bar before, exactly."""
    pairs = [(before, after) for before, after in pairwise(map(strikes, bars)) if after]
    return sum(before == after for before, after in pairs) / len(pairs) if pairs else None


def fewest_different(bars: Sequence[Bar], count: int) -> int:
    """The fewest different bars, by their strikes, among any `count` in a row; fewer bars are taken together."""
    sets = [strikes(bar) for bar in bars]
    return min(len(set(sets[first : first + count])) for first in range(max(1, len(sets) - count + 1)))


def distance(bars: Sequence[Bar], apart: int) -> float | None:
    """Mean Jaccard distance of the strikes of bars so many apart: 0 the same, 1 nothing in common.

    1 − |both| ÷ |either|; pairs of two empty bars do not count.
    """
    sets = [strikes(bar) for bar in bars]
    found = [
        1 - len(one & other) / len(one | other) for one, other in zip(sets, sets[apart:], strict=False) if one | other
    ]
    return mean(found)


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of those that are known; None: there are none."""
    known = [float(value) for value in values if value is not None]
    return fmean(known) if known else None
