"""Form: what sounded at the same place of earlier bars is lifted, as far as real bands repeat themselves more.

Pure functions of the bars before. How alike bars are is measured on what was played of late and compared with what is
usual for each instrument and place in the phrase (amt.habits): one that wanders is led back to what it played one,
two, four and eight bars before, and one that only repeats itself is led away from it. A loop that has gone round for
KEPT bars is worn out: its notes are lowered until there is something new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from amt.habits import LAGS, form
from amt.vocabulary import PITCHES
from patterns.grid import Grid
from patterns.meter import Meter
from patterns.note import Note

Floats = npt.NDArray[np.float32]

KEPT = 24
"""Bars that are remembered, and in which a loop is worn out."""
ECHOED = max(LAGS)
"""Newest bars that may sound again."""
PULL = 10.0
"""Added to the logits of what sounded so many bars before, for each unit by which bars are less alike than is usual."""
STRONGEST = 4.0
"""The largest lift of all lags together, up or down."""
FRESH = 5
"""Different bars among those remembered with which nothing is worn: real pieces have as many, but for one in twenty."""
WEAR = 16.0
"""Subtracted from the logits of notes of a bar that was all there is."""
DOUBT = 2.0
"""Pairs of bars as alike as half of what is usual, that are taken for granted: before anything was heard."""


@dataclass(frozen=True)
class Remembered:
    """A bar as it was composed, before swing."""

    meter: Meter
    notes: tuple[Note, ...]

    @cached_property
    def strikes(self) -> frozenset[tuple[int, int]]:
        """Its set of (onset in ticks, note: instrument · 128 + pitch)."""
        return frozenset((note.onset, note.instrument * PITCHES + note.pitch) for note in self.notes)


class Place(NamedTuple):
    """A note that may sound again at its place, and how much it is lifted.

    Attributes:
        duration: ticks.
        note: instrument · 128 + pitch.
        lift: to add to logits.
        wear: to subtract from the note's, and not from its onset's: a worn loop keeps its rhythm.
    """

    duration: int
    note: int
    lift: float
    wear: float = 0.0


def alike(memory: Sequence[Remembered], lag: int, voice_of: Callable[[int], int]) -> Mapping[int, tuple[float, int]]:
    """By voice: how alike the bars of `memory` that lie `lag` apart are, summed, and of how many pairs.

    Args:
        voice_of: the voice of a note; −1: nobody's, and not counted.
    """
    found: dict[int, tuple[float, int]] = {}
    for one, other in zip(memory, memory[lag:], strict=False):
        if one.meter != other.meter:
            continue
        both: dict[int, int] = defaultdict(int)
        either: dict[int, int] = defaultdict(int)
        for strike in one.strikes & other.strikes:
            both[voice_of(strike[1])] += 1
        for strike in one.strikes | other.strikes:
            either[voice_of(strike[1])] += 1
        for voice, count in either.items():
            total, pairs = found.get(voice, (0.0, 0))
            found[voice] = total + both[voice] / count, pairs + 1
    return found


def lift(usual: float, total: float, pairs: int, factor: float) -> float:
    """How much the notes of an earlier bar are lifted in this one.

    Args:
        usual: how alike such bars usually are, 0 … 1.
        total, pairs: how alike they were of late: the sum over so many pairs.
        factor: how much more alike than usual they are at this place of a phrase.
    """
    of_late = (total + DOUBT * usual / 2) / (pairs + DOUBT)
    return PULL * (usual * factor - of_late)


def wear(memory: Sequence[Remembered]) -> float:
    """How worn the bars of `memory` are: 0 as long as there are fewer than KEPT, or FRESH different ones, WEAR where
    all are the same. Empty ones do not count."""
    different = len({bar.strikes for bar in memory if bar.strikes})
    if len(memory) < KEPT or not different:
        return 0.0
    return WEAR * max(0.0, 1 - (different - 1) / (FRESH - 1))


def echo(
    memory: Sequence[Remembered],
    index: int,
    meter: Meter,
    voice_of: Callable[[int], int],
    usual: Callable[[int], Sequence[float]],
) -> dict[int, list[Place]]:
    """What may sound again in bar `index`, by onset in ticks.

    Args:
        memory: the bars before it, at most KEPT, the newest last.
        voice_of: the voice of a note (instrument · 128 + pitch); −1: nobody's.
        usual: how alike the bars of a voice usually are, for each of LAGS.
    """
    lifts: dict[tuple[int, int], float] = defaultdict(float)
    durations: dict[tuple[int, int], int] = {}
    recent = memory[-ECHOED:]
    known = {lag: alike(recent, lag, voice_of) for lag in LAGS[:-1]}
    known[LAGS[-1]] = known[LAGS[-2]]  # there are no two bars that far apart to compare
    for number, (lag, factor) in enumerate(zip(LAGS, form(index), strict=True)):
        if lag > len(recent) or recent[-lag].meter != meter:
            continue
        of_voice: dict[int, float] = {}
        for note in recent[-lag].notes:
            key = note.onset, note.instrument * PITCHES + note.pitch
            voice = voice_of(key[1])
            if voice < 0:
                continue
            if voice not in of_voice:
                of_voice[voice] = lift(usual(voice)[number], *known[lag].get(voice, (0.0, 0)), factor)
            lifts[key] += of_voice[voice]
            durations.setdefault(key, note.duration)
    worn = wear(memory)
    tired = _tired(memory, voice_of) if worn else {}
    places: dict[int, list[Place]] = defaultdict(list)
    for key, duration in {**tired, **durations}.items():
        bounded = min(max(lifts[key], -STRONGEST), STRONGEST)
        places[key[0]].append(Place(duration, key[1], bounded, worn if key in tired else 0.0))
    return places


def _tired(memory: Sequence[Remembered], voice_of: Callable[[int], int]) -> dict[tuple[int, int], int]:
    """Durations of what all bars struck, by onset and note: of what has pitches, or, where nothing has, of drums."""
    struck = {(note.onset, note.instrument * PITCHES + note.pitch): note for bar in memory for note in bar.notes}
    playing = {key: note for key, note in struck.items() if voice_of(key[1]) >= 0}
    pitched = {key: note.duration for key, note in playing.items() if not note.is_drum}
    return pitched or {key: note.duration for key, note in playing.items()}


class Echo:
    """What is still to sound again in a bar that is being composed, as biases on what is drawn.

    Args:
        places: from `echo`.
        grid: the bar's; what does not lie on it is left out.
    """

    def __init__(self, places: Mapping[int, Sequence[Place]], grid: Grid) -> None:
        numbers = _numbers(grid)
        self._at = {numbers[onset]: list(several) for onset, several in places.items() if onset in numbers}
        self._pull = np.zeros(len(numbers) + 2, np.float32)  # behind the lines: the bar's end and a pause
        for number in self._at:
            self._settle(number)

    def onsets(self, outcomes: npt.NDArray[np.int64]) -> Floats:
        """What to add to the logits of `outcomes` [n]: lines of the grid, or less than 0 for a pause or the end."""
        pull: Floats = self._pull[outcomes]
        return pull

    def durations(self, number: int) -> list[tuple[int, float]]:
        """Lengths in ticks of what may sound again on a line of the grid, and what to add to their logits.

        Half of what the notes are lifted by: lengths return less exactly.
        """
        return [(place.duration, place.lift / 2) for place in self._at.get(number, ()) if place.lift > 0]

    def notes(self, number: int) -> list[Place]:
        """What may sound again on that line."""
        return self._at.get(number, [])

    def struck(self, number: int, note: int) -> None:
        """Take note of one that sounds now: it is not lifted once more."""
        if places := self._at.get(number):
            self._at[number] = [place for place in places if place.note != note]
            self._settle(number)

    def _settle(self, number: int) -> None:
        """A line is lifted as the note on it that is lifted most."""
        self._pull[number] = max((place.lift for place in self._at[number]), default=0.0)


@lru_cache(maxsize=64)
def _numbers(grid: Grid) -> dict[int, int]:
    """The lines of a grid by their ticks."""
    return {tick: number for number, tick in enumerate(grid.onsets.tolist())}
