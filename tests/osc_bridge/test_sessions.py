from dataclasses import replace

import pytest

from amt.passage import Passage
from osc_bridge.client import Phrase
from osc_bridge.messages import LEASE, ProtocolError
from osc_bridge.sender import Peer
from osc_bridge.session import Opening
from osc_bridge.sessions import IN_HAND, MAX_CLIENTS, MAX_SESSIONS, TOGETHER, Sessions
from patterns.bar import Bar


class Watch:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def sessions(watch):
    return Sessions(3, watch)


def peer(number):
    return Peer(("127.0.0.1", number))


def joined(sessions, number, name):
    client = sessions.client(peer(number))
    sessions.join(client, name)
    return client


def compose(sessions, count):
    """Do the most urgent jobs; (session, index) of each."""
    done = []
    for _ in range(count):
        job = sessions.job()
        if job is None:
            break
        passage = Passage() if isinstance(job.place, Opening) else job.place
        job.session.finish(job, Bar(0, job.steering.meter), replace(passage, index=passage.index + 1))
        done.append((job.session.name, job.index))
    return done


def test_a_name_is_one_session_and_empty_is_main(sessions):
    one, two = joined(sessions, 1, "a"), joined(sessions, 2, "a")
    assert one.session is two.session
    assert joined(sessions, 3, "").session.name == "main"
    assert sessions.clients(one.session) == [one, two]


def test_who_was_heard_of_lately_is_present_whatever_they_asked(sessions, watch):
    one, two = joined(sessions, 1, "a"), joined(sessions, 2, "a")
    joined(sessions, 3, "b")
    two.want(range(4), watch.now)
    assert sessions.present(one.session) == [one, two]
    watch.now = LEASE - 1
    sessions.client(one.peer)
    watch.now = LEASE + 1
    assert sessions.present(one.session) == [one], "a lease after its last request a client has gone"
    sessions.forget(one.peer)
    assert sessions.present(one.session) == []


def test_who_is_forgotten_loses_its_place_in_all_sessions(sessions):
    one = joined(sessions, 1, "a")
    one.session.promise(2, one.peer)
    one.session.promise(2, "other")
    joined(sessions, 1, "b")
    sessions.forget(one.peer)
    assert sessions.session("a").place(one.peer) == 0


def test_seeds(watch):
    assert Sessions(3, watch).session("x").seed == 3
    free = Sessions(None, watch)
    assert free.session("x").seed != free.session("y").seed


def test_sessions_are_bounded_and_the_longest_silent_makes_room(sessions, watch):
    sessions.session("nobody's")
    for number in range(MAX_SESSIONS - 2):
        watch.now = float(number)
        joined(sessions, number + 1, f"s{number}")
    joined(sessions, 1000, "one more")
    joined(sessions, 1001, "and another")
    names = [session.name for session in sessions]
    assert len(names) == MAX_SESSIONS
    assert "main" in names
    assert "nobody's" not in names
    assert "s0" not in names
    assert sessions.client(peer(1)).session is sessions.session("s0"), "who comes back begins anew"


def test_sessions_that_are_played_make_no_room(sessions, watch):
    for number in range(MAX_SESSIONS - 1):
        joined(sessions, number + 1, f"s{number}").want(range(4), 0.0)
    with pytest.raises(ProtocolError, match="sessions") as caught:
        joined(sessions, 1001, "too many")
    assert caught.value.code == "busy"
    watch.now = 60.0
    joined(sessions, 1001, "not any more")


def test_clients_are_bounded_and_the_idle_longest_silent_goes(sessions, watch):
    for number in range(MAX_CLIENTS):
        watch.now = float(number)
        sessions.client(peer(number + 1))
    sessions.client(peer(1)).want(range(4), watch.now)
    sessions.client(peer(5000))
    known = {client.peer for client in sessions.clients(sessions.session(""))}
    assert len(known) == MAX_CLIENTS
    assert peer(1) in known
    assert peer(2) not in known


def test_subscribed_clients_are_not_forgotten_for_others(sessions, watch):
    for number in range(MAX_CLIENTS):
        sessions.client(peer(number + 1)).want(range(4), 0.0)
    with pytest.raises(ProtocolError, match="subscribed"):
        sessions.client(peer(5000))
    watch.now = 60.0
    sessions.client(peer(5000))


def test_a_phrase_that_is_waited_for_comes_before_bars_ahead(sessions):
    waiting = joined(sessions, 1, "waiting").session
    waiting.promise(3)
    assert compose(sessions, 3) == [("waiting", 0), ("waiting", 1), ("waiting", 2)]
    assert compose(sessions, 1) == [("main", 0)]


def test_wanted_bars_come_before_bars_ahead(sessions):
    compose(sessions, 2)
    client = joined(sessions, 1, "stream")
    client.want(range(0, 3), 0.0)
    assert compose(sessions, 3) == [("stream", 0), ("stream", 1), ("stream", 2)]
    assert compose(sessions, 1) == [("main", 2)]


def test_a_long_phrase_does_not_silence_a_stream(sessions):
    joined(sessions, 1, "phrase").session.promise(64)
    stream = joined(sessions, 2, "stream")
    stream.want(range(0, 2), 0.0)
    assert ("stream", 0) in compose(sessions, 2)
    stream.want(range(1, 3), 0.0)
    stream.session.advance(1)
    assert ("stream", 1) in compose(sessions, 2)


def test_a_subscriber_has_bars_in_hand_before_a_long_phrase_is_whole(sessions):
    joined(sessions, 1, "phrase").session.promise(64)
    stream = joined(sessions, 2, "stream")
    stream.want(range(0, 8), 0.0)
    done = compose(sessions, 2 * IN_HAND)
    assert [index for name, index in done if name == "stream"] == list(range(IN_HAND))
    stream.want(range(1, 9), 0.0)
    stream.session.advance(1)
    assert ("stream", IN_HAND) in compose(sessions, 2)


def test_what_was_promised_to_those_who_left_is_not_composed(sessions):
    one, two = joined(sessions, 1, "a"), joined(sessions, 2, "a")
    for client in (one, two):
        client.remember(Phrase(1, client.session.promise(64, client.performer), 64))
    compose(sessions, 2)
    sessions.dismiss(one)
    assert sessions.is_awaited(sessions.job()), "the other still waits"
    sessions.join(two, "b")
    session = sessions.session("a")
    assert session.position == session.frontier
    assert not one.pending()
    assert not two.pending()


def test_those_who_said_no_hello_are_forgotten_first(sessions, watch):
    greeted = sessions.client(peer(1))
    greeted.said_hello = True
    for number in range(MAX_CLIENTS + 10):
        watch.now += 1
        sessions.client(peer(2 + number))
    assert sessions.client(peer(1)) is greeted


def test_equally_urgent_sessions_take_turns(sessions):
    joined(sessions, 1, "a").session.promise(8)
    joined(sessions, 2, "b").session.promise(8)
    names = [name for name, _ in compose(sessions, 8)]
    assert names.count("a") == names.count("b") == 4


def test_an_expired_subscription_asks_for_nothing(sessions, watch):
    client = joined(sessions, 1, "stream")
    client.want(range(0, 20), 0.0)
    watch.now = 31.0
    assert [index for name, index in compose(sessions, 100) if name == "stream"] == list(range(8))


def test_a_blocked_session_rests_until_somebody_asks(sessions):
    sessions.blocked.add("main")
    assert sessions.job() is None
    sessions.client(peer(1))
    assert sessions.job() is not None


def test_a_session_has_one_bar_composed_at_a_time(sessions):
    joined(sessions, 1, "a")
    one = sessions.job()
    two = sessions.job([one])
    assert {one.session.name, two.session.name} == {"main", "a"}
    assert sessions.job([one, two]) is None


def test_so_many_are_composed_together_and_awaited_ones_besides(sessions):
    for number in range(TOGETHER + 4):
        joined(sessions, number + 1, f"s{number}")
    running = []
    while job := sessions.job(running):
        running.append(job)
    assert len(running) == TOGETHER
    waiting = [session for session in sessions if session not in {job.session for job in running}]
    assert len(waiting) == 5
    waiting[0].promise(1)
    awaited = sessions.job(running)
    assert awaited.session is waiting[0]
    assert sessions.is_awaited(awaited)
    assert sessions.job([*running, awaited]) is None


def test_nothing_is_begun_ahead_while_a_bar_is_awaited(sessions):
    joined(sessions, 1, "a").session.promise(1)
    awaited = sessions.job()
    assert sessions.is_awaited(awaited)
    assert sessions.job([awaited]) is None
    sessions.session("b").promise(2)
    assert sessions.job([awaited]).session.name == "b"


def test_a_bar_composed_ahead_is_awaited_once_somebody_asks_for_it(sessions):
    client = joined(sessions, 1, "a")
    client.want(range(0, 1), 0.0)
    client.session.steer("horizon", [2])
    assert compose(sessions, 1) == [("a", 0)]
    ahead = sessions.job()
    while ahead.session is not client.session:
        ahead = sessions.job([ahead])
    assert not sessions.is_awaited(ahead)
    client.session.advance(1)
    client.want(range(1, 3), 0.0)
    assert sessions.is_awaited(ahead)


def test_a_session_begun_anew_is_awaited_though_its_running_bar_is_not_needed(sessions):
    session = joined(sessions, 1, "a").session
    session.promise(3)
    outdated = sessions.job()
    session.reset(9)
    assert not sessions.is_awaited(outdated)
    session.promise(1)
    assert sessions.is_awaited(outdated)
