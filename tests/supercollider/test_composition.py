"""A phrase inside other patterns, with exact beats."""

import pytest


@pytest.fixture(scope="module")
def outcome(module_sclang, amt_server):
    return module_sclang.script("compose", amt_server.port, "compose")


@pytest.fixture
def phrase(outcome):
    ((first, count),) = outcome.said("phrase", "phrase")
    return int(first), int(count)


@pytest.fixture
def played(outcome, recording):
    return lambda tag: recording(outcome, tag)


def sounding(recording):
    return [event for event in recording.events if not event.rest]


@pytest.mark.parametrize("tag", ["events", "pdef", "pkey", "late"])
def test_the_notes_are_the_phrases_own(played, phrase, tag):
    recording = played(tag)
    assert recording.check_music(recording.end - 8, *phrase) == pytest.approx(recording.end, abs=1e-6)


@pytest.mark.parametrize("tag", ["pseq", "pn"])
def test_a_phrase_repeats_without_a_seam(played, tag):
    recording = played(tag)
    start = recording.end - 16
    events = sounding(recording)
    half = len(events) // 2
    single = sounding(played("events"))
    offset = start - (played("events").end - 8)
    assert [event.midinote for event in events] == 2 * [event.midinote for event in single]
    for index, event in enumerate(events):
        expected = single[index % half].beat + offset + 8 * (index // half)
        assert event.beat == pytest.approx(expected, abs=1e-6)


def test_pbindf_changes_keys_and_leaves_the_beats(played):
    plain, changed = sounding(played("events")), sounding(played("pbindf"))
    shift = played("pbindf").end - played("events").end
    assert [event.midinote for event in changed] == [event.midinote + 12 for event in plain]
    for mine, theirs in zip(changed, plain, strict=True):
        assert mine.sustain == pytest.approx(2 * theirs.sustain)
        assert mine.beat - shift == pytest.approx(theirs.beat, abs=1e-6)


def test_pchain_overrides(played):
    changed = sounding(played("pchain"))
    assert len(changed) == len(sounding(played("events")))
    assert {event.velocity for event in changed} == {1}


def test_ppar_plays_a_line_of_the_users_own_beside_it(played):
    recording = played("ppar")
    line = [event for event in sounding(recording) if event.bar == -1]
    band = [event for event in sounding(recording) if event.bar != -1]
    start = recording.end - 8
    assert [event.beat for event in line] == pytest.approx([start + beat for beat in range(4)], abs=1e-6)
    plain = sounding(played("events"))
    shift = recording.end - played("events").end
    assert sorted((event.midinote, event.program) for event in band) == sorted(
        (event.midinote, event.program) for event in plain
    )
    assert sorted(event.beat - shift for event in band) == pytest.approx(
        sorted(event.beat for event in plain), abs=1e-6
    )


def test_one_instrument_alone_keeps_its_beats(played):
    band, alone = played("events"), played("only")
    shift = alone.end - band.end
    bass = [event for event in sounding(band) if event.program == 33]
    assert 0 < len(bass) < len(sounding(band))
    assert [event.beat - shift for event in sounding(alone)] == pytest.approx([event.beat for event in bass], abs=1e-6)
    assert [event.midinote for event in sounding(alone)] == [event.midinote for event in bass]


def test_ptpar_begins_each_line_at_its_time(played):
    together, alone = played("ptpar"), played("only")
    shift = together.end - alone.end
    line = [event.beat for event in sounding(together) if event.bar == -1]
    assert line == pytest.approx([together.end - 8 + 1.5, together.end - 8 + 2.5], abs=1e-6)
    bass = [event.beat - shift for event in sounding(together) if event.bar != -1]
    assert bass == pytest.approx([event.beat for event in sounding(alone)], abs=1e-6)


def test_a_phrase_begins_on_the_quant_asked_for(played):
    assert (played("late").end - 8) % 8 == pytest.approx(0, abs=1e-6)
