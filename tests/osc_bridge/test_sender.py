import heapq
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osc_bridge.sender import GAP, MAX_PEERS, MAX_WAITING, Peer, Sender
from osc_bridge.wire import WireError, decode

ONE, TWO = Peer(("127.0.0.1", 1)), Peer(("127.0.0.1", 2))


class Time:
    """An event loop's clock that jumps from timer to timer."""

    def __init__(self):
        self.now = 0.0
        self.timers = []
        self.order = itertools.count()

    def time(self):
        return self.now

    def call_at(self, when, callback, *args):
        heapq.heappush(self.timers, (when, next(self.order), callback, args))

    def run(self, until=float("inf")):
        while self.timers and self.timers[0][0] <= until:
            when, _, callback, args = heapq.heappop(self.timers)
            self.now = max(self.now, when)
            callback(*args)


class Wire:
    """A transport that notes when what went where, by the sender's own clock."""

    def __init__(self, time):
        self.time = time
        self.sent = []
        self.closed = False

    def close(self):
        self.closed = True

    def sendto(self, data, address):
        assert not self.closed
        (message,) = decode(data)
        self.sent.append((self.time.now, address, message.values[0]))


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def wire(time):
    return Wire(time)


@given(st.lists(st.tuples(st.floats(0, 0.02), st.sampled_from([ONE, TWO]), st.booleans()), max_size=60))
def test_gap_and_order_hold_for_every_peer(sends):
    time = Time()
    wire = Wire(time)
    sender = Sender(wire, time)
    at = 0.0
    for number, (pause, peer, bars) in enumerate(sends):
        at += pause
        time.run(until=at)
        time.now = at
        assert sender.send(peer, "/x", [number], bars=bars)
    time.run()
    assert len(wire.sent) == len(sends)
    for peer in (ONE, TWO):
        times = [when for when, address, _ in wire.sent if address == peer.address]
        assert all(after >= before + GAP for before, after in itertools.pairwise(times))
        for bars in (True, False):
            mine = {number for number, send in enumerate(sends) if send[1:] == (peer, bars)}
            arrived = [number for _, address, number in wire.sent if address == peer.address and number in mine]
            assert arrived == sorted(mine)
    assert not sender._lanes, "nothing is kept of a peer that waits for nothing"


def test_a_lone_message_leaves_at_once(time, wire):
    Sender(wire, time).send(ONE, "/x", [1])
    time.run(until=0)
    assert wire.sent == [(0.0, ONE.address, 1)]


def test_an_answer_overtakes_bars_and_bars_are_not_starved(time, wire):
    sender = Sender(wire, time)
    for number in range(20):
        sender.send(ONE, "/bar", [number], bars=True)
    for number in range(100, 140):
        sender.send(ONE, "/answer", [number])
    time.run()
    order = [number for _, _, number in wire.sent]
    assert order[0] == 100
    assert [number for number in order[:40] if number < 100] == list(range(10)), "every fourth is a bar"


def test_one_peer_does_not_wait_for_another(time, wire):
    sender = Sender(wire, time)
    for number in range(50):
        sender.send(ONE, "/x", [number])
    sender.send(TWO, "/x", [99])
    time.run(until=0)
    assert [number for _, _, number in wire.sent] == [0, 99]


def test_queues_are_bounded(time, wire, caplog):
    sender = Sender(wire, time)
    taken = [sender.send(ONE, "/x", [number]) for number in range(MAX_WAITING + 5)]
    assert taken.count(True) == MAX_WAITING
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    crowd = [sender.send(Peer(("127.0.0.1", port)), "/x", [1]) for port in range(2, MAX_PEERS + 5)]
    assert crowd.count(True) == MAX_PEERS - 1
    time.run()
    assert len(wire.sent) == MAX_WAITING + MAX_PEERS - 1


def test_what_the_wire_forbids_is_not_sent(time, wire):
    sender = Sender(wire, time)
    with pytest.raises(WireError):
        sender.send(ONE, "/x", [True])
    with pytest.raises(WireError):
        sender.send(ONE, "/x", ["x" * 9000])
    time.run()
    assert wire.sent == []


def test_there_is_no_other_way_out(time, wire):
    sender = Sender(wire, time)
    within_reach = {name: value for name, value in vars(sender).items() if not name.startswith("_Sender__")}
    assert wire not in within_reach.values()


def test_what_waits_when_it_is_closed_is_dropped(time, wire):
    sender = Sender(wire, time)
    for number in range(3):
        assert sender.send(ONE, "/x", [number])
    time.run(until=0.0)
    sender.close()
    time.run()
    assert [number for *_, number in wire.sent] == [0]
