"""The grid as the model's output sees it: which runs of 10 ms rows stand for which grid position.

Every row is pooled into its nearest grid position, so no probability is lost by rounding. Pure functions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from amt.vocabulary import MAX_DURATION, REST_STEPS
from patterns.grid import Grid
from patterns.meter import TICKS_PER_BEAT

Ints = npt.NDArray[np.int64]

END = -1
"""Outcome: the next event lies at or past the next bar line."""
PAUSE = -2
"""Outcome: a rest of a second, the model's way to let time go by."""
LONGEST_BEATS = 16


@dataclass(frozen=True, slots=True)
class Cells:
    """Runs of neighbouring rows, each with its outcome.

    Attributes:
        first, last: the rows (steps), both included.
        starts: int32 [n], where each run begins, counted from `first`; starts[0] = 0.
        outcomes: int64 [n], what each run stands for.
    """

    first: int
    last: int
    starts: npt.NDArray[np.int32]
    outcomes: Ints


def onset_lines(grid: Grid, start: Fraction) -> Ints:
    """The steps of a bar's grid positions and, last, of the next bar line: int64 [n + 1]."""
    whole = math.floor(start)
    return _lines_after(grid, start - whole) + whole


@lru_cache(maxsize=128)
def _lines_after(grid: Grid, fraction: Fraction) -> Ints:
    """Those of a bar that starts within step 0; at one tempo bars start at few different fractions of a step."""
    return grid.to_steps(np.append(grid.onsets, grid.meter.bar_ticks), fraction)


def onset_cells(lines: Ints, reached: int, *, after: bool, may_end: bool) -> Cells:
    """The choices for the next event's time.

    Args:
        lines: from `onset_lines`.
        reached: time of the newest event; the next is not before it.
        after: the next is past it too.
        may_end: whether the bar may end here; a bar with no note yet may not.

    Returns:
        Outcomes are indices into `lines`, END, or PAUSE for the row a second after `reached` where that is between
        grid positions. Never empty as long as a position is left: None are left only after the last with `after`,
        which `may_end` has to allow.
    """
    end = len(lines) - 1
    earliest = reached + after
    nearest = int(np.searchsorted(lines[:end], earliest))
    # rows before the bar line that are nearer to it than to the last position of the bar before belong to this bar
    half = int(lines[1] - lines[0]) // 2
    first = max(earliest, int(lines[0]) - half)
    last = reached + REST_STEPS
    if not may_end:
        last = max(first, min(last, int(lines[end]) - 1))
    choices = lines[nearest : end + may_end]
    borders = (choices[:-1] + choices[1:]) // 2 + 1  # the first row that is nearer to the next one
    count = 1 + int(np.searchsorted(borders, last, side="right"))
    starts = np.zeros(count + 1, np.int32)
    starts[1:count] = borders[: count - 1] - first
    outcomes = np.arange(nearest, nearest + count + 1)
    if may_end and nearest + count > end:
        outcomes[end - nearest] = END
    if not may_pause(lines, reached, may_end):
        return Cells(first, last, starts[:count], outcomes[:count])
    if starts[count - 1] == last - first:  # that row is a run by itself
        count -= 1
    starts[count], outcomes[count] = last - first, PAUSE
    return Cells(first, last, starts[: count + 1], outcomes[: count + 1])


def may_pause(lines: Ints, reached: int, may_end: bool) -> bool:
    """Whether a rest a second after `reached` is a choice of its own: inside the bar and between grid positions."""
    pause = reached + REST_STEPS
    latest = lines[-1] if may_end else lines[-2]
    return bool(lines[0] <= pause < latest) and lines[np.searchsorted(lines, pause)] != pause


@lru_cache(maxsize=64)
def duration_cells(grid: Grid) -> tuple[Cells, Ints]:
    """The choices for a note's duration: cells over rows 1 … and, for each outcome, its length in ticks."""
    ticks = grid.durations(LONGEST_BEATS * TICKS_PER_BEAT).astype(np.int64)
    steps = grid.to_steps(ticks)
    kept = (steps >= 1) & (steps < MAX_DURATION)
    ticks, steps = ticks[kept], steps[kept]
    steps, first = np.unique(steps, return_index=True)
    ticks = ticks[first]
    rows = np.arange(1, MAX_DURATION)
    nearest = np.searchsorted((steps[:-1] + steps[1:]) / 2, rows, side="left")
    starts = np.flatnonzero(np.diff(nearest, prepend=-1)).astype(np.int32)
    return Cells(1, MAX_DURATION - 1, starts, steps[nearest[starts]]), ticks[nearest[starts]]
