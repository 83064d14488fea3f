"""What of an excerpt the model is to make and what it is given ahead of time: the mixture it is trained on.

Source: Thickstun et al., arXiv 2306.08620, section 3.3 (instruments and spans as controls); the click is this
project's own, and so are lineups (docs/decisions/training.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amt.lineup import controls as named
from amt.vocabulary import ANTICIPATION, PITCHES, STEPS_PER_SECOND
from training.excerpt import FEWEST, Excerpt, bar_lines, clicks, events, feel
from training.sequence import NOTHING, Rows, window

TASKS: Final = ("plain", "click", "band", "click_and_instruments", "instruments", "spans")
"""`band`: a click that tells the grid, and lineups, as the composer gives them."""
CHANGES = (0.6, 0.3, 0.1)
"""How often a band changes its lineup 0, 1, 2 times in a window."""
SILENCED = 0.6
"""How often some of a band fall silent between two changes."""
READ = 280
"""Notes of an excerpt that its window holds, about, beside controls and rests."""
SPAN_GAP = 20 * STEPS_PER_SECOND
"""Mean of the steps between spans that are given; a span is as long as the model looks ahead."""


def tokens(random: np.random.Generator, excerpt: Excerpt, task: str) -> NDArray[np.int32]:
    """A window (1,024) of an excerpt under one of TASKS. Raises KeyError for another."""
    if task not in TASKS:
        raise KeyError(f"no task {task!r}; they are {', '.join(TASKS)}")
    if task == "band":
        excerpt, lineups = _lineups(random, excerpt)
        return window(events(excerpt), clicks(excerpt, feel(excerpt)), lineups)
    made = events(excerpt)
    given = np.zeros(len(made), bool)
    if task in ("instruments", "click_and_instruments"):
        given = _some_instruments(random, made)
    elif task == "spans":
        given = _spans(random, made[:, 0])
    controls = made[given]
    if task.startswith("click"):
        controls = np.concatenate([controls, clicks(excerpt)])
        controls = controls[np.argsort(controls[:, 0], kind="stable")]
    return window(made[~given], controls)


def draw(random: np.random.Generator, shares: Mapping[str, float]) -> str:
    """A task by its share."""
    names = list(shares)
    heights = np.cumsum([shares[name] for name in names])
    return names[int(np.searchsorted(heights, random.random() * heights[-1], side="right"))]


def _lineups(random: np.random.Generator, excerpt: Excerpt) -> tuple[Excerpt, Rows]:
    """An excerpt in parts, in one of which some instruments may fall silent, and who plays in each, as controls."""
    end = int(excerpt.onsets[min(READ, len(excerpt)) - 1])
    lines = bar_lines(excerpt)
    lines = lines[lines <= end]
    changes = min(int(random.choice(len(CHANGES), p=CHANGES)), len(lines))
    starts = [0, *sorted(random.choice(lines, changes, replace=False).tolist())]
    part = np.searchsorted(starts, excerpt.onsets, side="right") - 1
    if changes and random.random() < SILENCED:
        mine = part == random.integers(len(starts))
        playing = np.unique(excerpt.programs[mine])
        if len(playing) > 1:
            silent = random.choice(playing, random.integers(1, len(playing)), replace=False)
            kept = ~(mine & np.isin(excerpt.programs, silent))
            if kept.sum() >= FEWEST:
                excerpt, part = excerpt.only(kept), part[kept]
    rows, previous = [NOTHING], np.empty(0, np.int64)
    for number, start in enumerate(starts):
        playing = np.unique(excerpt.programs[(part == number) & (excerpt.onsets <= end)])
        if len(playing) and not np.array_equal(playing, previous):
            step = round(start * excerpt.steps_per_tick)
            rows.append(named(step, playing.tolist()).astype(np.int64))
            previous = playing
    return excerpt, np.concatenate(rows)


def _some_instruments(random: np.random.Generator, made: Rows) -> NDArray[np.bool_]:
    programs = made[:, 2] // PITCHES
    instruments = np.unique(programs)
    if len(instruments) < 2:
        return np.zeros(len(made), bool)
    return np.isin(programs, random.choice(instruments, random.integers(1, len(instruments)), replace=False))


def _spans(random: np.random.Generator, times: NDArray[np.int64]) -> NDArray[np.bool_]:
    given = np.zeros(len(times), bool)
    start = 0.0
    while start < times[-1]:
        start += random.exponential(SPAN_GAP)
        given |= (times >= start) & (times < start + ANTICIPATION)
        start += ANTICIPATION
    return given
