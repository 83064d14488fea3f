"""The whole way with real parts: the embedded model's music over UDP."""

import pytest

from patterns.instruments import choose


@pytest.fixture
def talker(embedded_server, talk):
    return talk(embedded_server)


def bars(talker, id_, count):
    """Notes of each bar of a phrase, as (onset, duration, pitch, velocity, instrument)."""
    talker.send("/amt/next", id_, count)
    *received, reply = talker.until("/amt/next.reply")
    assert reply.values == (id_, received[0].values[0], count)
    assert [each.values[0] for each in received] == list(range(reply.values[1], reply.values[1] + count))
    return [list(zip(*(each.values[6 + field :: 5] for field in range(5)), strict=True)) for each in received]


def test_four_bars_fit_the_grid_and_the_ensemble(talker):
    talker.ask("/amt/hello", "test", "four")
    talker.ask("/amt/set", "instruments", "piano", "bass", "drums")
    music = bars(talker, 1, 4)
    allowed = frozenset().union(*(choose(name).programs for name in ("piano", "bass", "drums")))
    notes = [note for bar in music for note in bar]
    assert all(music)
    assert {onset % 120 for onset, *_ in notes} == {0}
    assert {program for *_, program in notes} <= allowed


def test_a_change_of_instruments_is_heard_in_the_next_bar(talker):
    talker.ask("/amt/hello", "test", "change")
    bars(talker, 1, 2)
    talker.ask("/amt/set", "instruments", "violin")
    assert {program for bar in bars(talker, 2, 2) for *_, program in bar} == {40}


def test_a_seed_gives_the_same_music_again(talker):
    talker.ask("/amt/hello", "test", "seed")
    first = bars(talker, 1, 3)
    assert talker.ask("/amt/reset", 7) == (7,)
    assert bars(talker, 2, 3) == first
    talker.ask("/amt/hello", "test", "another session")
    assert bars(talker, 1, 3) == first
