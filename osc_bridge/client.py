"""What the server knows of one client: its session, what it wants, has been sent and was answered. Knows no socket."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from osc_bridge.messages import LEASE
from osc_bridge.sender import Peer
from osc_bridge.session import Session
from patterns.bar import Bar

REMEMBERED = 8
"""Answers to `/amt/next` kept for a repeated id."""

RESEND = 0.1
"""Least time between two sendings of one revision, in seconds."""


@dataclass(slots=True)
class Phrase:
    """An answer to `/amt/next`: promised, and once composed its bars."""

    id: int
    first: int
    count: int
    bars: tuple[Bar, ...] = ()


@dataclass(slots=True)
class Client:
    """One address.

    Attributes:
        said_hello: it did, so that its slots are known.
        wanted: the latest window, empty without a subscription.
        expires: when the subscription ends.
        sent: bar index → revision and time it was last sent.
        phrases: by id, oldest first.
    """

    peer: Peer
    session: Session
    name: str = ""
    slots: int = 0
    said_hello: bool = False
    wanted: range = range(0)
    expires: float = float("-inf")
    last_heard: float = float("-inf")
    sent: dict[int, tuple[int, float]] = field(default_factory=dict)
    phrases: OrderedDict[int, Phrase] = field(default_factory=OrderedDict)

    @property
    def performer(self) -> Peer | None:
        """Whose place in the session its phrases come from; those who said no hello share one."""
        return self.peer if self.said_hello else None

    def wants(self, now: float) -> range:
        """The window of bars it is subscribed to."""
        return self.wanted if now < self.expires else range(0)

    def want(self, window: range, now: float) -> None:
        """Take a new window; the same one twice running asks for what was lost."""
        if window == self.wants(now):
            for index, (revision, when) in self.sent.items():
                if index in window and now - when > RESEND and revision >= 0:
                    self.sent[index] = (-1, when)
        self.wanted = window
        self.expires = now + LEASE
        self.sent = {index: sent for index, sent in self.sent.items() if index >= window.start}

    def unsubscribe(self) -> None:
        """Nothing more is wanted, nothing counts as sent."""
        self.wanted = range(0)
        self.sent.clear()

    def lacking(self, now: float) -> Iterator[Bar]:
        """The bars to send it now, in order; they count as sent."""
        for index in self.wants(now):
            bar = self.session.bar(index)
            if bar and self.sent.get(index, (-1, 0.0))[0] != bar.revision:
                self.sent[index] = (bar.revision, now)
                yield bar

    def remember(self, phrase: Phrase) -> None:
        """Keep a phrase for a repeated id, at the cost of the oldest answered ones."""
        self.phrases[phrase.id] = phrase
        answered = [old.id for old in self.phrases.values() if old.bars]
        for old in answered[: max(0, len(self.phrases) - REMEMBERED)]:
            del self.phrases[old]

    def pending(self) -> list[Phrase]:
        """Phrases promised and not yet answered."""
        return [phrase for phrase in self.phrases.values() if not phrase.bars]
