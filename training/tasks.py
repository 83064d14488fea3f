"""What of an excerpt the model is to make and what it is given ahead of time: the mixture it is trained on.

Source: Thickstun et al., arXiv 2306.08620, section 3.3 (instruments and spans as controls); the click is this
project's own (docs/decisions/training.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from amt.vocabulary import ANTICIPATION, PITCHES, STEPS_PER_SECOND
from training.excerpt import Excerpt, clicks, events
from training.sequence import Rows, window

TASKS: Final = ("plain", "click", "click_and_instruments", "instruments", "spans")
SPAN_GAP = 20 * STEPS_PER_SECOND
"""Mean of the steps between spans that are given; a span is as long as the model looks ahead."""


def tokens(random: np.random.Generator, excerpt: Excerpt, task: str) -> NDArray[np.int32]:
    """A window (1,024) of an excerpt under one of TASKS. Raises KeyError for another."""
    if task not in TASKS:
        raise KeyError(f"no task {task!r}; they are {', '.join(TASKS)}")
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
