"""From events and controls to whole windows of tokens, in NumPy: what amt.anticipation does event by event, by the
hundred thousand. tests/training/test_sequence.py holds the two against each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amt.vocabulary import (
    ANTICIPATE,
    ANTICIPATION,
    AUTOREGRESS,
    CONTROL,
    DURATION,
    EVENT_TOKENS,
    INSTRUMENTS,
    NOTE,
    PITCHES,
    REST_STEPS,
    TIME,
    WINDOW,
)

PADDING = -1
"""Stands after the end of a sequence: nothing to read, nothing to predict."""
EVENTS = (WINDOW - 1) // EVENT_TOKENS
REST_NOTE = INSTRUMENTS * PITCHES

Rows = NDArray[np.int64]
"""Events [n, 3]: time and duration in 10 ms steps, instrument · 128 + pitch."""


NOTHING: Rows = np.empty((0, 3), np.int64)


def window(events: Rows, controls: Rows, lineups: Rows = NOTHING) -> NDArray[np.int32]:
    """Tokens (1,024) of events with controls ahead of them, all sorted by time from step 0; PADDING after the end.

    Gaps of more than a second are filled with rests, each control stands right after the first event at or past its
    time less 5 s, those of lineups right before the first event at or past their time, and what no longer fits is left
    out.
    """
    padded = _with_rests(events)[:EVENTS]
    # how many events stand before a control: those up to the first that reaches it, none where the start does
    reached = controls[:, 0] - ANTICIPATION
    before = np.where(reached <= 0, 0, np.searchsorted(padded[:, 0], reached, side="left") + 1)
    controls = controls[before <= len(padded)]
    before = before[before <= len(padded)]
    announced = np.searchsorted(padded[:, 0], lineups[:, 0], side="left")
    lineups = lineups[announced < len(padded)]
    announced = announced[announced < len(padded)]
    order = np.argsort(np.concatenate([3 * np.arange(len(padded)) + 2, 3 * before, 3 * announced + 1]), kind="stable")
    offset = np.array([TIME, DURATION, NOTE])
    merged = np.concatenate([padded + offset, controls + offset + CONTROL, lineups + offset + CONTROL])[order][:EVENTS]
    tokens = np.full(WINDOW, PADDING, np.int32)
    tokens[0] = ANTICIPATE if (merged[:, 0] >= CONTROL).any() else AUTOREGRESS
    tokens[1 : 1 + merged.size] = merged.ravel()
    return tokens


def _with_rests(events: Rows) -> Rows:
    """The events with a rest each second wherever a gap is longer."""
    times = events[:, 0]
    previous = np.concatenate([[0], times[:-1]])
    rests = np.maximum(times - previous - 1, 0) // REST_STEPS
    if not rests.any():
        return events
    place = np.repeat(np.arange(len(events)), rests)
    nth = np.arange(len(place)) - np.repeat(np.cumsum(rests) - rests, rests) + 1
    filled = np.stack(
        [previous[place] + nth * REST_STEPS, np.zeros_like(place), np.full_like(place, REST_NOTE)], axis=1
    )
    return np.insert(events, place, filled, axis=0)
