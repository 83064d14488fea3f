"""AMT.next in every context that a live coder asks from, with exact beats."""

from itertools import pairwise

import pytest

BLOCKING = ["fork", "routine", "task", "tdef"]
PENDING = ["top", "sched", "defer", "oscdef", "pdef", "prout", "inner"]


@pytest.fixture(scope="module")
def outcome(module_sclang, amt_server):
    return module_sclang.script("contexts", amt_server.port, "contexts")


@pytest.mark.parametrize("context", BLOCKING + PENDING)
def test_next_gives_a_phrase_and_only_a_thread_of_its_own_waits_for_it(outcome, context):
    ((kind, ready),) = outcome.said("returned", context)
    assert kind == "AMTPhrase"
    assert ready == ("true" if context in BLOCKING else "false")


@pytest.mark.parametrize("context", BLOCKING + PENDING)
def test_every_note_lands_on_its_beat(outcome, recording, context):
    played = recording(outcome, context)
    ((first, count),) = outcome.said("phrase", context)
    rests = [event for event in played.events if event.rest]
    start = played.end - 8
    assert start % 4 == pytest.approx(0, abs=1e-6)
    assert played.check_music(start, int(first), int(count)) == pytest.approx(played.end, abs=1e-6)
    before = [event for event in rests if event.beat < start - 1e-6]
    assert all(event.dur == 4 and event.beat % 4 == pytest.approx(0, abs=1e-6) for event in before)


@pytest.mark.parametrize("context", BLOCKING + PENDING)
def test_a_phrase_fills_its_bars_without_a_gap(outcome, recording, context):
    events = recording(outcome, context).events
    for event, following in pairwise(events):
        assert event.beat + event.delta == pytest.approx(following.beat, abs=1e-6)
        assert event.delta == pytest.approx(event.dur, abs=1e-9)
    last = events[-1]
    assert last.beat + last.delta == pytest.approx(recording(outcome, context).end, abs=1e-6)


def test_pamt_starts_without_a_silent_bar_and_follows_on(outcome, recording):
    played = recording(outcome, "pamt")
    sounded = [event for event in played.events if not event.rest]
    bars = sorted({event.bar for event in sounded})
    assert len(bars) == 3
    assert all(event.beat % 4 == pytest.approx(0, abs=1e-6) for event in played.events if event.dur == 4)


def test_chords_are_simultaneous_events_with_an_instrument(outcome, recording):
    sounded = [event for context in PENDING for event in recording(outcome, context).events if not event.rest]
    assert any(event.delta == 0 for event in sounded)
    assert all(event.instrument.startswith("amt_") for event in sounded)
    assert all(event.drum == (event.program == 128) for event in sounded)
    assert all(event.sustain > 0 for event in sounded)
