"""All sessions by name and all clients by address, both bounded. Knows no messages and no threads."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence

from osc_bridge.client import Client
from osc_bridge.messages import DEFAULT_SESSION, LEASE, MAX_CLIENTS, MAX_SESSIONS, ProtocolError
from osc_bridge.sender import Peer
from osc_bridge.session import Job, Session

TOGETHER = 8
"""Bars composed at once, at most: one weight read for so many costs hardly more than for one."""
IN_HAND = 2
"""Bars that a subscriber should have beyond the one it plays: with fewer it waits, as who asked for a phrase does."""
_AWAITED, _WANTED, _AHEAD = range(3)


def new_seed() -> int:
    """A seed that nobody chose."""
    return secrets.randbelow(2**31)


class Sessions:
    """Sessions and their clients.

    Args:
        seed: of every session; without one each gets its own.
        clock: seconds.
    """

    def __init__(self, seed: int | None, clock: Callable[[], float]) -> None:
        self._seed = seed
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._clients: dict[Peer, Client] = {}
        self._served: dict[str, int] = {}
        self._jobs = 0
        self.blocked: set[str] = set()
        """Sessions whose bar could not be composed and whom nobody has asked since."""
        self.session(DEFAULT_SESSION)

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def session(self, name: str) -> Session:
        """The session of this name, begun if need be.

        Raises:
            ProtocolError: "busy", all sessions are in use.
        """
        name = name or DEFAULT_SESSION
        if name not in self._sessions:
            if len(self._sessions) >= MAX_SESSIONS:
                self._forget_a_session()
            seed = new_seed() if self._seed is None else self._seed
            self._sessions[name] = Session(name, seed)
        return self._sessions[name]

    def _forget_a_session(self) -> None:
        heard = {name: float("-inf") for name in self._sessions if name != DEFAULT_SESSION}
        for client in self._clients.values():
            if self._is_active(client):
                heard.pop(client.session.name, None)
            elif client.session.name in heard:
                heard[client.session.name] = max(heard[client.session.name], client.last_heard)
        if not heard:
            raise ProtocolError("busy", f"{MAX_SESSIONS} sessions are being played already; join one of them")
        name = min(heard, key=lambda name: heard[name])
        del self._sessions[name]
        self._served.pop(name, None)
        self.blocked.discard(name)

    def _is_active(self, client: Client) -> bool:
        return bool(client.wants(self._clock()) or client.pending())

    def client(self, peer: Peer) -> Client:
        """The client at this address; one never heard before is in the default session.

        Raises:
            ProtocolError: "busy", too many clients are subscribed.
        """
        now = self._clock()
        client = self._clients.get(peer)
        if client is None:
            if len(self._clients) >= MAX_CLIENTS:
                self._forget_a_client()
            client = self._clients[peer] = Client(peer, self.session(DEFAULT_SESSION))
        client.last_heard = now
        if client.session is not self._sessions.get(client.session.name):
            self.join(client, client.session.name)  # it was silent for so long that its session made room for others
        self.blocked.discard(client.session.name)
        return client

    def _forget_a_client(self) -> None:
        idle = [client for client in self._clients.values() if not self._is_active(client)]
        if not idle:
            raise ProtocolError("busy", f"{MAX_CLIENTS} clients are subscribed already; try again in a minute")
        # first those of whom nothing is known but that they asked something
        self.forget(min(idle, key=lambda client: (client.said_hello, client.last_heard)).peer)

    def forget(self, peer: Peer) -> None:
        """The client at this address has gone."""
        client = self._clients.pop(peer, None)
        for session in self:
            session.leave(peer)
        if client:
            self._release(client.session)

    def join(self, client: Client, name: str) -> None:
        """Move a client into a session; what it asked for elsewhere is forgotten, phrases still to come excepted.

        Raises:
            ProtocolError: "busy".
        """
        session, before = self.session(name), client.session
        client.unsubscribe()
        for phrase in list(client.phrases.values()):
            if phrase.bars or session is not before:
                del client.phrases[phrase.id]
        client.session = session
        self._release(before)
        self.blocked.discard(session.name)

    def dismiss(self, client: Client) -> None:
        """A client has said goodbye: it waits for nothing, and nothing is composed for it."""
        client.unsubscribe()
        client.last_heard = float("-inf")
        for phrase in client.pending():
            del client.phrases[phrase.id]
        self._release(client.session)

    def _release(self, session: Session) -> None:
        """What was promised to those who have gone is not composed, unless others wait for it."""
        if not any(client.pending() for client in self.clients(session)):
            session.give_up()

    def clients(self, session: Session) -> list[Client]:
        """Everybody in a session, subscribed or not."""
        return [client for client in self._clients.values() if client.session is session]

    def subscribers(self, session: Session) -> list[Client]:
        """Everybody who is to be sent a session's bars."""
        now = self._clock()
        return [client for client in self.clients(session) if client.wants(now)]

    def present(self, session: Session) -> list[Client]:
        """Everybody in a session who was heard of lately, subscribed or not."""
        since = self._clock() - LEASE
        return [client for client in self.clients(session) if client.last_heard > since]

    def job(self, running: Sequence[Job] = ()) -> Job | None:
        """The most urgent bar of the sessions of which none is `running`; equally urgent ones take turns.

        Only one that is awaited while any such is running, or enough others are.
        """
        awaited = sum(self.is_awaited(job) for job in running)
        if awaited >= TOGETHER:
            return None
        awaited_only = awaited > 0 or len(running) >= TOGETHER
        busy = {job.session for job in running}
        reach = self._reach()
        candidates = []
        for session in self._sessions.values():
            until = reach.get(session.name, 0)
            if session.name in self.blocked or session in busy or (awaited_only and not _awaits(session, until)):
                continue
            job = session.job(until)
            if job:
                candidates.append((_urgency(job, until), self._served.get(session.name, 0), job))
        if not candidates:
            return None
        job = min(candidates, key=lambda candidate: candidate[:2])[2]
        self._jobs += 1
        self._served[job.session.name] = self._jobs
        return job

    def is_awaited(self, job: Job) -> bool:
        """Whether somebody waits for what can only be composed once `job` is done."""
        reach = max((client.wanted.stop for client in self.subscribers(job.session)), default=0)
        return _awaits(job.session, reach)

    def _reach(self) -> dict[str, int]:
        """The end of what the subscribers of each session want."""
        now = self._clock()
        reach: dict[str, int] = {}
        for client in self._clients.values():
            if client.wants(now):
                name = client.session.name
                reach[name] = max(reach.get(name, 0), client.wanted.stop)
        return reach


def _awaits(session: Session, reach: int) -> bool:
    """Whether the next bar to be composed is one that somebody waits for now, or soon will."""
    return session.frontier < max(session.position, min(reach, session.position + IN_HAND))


def _urgency(job: Job, reach: int) -> tuple[int, int]:
    if _awaits(job.session, reach):
        return _AWAITED, 0
    return (_WANTED if job.index < reach else _AHEAD), job.index - job.session.position
