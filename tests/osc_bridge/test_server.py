"""The server over real UDP."""

import asyncio
import contextlib
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amt.keys import KEYS
from osc_bridge.binding import BindError
from osc_bridge.messages import ANSWERS, MAX_BARS, REQUESTS
from osc_bridge.server import serve
from osc_bridge.wire import MAX_SENT, encode
from patterns import midi

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=9)
numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(width=32), st.booleans())
anything = st.one_of(numbers, texts, st.none(), st.binary(min_size=1, max_size=9))
fuzzing = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def notes(bar):
    return bar[6:]


def revisions(bars):
    return [bar[:2] for bar in bars]


def alive(talker):
    """Whether it says hello; errors on the way are passed over."""
    talker.send("/amt/hello", "test", "")
    while talker.until("/amt/hello.reply", "/amt/error")[-1].address == "/amt/error":
        pass
    return True


def hello(talker, session="", slots=0):
    return talker.ask("/amt/hello", "test", session, slots)


def phrase(talker, id_, bars):
    """The answer to /amt/next: the bars' values and the reply's."""
    talker.send("/amt/next", id_, bars)
    *received, reply = talker.until("/amt/next.reply")
    return [each.values for each in received], reply.values


def error(talker, address, *values):
    id_, code, text = talker.ask(address, *values, answer="/amt/error")
    assert len(text) > 10
    return id_, code, text


def test_hello(talker):
    assert hello(talker) == (1, "0.1.0", "test", "main", 0)
    assert hello(talker, "other", 16)[3:] == ("other", 0)
    talker.send("/amt/hello", "test", "other")
    assert talker.receive().values[3:] == ("other", 0), "slots may be left out"


def test_next_moves_the_cursor(talker):
    hello(talker)
    first, reply = phrase(talker, 1, 4)
    assert reply == (1, 0, 4)
    assert [(bar[0], bar[1], bar[2], bar[3], bar[4]) for bar in first] == [(index, 0, 0, 1, 1920) for index in range(4)]
    second, reply = phrase(talker, 2, 2)
    assert reply == (2, 4, 2)
    assert [bar[0] for bar in second] == [4, 5]
    assert hello(talker)[-1] == 6


def test_a_repeated_id_gets_the_same_answer(talker):
    first = phrase(talker, 5, 3)
    assert phrase(talker, 5, 3) == first
    assert phrase(talker, 6, 1)[1] == (6, 3, 1)
    assert phrase(talker, 5, 3) == first
    assert phrase(talker, 5, 1) == first, "whatever else the request says"


def test_an_id_repeated_while_composing_is_answered_once(talker, faulty):
    faulty.open.clear()
    for _ in range(5):
        talker.send("/amt/next", 5, 12)  # more than may be composed ahead already
    talker.ask("/amt/status")
    faulty.open.set()
    bars = talker.until("/amt/next.reply")
    assert [each.address for each in bars] == ["/amt/bar"] * 12 + ["/amt/next.reply"]
    assert phrase(talker, 6, 1)[1] == (6, 12, 1)


def test_ids_are_each_client_s_own_and_hello_forgets_them(server, talk):
    one, two = talk(server), talk(server)
    hello(one)
    hello(two)
    assert phrase(one, 1, 1)[1] == (1, 0, 1)
    assert phrase(two, 1, 2)[1] == (1, 0, 2)
    hello(one)
    assert phrase(one, 1, 1)[1] == (1, 1, 1)


def test_two_clients_that_ask_for_phrases_get_the_same_piece(server, talk):
    one, two = talk(server), talk(server)
    for client in (one, two):
        assert hello(client, "duo")[-1] == 0
    mine, theirs = ([], [])
    for id_, count in enumerate((4, 4, 1, 7), 1):
        mine += phrase(one, id_, count)[0]
        theirs += phrase(two, id_, count)[0]
    assert theirs == mine
    assert [bar[0] for bar in mine] == list(range(16))
    two.send("/amt/next", 9, 2)
    one.ask("/amt/set", "instruments", "violin")
    mine += phrase(one, 9, 4)[0]
    assert [bar[10::5] for bar in mine[-2:]] == [(40,) * 8] * 2, "what nobody had taken follows the steering"


def test_who_joins_gets_the_phrase_that_the_others_play(server, talk):
    one, two = talk(server), talk(server)
    hello(one, "duo")
    phrase(one, 1, 4)
    latest, _ = phrase(one, 2, 4)
    assert hello(two, "duo")[-1] == 4
    assert two.ask("/amt/status")[7] == 4
    assert phrase(two, 1, 4) == (latest, (1, 4, 4))
    assert hello(one, "duo")[-1] == hello(two, "duo")[-1] == 8
    for id_ in range(3, 30):
        phrase(one, id_, 1)
    assert phrase(two, 2, 1)[1] == (2, 34, 1), "too far behind: on where the other is"


def test_a_place_is_kept_while_its_client_is_in_another_session(server, talk):
    one, two = talk(server), talk(server)
    hello(one, "duo")
    phrase(one, 1, 3)
    hello(two, "duo")
    phrase(two, 1, 5)
    hello(one, "solo")
    assert phrase(one, 1, 1)[1] == (1, 0, 1)
    assert hello(one, "duo")[-1] == 3
    assert phrase(one, 1, 1)[1] == (1, 3, 1)


def test_who_said_no_hello_shares_one_place(server, talk):
    one, two = talk(server), talk(server)
    assert phrase(one, 1, 2)[1] == (1, 0, 2)
    assert phrase(two, 1, 2)[1] == (1, 2, 2)
    assert phrase(one, 2, 1)[1] == (2, 4, 1)


def test_a_reset_sends_everybody_back_to_the_beginning(server, talk, faulty):
    one, two = talk(server), talk(server)
    for client in (one, two):
        hello(client, "duo")
        phrase(client, 1, 2)
    faulty.open.clear()
    for client in (one, two):
        client.send("/amt/next", 2, 12)
    assert one.ask("/amt/reset", 9) == (9,)
    faulty.open.set()
    assert [client.until("/amt/next.reply")[-1].values for client in (one, two)] == [(2, 0, 12)] * 2


def test_a_client_that_subscribes_joins_those_that_take_phrases(server, talk):
    one, two, three = talk(server), talk(server), talk(server)
    hello(one, "trio")
    phrase(one, 1, 2)
    latest, _ = phrase(one, 2, 4)
    place = hello(two, "trio", 16)[-1]
    assert place == 2
    two.send("/amt/want", place, 4)
    assert two.bars(4) == latest
    two.send("/amt/want", place + 3, 1)
    assert one.ask("/amt/status")[7] == 6
    assert hello(three, "trio")[-1] == 5, "where the subscriber's clock is"


def test_too_many_phrases_at_once_are_refused(talker, faulty):
    faulty.open.clear()
    for id_ in range(1, 5):
        talker.send("/amt/next", id_, 64)
    assert error(talker, "/amt/next", 5, 64)[:2] == (5, "busy")
    faulty.open.set()
    firsts = [talker.until("/amt/next.reply")[-1].values for _ in range(4)]
    assert firsts == [(id_ + 1, id_ * 64, 64) for id_ in range(4)]


def test_long_phrases_and_long_bars_arrive_whole(talker, faulty):
    faulty.notes = 700
    talker.send("/amt/set", "seed", 3)
    received, reply = phrase(talker, 1, MAX_BARS)
    received = [bar for bar in received if len(bar) > 2]
    assert reply == (1, 0, MAX_BARS)
    assert [bar[:4] for bar in received if bar[0] != "seed"] == [
        (index, 1, part, 3) for index in range(MAX_BARS) for part in range(3)
    ]
    assert [bar[5] for bar in received[:3]] == [300, 300, 100]
    assert all(len(bar) == 6 + 5 * bar[5] for bar in received)
    assert max(talker.sizes) <= MAX_SENT


def test_the_same_seed_gives_the_same_music_over_the_wire(talker):
    first, _ = phrase(talker, 1, 4)
    assert talker.ask("/amt/reset", 7) == (7,)
    again, reply = phrase(talker, 2, 4)
    assert reply == (2, 0, 4)
    assert [notes(bar) for bar in again] == [notes(bar) for bar in first]
    assert talker.ask("/amt/reset", 8) == (8,)
    other, _ = phrase(talker, 3, 4)
    assert [notes(bar) for bar in other] != [notes(bar) for bar in first]
    assert len({(bar[0], bar[1]) for bar in first + again + other}) == 12, "(index, revision) is one version"


def test_reset_without_a_seed_names_a_new_one_and_repeats_harmlessly(talker):
    phrase(talker, 1, 1)
    (seed,) = talker.ask("/amt/reset")
    assert talker.ask("/amt/reset") == (seed,)
    assert talker.ask("/amt/get", "seed", answer="/amt/set.reply") == ("seed", seed)
    phrase(talker, 2, 1)
    assert talker.ask("/amt/reset") != (seed,)


def test_a_phrase_waited_for_through_a_reset_comes_from_the_new_piece(talker, faulty):
    phrase(talker, 1, 1)
    faulty.open.clear()
    talker.send("/amt/next", 2, 12)
    assert talker.ask("/amt/reset", 9) == (9,)
    faulty.open.set()
    assert talker.until("/amt/next.reply")[-1].values == (2, 0, 12)


def test_want_streams_64_bars(talker):
    hello(talker)
    seen = {}
    for index in range(64):
        talker.send("/amt/want", index, 4)
        while not all(wanted in seen for wanted in range(index, index + 4)):
            (bar,) = talker.bars(1)
            assert bar[0] not in seen, "each bar comes once"
            seen[bar[0]] = bar
    assert list(seen) == list(range(67))


def test_slots_bound_the_addresses(talker):
    hello(talker, slots=4)
    addresses = set()
    for index in range(0, 12, 2):
        talker.send("/amt/want", index, 4)
        while len(addresses) < 4 or index == 10:
            message = talker.receive()
            assert message.address == f"/amt/bar/{message.values[0] % 4}"
            addresses.add(message.address)
            if message.values[0] == 13:
                break
    assert addresses == {f"/amt/bar/{slot}" for slot in range(4)}
    assert error(talker, "/amt/want", 12, 5)[1] == "range"
    assert error(talker, "/amt/next", 3, 5)[:2] == (3, "range")


def test_a_change_of_steering_sends_unplayed_bars_anew(talker):
    hello(talker)
    talker.send("/amt/want", 0, 4)
    assert revisions(talker.bars(4)) == [(index, 0) for index in range(4)]
    talker.send("/amt/want", 1, 4)
    talker.bars(1)
    assert talker.ask("/amt/set", "instruments", "violin") == ("instruments", "violin")
    anew = talker.bars(4)
    assert revisions(anew) == [(index, 1) for index in range(1, 5)]
    assert {program for bar in anew for program in bar[10::5]} == {40}


def test_lost_bars_are_sent_again_on_request(talker):
    hello(talker)
    talker.send("/amt/want", 0, 3)
    lost = talker.bars(3)
    again = {}
    talker.socket.settimeout(0.2)
    while len(again) < 3:  # the server sends no bar again within 0.1 s, so it may have to be asked more than once
        talker.send("/amt/want", 0, 3)
        with contextlib.suppress(TimeoutError):
            while len(again) < 3:
                (bar,) = talker.bars(1)
                again[bar[0]] = bar
    assert [again[index] for index in range(3)] == lost


def test_two_clients_on_one_session_get_the_same_bars(server, talk):
    one, two = talk(server), talk(server)
    hello(one, "duo")
    hello(two, "duo", 8)
    one.send("/amt/want", 0, 4)
    two.send("/amt/want", 0, 2)
    mine, theirs = one.bars(4), two.bars(2)
    assert theirs == mine[:2]
    two.send("/amt/want", 1, 4)
    assert two.bars(3)[:2] == mine[2:]
    assert one.ask("/amt/status")[7] == 1
    one.send("/amt/set", "tempo", 100)
    assert revisions(one.bars(3)) == [(index, 1) for index in (1, 2, 3)]
    assert revisions(two.bars(4)) == [(index, 1) for index in (1, 2, 3, 4)]
    two.send("/amt/bye")
    assert one.ask("/amt/status")[17] == 1


def test_one_of_two_cannot_run_away_with_the_piece(server, talk):
    one, two = talk(server), talk(server)
    hello(one)
    hello(two)
    one.send("/amt/want", 0, 2)
    one.bars(2)
    assert error(two, "/amt/want", 5000, 2)[1] == "range"
    one.send("/amt/bye")
    one.ask("/amt/status")
    two.send("/amt/want", 5000, 2)
    assert [bar[0] for bar in two.bars(2)] == [5000, 5001]
    code, text = error(one, "/amt/want", 0, 2)[1:]
    assert code == "past"
    assert "5000" in text


def test_want_needs_a_hello_and_the_error_says_so(talker):
    code, text = error(talker, "/amt/want", 0, 4)[1:]
    assert code == "hello"
    assert "/amt/hello" in text


def test_set_and_get_of_every_key(talker):
    for key in KEYS.values():
        words = key.example.split()
        kinds = [argument.kind for argument in key.arguments] + [key.arguments[-1].kind] * len(words)
        values = [kind(word) for kind, word in zip(kinds, words, strict=False)]
        reply = talker.ask("/amt/set", key.name, *values)
        assert reply[0] == key.name
        assert reply[1:] == pytest.approx(values) if kinds[0] is float else len(reply) > 1
        assert talker.ask("/amt/get", key.name, answer="/amt/set.reply") == reply


def test_steering_mistakes_name_what_is_valid(talker):
    assert "density" in error(talker, "/amt/set", "densty", 1)[2]
    assert "40 to 240" in error(talker, "/amt/set", "tempo", 1000)[2]
    assert error(talker, "/amt/set", "instruments", "pinao")[1] == "name"
    assert error(talker, "/amt/set", "instruments", *["piano"] * 100)[1] == "range"
    assert talker.ask("/amt/get", "tempo", answer="/amt/set.reply") == ("tempo", 120.0)


@pytest.mark.parametrize("address", [address for address, message in REQUESTS.items() if not message.available])
def test_what_comes_later_says_so(talker, address):
    values = {"/amt/part": (0, 0), "/amt/prompt": ("x",), "/amt/chords": ("C", 0), "/amt/vary": (4, 0, 1)}
    id_, code, text = error(talker, address, *values.get(address, (0, 0)))
    assert (id_, code) == (4 if address == "/amt/vary" else 0, "not-yet")
    assert address in text


def test_status(talker):
    pairs = talker.ask("/amt/status")
    status = dict(zip(pairs[::2], pairs[1::2], strict=True))
    assert list(status)[:6] == ["version", "model", "session", "next_bar", "composed", "revision"]
    assert list(status)[6:] == ["seed", "tempo", "clients", "sessions", "compose_ms"]
    assert (status["model"], status["seed"], status["tempo"], status["sessions"]) == ("test", 7, 120.0, 1)


def test_status_counts_every_client_of_the_session(server, talk):
    """Whoever asks for phrases, subscribes or only looks; those of other sessions do not count."""
    players = [talk(server) for _ in range(4)]
    phrase(players[0], 1, 1)
    hello(players[1])
    players[1].send("/amt/want", 1, 1)
    players[1].until("/amt/bar")
    hello(players[2], "other")
    for player, count in ((players[3], 3), (players[2], 1), (players[0], 3)):
        pairs = player.ask("/amt/status")
        assert dict(zip(pairs[::2], pairs[1::2], strict=True))["clients"] == count


def test_save_writes_what_was_played(talker, server):
    assert error(talker, "/amt/save", "early")[1] == "range"
    phrase(talker, 1, 3)
    assert talker.ask("/amt/save", "take") == ("take.mid", 3)
    assert talker.ask("/amt/save", "take") == ("take.mid", 3)
    piece = midi.read(server.workspace / "take.mid")
    assert len(piece.bars) == 3
    assert sum(len(bar.notes) for bar in piece.bars) > 0
    assert [path.name for path in server.workspace.iterdir()] == ["take.mid"]
    assert error(talker, "/amt/save", "../take")[1] == "name"


def test_a_workspace_that_cannot_be_written_is_an_error(talker, server):
    phrase(talker, 1, 1)
    (server.workspace / "take.mid").mkdir()
    code, text = error(talker, "/amt/save", "take")[1:]
    assert code == "file"
    assert "take.mid" in text
    assert [path.name for path in server.workspace.iterdir()] == ["take.mid"]


def test_bye_ends_the_subscription_and_keeps_the_session(talker):
    hello(talker, "mine")
    talker.send("/amt/want", 0, 2)
    talker.bars(2)
    talker.send("/amt/want", 2, 2)
    talker.bars(2)
    talker.send("/amt/bye")
    talker.send("/amt/set", "tempo", 90)
    assert phrase(talker, 1, 1)[1] == (1, 2, 1), "no bar came in between, and the piece stands where it stood"


def test_a_composer_that_fails_is_an_error_and_the_next_request_tries_again(talker, faulty):
    phrase(talker, 1, 1)
    faulty.open.clear()
    talker.send("/amt/next", 2, 20)
    talker.ask("/amt/status")
    faulty.failures = 2
    faulty.open.set()
    id_, code, text = talker.until("/amt/error")[-1].values
    assert (id_, code) == (2, "composer")
    assert "the model is ill" in text
    assert len(phrase(talker, 2, 20)[0]) == 20


def test_a_composer_that_hangs_is_an_error_and_osc_is_answered(talker, faulty, monkeypatch):
    monkeypatch.setattr("osc_bridge.engine.LATE", 0.05)
    hello(talker)
    faulty.open.clear()
    talker.send("/amt/next", 3, 64)
    talker.send("/amt/want", 70, 4)
    assert hello(talker, "another")[3] == "another"
    talker.send("/amt/next", 4, 64)
    assert talker.until("/amt/error")[-1].values[:2] == (4, "composer")
    faulty.open.set()
    assert phrase(talker, 5, 2)[1][0] == 5


def test_a_bundle_is_taken_as_its_messages(talker):
    messages = [encode("/amt/set", ["tempo", 90]), encode("/amt/get", ["tempo"])]
    elements = b"".join(len(each).to_bytes(4, "big") + each for each in messages)
    talker.send_bytes(b"#bundle\0" + b"\xff" * 8 + elements)
    assert [talker.receive().values for _ in range(2)] == [("tempo", 90.0)] * 2


def simplest(argument):
    return "x" if argument.kind is str else argument.kind(argument.low)


def mistakes(message):
    """Values of which one is wrong, or one is missing, or one too many."""
    arguments = message.arguments + message.group
    right = [simplest(argument) for argument in arguments]
    if message.group:
        right[len(message.arguments) - 1] = 1
    yield from (right[:count] for count in range(len(message.arguments) - message.optional))
    if not message.pairs:
        yield [*right, 1]
    for place, argument in enumerate(arguments):
        of_another_type = [1, 0.5, None, b"x"] if argument.kind is str else ["x", None, b"x", float("nan")]
        outside = ["x" * (argument.high + 1)] if argument.kind is str else [argument.low - 1, 2**31, 2**40]
        for wrong in of_another_type + outside:
            yield [*right[:place], wrong, *right[place + 1 :]]


@pytest.mark.parametrize("address", REQUESTS)
def test_every_mistake_in_every_argument_is_answered(talker, address):
    for values in mistakes(REQUESTS[address]):
        id_, code, text = error(talker, address, *values)
        assert code in ("type", "range")
        assert address in text
        has_id = REQUESTS[address].has_id and values and values[0] == 1
        assert id_ == (1 if has_id else 0) or values[0] == 2**31
    assert hello(talker)[0] == 1


@pytest.mark.parametrize("address", REQUESTS)
@fuzzing
@given(values=st.lists(anything, max_size=9))
def test_wrong_arguments_of_each_request_are_answered(talker, address, values):
    try:
        REQUESTS[address].check([int(value) if isinstance(value, bool) else value for value in values])
    except ValueError:
        _, code, text = error(talker, address, *values)
        assert code in ("type", "range")
        assert address in text
    assert alive(talker)


@fuzzing
@given(
    st.binary(max_size=400), st.sampled_from([b"", b"/", b"/amt/next\0\0\0,", b"#bundle\0", b"#bundle\0" + bytes(8)])
)
def test_random_bytes_do_not_end_it(talker, data, start):
    talker.send_bytes(start + data)
    assert alive(talker)


@fuzzing
@given(st.data())
def test_truncated_packets_do_not_end_it(talker, data):
    whole = encode(*data.draw(st.sampled_from([("/amt/next", [1, 4]), ("/amt/set", ["tempo", 99.5])])))
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    talker.send_bytes(cut)
    if cut:
        message = talker.receive()
        assert message.address == "/amt/error"
        assert message.values[1] in ("malformed", "unknown-message", "type")
    assert alive(talker)


@pytest.mark.parametrize("address", ANSWERS)
def test_a_server_s_message_is_not_answered(talker, address):
    talker.send(address, 1)
    talker.send_bytes(b"\xff" * 100)
    talker.send("/amt/status")
    assert talker.receive().address == "/amt/status.reply"


def test_the_largest_packet_and_a_huge_string(talker):
    talker.send_bytes(b"/amt/set\0\0\0\0,ss\0kez\0" + b"x" * 65_000 + bytes(4))
    assert talker.receive().values[1] == "unknown-key"
    talker.send_bytes(b"/" + b"x" * 65_000 + bytes(3))
    assert talker.receive().values[1] == "unknown-message"
    talker.send_bytes(b"/amt/next\0\0\0,is\0" + bytes(4) + b"x" * 65_000 + bytes(4))
    assert talker.receive().values[1] in ("type", "range")


def test_a_flood_is_survived(talker):
    for index in range(3000):
        talker.send("/amt/next", index + 1, 64)
        talker.send_bytes(b"/amt/next")
    talker.socket.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        while True:
            talker.receive()
    talker.socket.settimeout(20)
    assert alive(talker)


def test_a_port_in_use_is_one_line(server, start, faulty):
    before = threading.active_count()
    with pytest.raises(BindError, match="in use") as caught:
        start(faulty, port=server.port)
    assert "\n" not in str(caught.value)
    assert threading.active_count() == before


def test_stopping_leaves_no_thread_and_frees_the_port(start, faulty, talk):
    before = set(threading.enumerate())
    server = start(faulty)
    talker = talk(server)
    phrase(talker, 1, 1)
    talker.ask("/amt/save", "x")
    server.stop()
    server.thread.join(10)
    assert set(threading.enumerate()) == before
    start(faulty, port=server.port)


def test_cancelling_stops_it_too(faulty, tmp_path):
    async def main():
        ready = asyncio.Event()
        task = asyncio.ensure_future(serve(faulty, port=0, workspace=Path(tmp_path), on_ready=lambda *_: ready.set()))
        await asyncio.wait_for(ready.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    before = threading.active_count()
    asyncio.run(main())
    assert threading.active_count() == before
