from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amt.anticipation import Event, interleave, pad, tokens
from amt.vocabulary import ANTICIPATE, ANTICIPATION, AUTOREGRESS, WINDOW
from training.sequence import EVENTS, PADDING, window


def rows(most: int) -> st.SearchStrategy[np.ndarray]:
    """Events in order, with gaps of up to some seconds."""
    row = st.tuples(st.integers(0, 400), st.integers(1, 999), st.integers(0, 129 * 128 - 1))
    return st.lists(row, max_size=most).map(_in_order)


def _in_order(found: list[tuple[int, int, int]]) -> np.ndarray:
    array = np.array(found, np.int64).reshape(-1, 3)
    array[:, 0] = np.minimum(np.cumsum(array[:, 0]), 9_998)
    return array


@given(rows(60).filter(len), rows(40), rows(9))
def test_windows_are_those_of_the_serving_code(events: np.ndarray, controls: np.ndarray, lineups: np.ndarray) -> None:
    made = [Event(*map(int, row)) for row in events]
    given_ahead = [Event(*map(int, row), control=True) for row in controls]
    padded = pad(made)[:EVENTS]
    named = [Event(*map(int, row), control=True) for row in lineups if row[0] <= padded[-1].time]
    sequence = interleave(padded, given_ahead, lineups=named)[:EVENTS]
    flag = any(event.control for event in sequence)
    expected = tokens(sequence, 0, controls=flag)
    found = window(events, controls, lineups)
    assert found.shape == (WINDOW,)
    assert found[found != PADDING].tolist() == expected


def test_a_flag_says_whether_controls_stand_in_the_window() -> None:
    events, none = np.array([[0, 10, 60]]), np.empty((0, 3), np.int64)
    assert window(events, none)[0] == AUTOREGRESS
    assert window(events, events)[0] == ANTICIPATE
    assert window(events, events + np.array([2_000, 0, 0]))[0] == AUTOREGRESS, "no event reaches the control"


def test_a_control_behind_the_last_event_that_fits_does_not_count() -> None:
    events = np.stack([3 * np.arange(EVENTS), np.full(EVENTS, 10), np.full(EVENTS, 60)], axis=1)
    behind = np.array([[3 * (EVENTS - 1) + ANTICIPATION, 10, 60]])
    assert window(events, behind)[0] == AUTOREGRESS
    assert window(events[:-1], behind - [[3, 0, 0]])[0] == ANTICIPATE
