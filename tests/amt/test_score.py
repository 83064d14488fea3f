"""Windows made as arrays are those made event by event."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt import anticipation, score
from amt.anticipation import Event

times = st.lists(st.integers(0, 3000), max_size=40).map(sorted)


@st.composite
def lines(draw: st.DrawFn, control: bool = False) -> list[Event]:
    notes = st.integers(0, anticipation.REST_NOTE - 1)
    return [Event(time, draw(st.integers(1, 999)), draw(notes), control) for time in draw(times)]


@given(lines(), st.integers(-400, 0))
def test_padding(events: list[Event], start: int) -> None:
    assert score.pad(score.rows(events), start).tolist() == score.rows(anticipation.pad(events, start)).tolist()


@given(st.integers(0, 500), st.integers(0, 500))
def test_rests_between_two_events(reached: int, gap: int) -> None:
    padded = anticipation.pad([Event(reached + gap, 1, 1)], reached)
    assert score.rests_between(reached, reached + gap) == len(padded) - 1


@given(lines(), lines(control=True), lines(control=True), st.integers(-400, 0))
def test_interleaving(events: list[Event], controls: list[Event], lineups: list[Event], origin: int) -> None:
    rows, clicks = score.rows(events), score.rows(controls)
    due = score.due(clicks, events[-1].time if events else origin)
    merged = anticipation.interleave(events, controls, origin, lineups)
    found = score.tokens(rows, clicks[:due], origin, score.rows(lineups))
    assert found.tolist() == anticipation.tokens(merged, origin, controls=True)
    of_each = [list(anticipation.triplet(control, origin)) for control in controls]
    assert score.triplets(clicks, origin) == of_each


def test_nothing_is_a_flag_alone() -> None:
    assert score.tokens(score.NOTHING, score.NOTHING, 0).tolist() == anticipation.tokens([], 0, controls=True)
    assert score.joined([]).shape == (0, 3)


@pytest.mark.parametrize("time", [-1, 10_000])
def test_a_time_that_has_no_token_is_refused(time: int) -> None:
    event = np.array([[time, 1, 5]], np.int32)
    with pytest.raises(ValueError, match="out of the window"):
        score.tokens(event, score.NOTHING, 0)
