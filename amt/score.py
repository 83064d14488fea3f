"""Windows as arrays: the rules of amt.anticipation for hundreds of events at once.

An array of events is int32 [n, 3], ordered by time: its columns are time (10 ms steps, absolute), duration (steps)
and note (amt.anticipation.Event's numbers). Each bar starts with a whole window of them; one by one they would hold
the music up for several tokens' time. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from amt.anticipation import REST_NOTE, Event, flag
from amt.vocabulary import ANTICIPATION, CONTROL, DURATION, MAX_TIME, NOTE, REST_STEPS, TIME

Int32s = npt.NDArray[np.int32]

_OFFSETS = np.array([TIME, DURATION, NOTE], np.int32)
NOTHING: Int32s = np.empty((0, 3), np.int32)
NOTHING.flags.writeable = False


def rows(events: Iterable[Event]) -> Int32s:
    """Events as an array."""
    return np.array([(event.time, event.duration, event.note) for event in events], np.int32).reshape(-1, 3)


def joined(parts: Sequence[Int32s]) -> Int32s:
    """Arrays of events one after another."""
    return np.concatenate(parts) if parts else NOTHING


def rests_between(reached: int, time: int) -> int:
    """How many rests stand between events at two times."""
    return max(0, (time - reached - 1) // REST_STEPS)


def pad(events: Int32s, start: int) -> Int32s:
    """Events with a rest each REST_STEPS wherever a gap, from `start` on, is longer."""
    if not len(events):
        return events
    times = events[:, 0]
    before = np.empty_like(times)
    before[0], before[1:] = start, times[:-1]
    counts = (times - before - 1) // REST_STEPS
    if counts.max() <= 0:
        return events
    counts = np.maximum(counts, 0)
    ends = np.cumsum(counts + 1)
    padded = np.empty((int(ends[-1]), 3), np.int32)
    # every row is a rest so many seconds after the event before; then the events take their own rows
    number = np.arange(1, len(padded) + 1) - np.repeat(ends - counts - 1, counts + 1)
    padded[:, 0] = np.repeat(before, counts + 1) + REST_STEPS * number
    padded[:, 1:] = 0, REST_NOTE
    padded[ends - 1] = events
    return padded


def due(controls: Int32s, reached: int) -> int:
    """How many of the controls are to stand before what comes after an event at step `reached`."""
    return int(np.searchsorted(controls[:, 0], reached + ANTICIPATION, side="right"))


def tokens(events: Int32s, controls: Int32s, origin: int, lineups: Int32s = NOTHING) -> Int32s:
    """A window: the flag, then padded events, each control right after the first event at or past its time less
    ANTICIPATION (or first of all, where that is before `origin`), each of a lineup right before the first event at or
    past its time, and behind other controls there; three tokens each, times relative to `origin`.

    All controls have to be due: see `due`.

    Returns:
        int32 [1 + 3 · (n + m + p)].

    Raises:
        ValueError: a time that has no token.
    """
    needed = controls[:, 0] - ANTICIPATION
    slots = np.searchsorted(events[:, 0], needed, side="left") + 1
    slots[needed <= origin] = 0
    if len(lineups):
        named = np.searchsorted(events[:, 0], lineups[:, 0], side="left")
        order = np.argsort(np.concatenate([2 * slots, 2 * named + 1]), kind="stable")
        slots, controls = np.concatenate([slots, named])[order], joined([controls, lineups])[order]
    sequence = np.empty(1 + 3 * (len(events) + len(controls)), np.int32)
    sequence[0] = flag(controls=True)
    triplets = sequence[1:].reshape(-1, 3)
    places = slots + np.arange(len(slots))
    is_event = np.ones(len(triplets), bool)
    is_event[places] = False
    triplets[is_event] = events
    triplets[places] = controls + np.int32(CONTROL)
    triplets += _OFFSETS
    triplets[:, 0] -= origin
    for times in (events[:, 0], controls[:, 0]):
        if len(times) and not origin <= times.min() <= times.max() < origin + MAX_TIME:
            raise ValueError(f"a time is out of the window that starts at step {origin} and holds {MAX_TIME} steps")
    return sequence


def triplets(controls: Int32s, origin: int) -> list[list[int]]:
    """The three tokens of each control."""
    shifted = controls + (_OFFSETS + np.int32(CONTROL))
    shifted[:, 0] -= origin
    tokens_of: list[list[int]] = shifted.tolist()
    return tokens_of
