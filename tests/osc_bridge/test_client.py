import pytest

from osc_bridge.client import REMEMBERED, RESEND, Client, Phrase
from osc_bridge.messages import LEASE
from osc_bridge.sender import Peer
from osc_bridge.session import Session
from patterns.bar import Bar
from patterns.meter import Meter


class Piece(Session):
    """A session whose bars are there by decree."""

    def __init__(self):
        super().__init__("main", 1)
        self.revisions = {}

    def bar(self, index):
        return Bar(index, Meter(), (), self.revisions[index]) if index in self.revisions else None


@pytest.fixture
def client():
    return Client(Peer(("127.0.0.1", 1)), Piece())


def sent(client, now):
    return [(bar.index, bar.revision) for bar in client.lacking(now)]


def test_each_bar_is_sent_once_in_each_revision(client):
    client.session.revisions = {0: 0, 1: 0}
    client.want(range(0, 3), 0.0)
    assert sent(client, 0.0) == [(0, 0), (1, 0)]
    client.session.revisions[2] = 0
    assert sent(client, 0.1) == [(2, 0)]
    client.session.revisions[1] = 4
    assert sent(client, 0.2) == [(1, 4)]
    client.want(range(1, 4), 1.0)
    assert sent(client, 1.0) == []


def test_the_same_window_again_asks_for_what_was_lost(client):
    client.session.revisions = {0: 0, 1: 0}
    client.want(range(0, 2), 0.0)
    assert sent(client, 0.0) == [(0, 0), (1, 0)]
    client.want(range(0, 2), RESEND / 2)
    assert sent(client, RESEND / 2) == [], "not more often than that"
    client.want(range(0, 2), 2 * RESEND)
    assert sent(client, 2 * RESEND) == [(0, 0), (1, 0)]
    client.want(range(1, 3), 3.0)
    assert sent(client, 3.0) == [], "another window is no request to send again"


def test_the_lease_ends(client):
    client.session.revisions = {0: 0}
    client.want(range(0, 2), 0.0)
    assert list(client.wants(LEASE - 1)) == [0, 1]
    assert list(client.wants(LEASE)) == []
    assert sent(client, LEASE) == []


def test_nothing_comes_after_unsubscribing(client):
    client.session.revisions = {0: 0}
    client.want(range(0, 2), 0.0)
    client.unsubscribe()
    assert sent(client, 0.0) == []


def test_what_was_sent_is_forgotten_with_the_clock(client):
    for index in range(500):
        client.session.revisions = dict.fromkeys(range(index, index + 4), 0)
        client.want(range(index, index + 4), float(index))
        sent(client, float(index))
    assert len(client.sent) == 4


def test_answers_are_remembered_boundedly_and_pending_ones_all(client):
    bar = Bar(0, Meter())
    for id_ in range(1, 100):
        client.remember(Phrase(id_, 0, 1, (bar,)))
    assert list(client.phrases) == list(range(100 - REMEMBERED, 100))
    for id_ in range(100, 103):
        client.remember(Phrase(id_, 0, 1))
    assert [phrase.id for phrase in client.pending()] == [100, 101, 102]
    assert len(client.phrases) == REMEMBERED
