"""Sequences follow the published rules token for token."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt import anticipation
from amt import vocabulary as v
from amt.anticipation import Event

times = st.lists(st.integers(0, 3000), min_size=1, max_size=40).map(sorted)
notes = st.integers(0, anticipation.REST_NOTE - 1)


@st.composite
def lines(draw: st.DrawFn, control: bool) -> list[Event]:
    return [Event(time, draw(st.integers(1, 999)), draw(notes), control) for time in draw(times)]


def published_sequence(events: list[Event], controls: list[Event]) -> list[int]:
    """The rules of arXiv 2306.08620 on bare token lists: pad each second, a control after the first event at or
    past its time less five seconds; stops with the last event."""
    line: list[tuple[int, int, int]] = []
    before = 0
    for event in events:
        while event.time - before > 100:
            before += 100
            line.append((before, 10_000, 27_512))
        line.append((event.time, 10_000 + event.duration, 11_000 + event.note))
        before = event.time
    waiting = [(27_513 + c.time, 37_513 + c.duration, 38_513 + c.note) for c in controls]
    out: list[int] = []
    now = 0
    for time, duration, note in line:
        while waiting and waiting[0][0] - 27_513 - 500 <= now:
            out += waiting.pop(0)
        out += (time, duration, note)
        now = time
    return out


@given(lines(control=False), lines(control=True))
def test_a_window_is_the_published_sequence(events: list[Event], controls: list[Event]) -> None:
    merged = anticipation.interleave(anticipation.pad(events), controls)
    tokens = anticipation.tokens(merged, origin=0, controls=True)
    expected = published_sequence(events, controls)
    assert tokens[: 1 + len(expected)] == [v.ANTICIPATE, *expected]
    # the published function stops at its last event; what follows here are the controls due after it
    rest = tokens[1 + len(expected) :]
    assert all(v.CONTROL <= token < v.SPECIAL for token in rest)
    assert all(time - v.CONTROL <= events[-1].time + v.ANTICIPATION for time in rest[::3])


@given(lines(control=False))
def test_padding_leaves_no_gap_over_a_second_and_adds_only_rests(events: list[Event]) -> None:
    padded = anticipation.pad(events)
    assert [event for event in padded if not event.is_rest] == events
    steps = [0, *(event.time for event in padded)]
    assert max(after - before for before, after in itertools.pairwise(steps)) <= v.REST_STEPS


@given(lines(control=False), lines(control=True), st.integers(0, 500))
def test_times_are_relative_to_the_origin(events: list[Event], controls: list[Event], shift: int) -> None:
    merged = anticipation.interleave(events, controls)
    moved = [Event(event.time + shift, event.duration, event.note, event.control) for event in merged]
    assert anticipation.tokens(moved, shift, True) == anticipation.tokens(merged, 0, True)


@given(lines(control=False), lines(control=True))
def test_interleaving_a_prefix_gives_a_prefix(events: list[Event], controls: list[Event]) -> None:
    whole = anticipation.interleave(events, controls)
    for count in range(len(events)):
        part = anticipation.interleave(events[:count], controls)
        assert whole[: len(part)] == part


def test_flags_and_rests() -> None:
    assert anticipation.tokens([], 0, controls=False) == [v.AUTOREGRESS]
    assert anticipation.tokens([anticipation.rest(100)], 0, controls=True) == [
        v.ANTICIPATE,
        100,
        10_000,
        v.REST,
    ]


@pytest.mark.parametrize("event", [Event(10_000, 1, 5), Event(-1, 1, 5), Event(3, 1_000, 5), Event(3, -1, 5)])
def test_what_has_no_token_is_refused(event: Event) -> None:
    with pytest.raises(ValueError, match="no token"):
        anticipation.triplet(event, 0)
