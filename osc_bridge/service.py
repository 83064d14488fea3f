"""What each request does: checks it by the table, acts on sessions, answers through the sender. Knows no socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import osc_bridge
from amt.draft import Outcome
from amt.keys import Value
from amt.steering import SteeringError
from osc_bridge.bars import as_messages
from osc_bridge.client import Client, Phrase
from osc_bridge.engine import ComposerLike, Engine
from osc_bridge.messages import ANSWERS, PENDING, PROTOCOL, ProtocolError, request
from osc_bridge.sender import Peer, Sender
from osc_bridge.session import Job, Session
from osc_bridge.sessions import Sessions, new_seed
from osc_bridge.sparse import SparseLog
from osc_bridge.wire import Received, WireError, decode
from osc_bridge.workspace import Workspace
from patterns.bar import Bar

LEAP = 64
"""Bars that one of several subscribers may move the piece on at once."""

log = logging.getLogger("osc_bridge")
osc_in = logging.getLogger("osc_bridge.osc.in")

Values = tuple[Value, ...]


class Service:
    """The server without its socket. Until it is given a composer, it answers every request with the error "starting".

    Args:
        model: the model's name, for hello and status.
        seed: of every session, or None for a new one each.
    """

    def __init__(self, sender: Sender, workspace: Path, model: str, seed: int | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._sender = sender
        self._workspace = Workspace(workspace)
        self._model = model[:256]
        self._sessions = Sessions(seed, self._loop.time)
        self._engine: Engine | None = None
        self._dropped = SparseLog(log, self._loop.time)
        self._tasks: set[asyncio.Task[None]] = set()
        self._requests: dict[str, Callable[[Client, Values], None]] = {
            "/amt/hello": self._hello,
            "/amt/next": self._next,
            "/amt/want": self._want,
            "/amt/set": self._set,
            "/amt/get": self._get,
            "/amt/save": self._save,
            "/amt/reset": self._reset,
            "/amt/status": self._status,
            "/amt/bye": self._bye,
        }

    def begin(self, composer: ComposerLike) -> None:
        """From now on there is music."""
        sessions = self._sessions
        self._engine = Engine(composer, sessions.job, sessions.is_awaited, self._composed, self._late)
        self._engine.wake()

    async def stop(self) -> None:
        """Compose no more, finish what is being written."""
        if self._engine:
            self._engine.stop()
        await asyncio.gather(*self._tasks)

    def receive(self, data: bytes, peer: Peer) -> None:
        """Answer one packet."""
        try:
            received = decode(data)
        except WireError as error:
            if data.startswith((b"/", b"#bundle")):
                self._refuse(peer, ProtocolError("malformed", f"{error}; send OSC 1.0 messages"))
            else:
                self._dropped.warning("dropped %d bytes from %s: %s", len(data), peer, error)
            return
        for message in received:
            self._take(message, peer)
        if self._engine:
            self._engine.wake()

    def lost(self, peer: Peer) -> None:
        """A connection has ended."""
        self._sessions.forget(peer)

    def _take(self, message: Received, peer: Peer) -> None:
        osc_in.debug("%s %s %s", peer, message.address, message.values)
        if message.address in ANSWERS or message.address.startswith("/amt/bar/"):
            self._dropped.warning("dropped %s from %s: it is a server's message", message.address, peer)
            return
        id_ = 0
        try:
            row = request(message.address)
            values = row.check(message.values)
            id_ = int(values[0]) if row.has_id else 0
            if not row.available:
                raise ProtocolError("not-yet", f"{row.address} is not built yet: it comes in a later version", id_)
            if self._engine is None:
                seconds = self._loop.time() - self._since
                raise ProtocolError("starting", f"still preparing the model: {seconds:.0f} s so far; try again", id_)
            self._requests[row.address](self._sessions.client(peer), values)
        except ProtocolError as error:
            self._refuse(peer, error, id_)
        except SteeringError as error:
            self._refuse(peer, ProtocolError(error.code, str(error)))
        except WireError as error:
            self._refuse(peer, ProtocolError("size", str(error), id_))

    def _refuse(self, peer: Peer, error: ProtocolError, id_: int = 0) -> None:
        text = str(error)
        text = text if len(text) <= 1000 else text[:999] + "…"
        text = text.encode(errors="replace").decode().replace("\0", " ")
        self._sender.send(peer, "/amt/error", (error.id or id_, error.code, text))

    def _hello(self, client: Client, values: Values) -> None:
        name, session, slots = (*values, 0)[:3]
        self._sessions.join(client, str(session))
        client.name, client.slots, client.said_hello = str(name), int(slots), True
        joined = client.session
        reply = (PROTOCOL, osc_bridge.__version__, self._model, joined.name, joined.place(client.performer))
        self._sender.send(client.peer, "/amt/hello.reply", reply)

    def _next(self, client: Client, values: Values) -> None:
        id_, count = int(values[0]), int(values[1])
        self._check_slots(client, count, id_)
        phrase = client.phrases.get(id_)
        if phrase is None:
            if len(client.pending()) >= PENDING:
                raise ProtocolError("busy", f"{PENDING} phrases are still being composed; wait for one of them", id_)
            phrase = Phrase(id_, client.session.promise(count, client.performer), count)
            client.remember(phrase)
            self._deliver(client.session)
        elif phrase.bars:
            self._send_phrase(client, phrase)

    def _want(self, client: Client, values: Values) -> None:
        first, count = int(values[0]), int(values[1])
        session, now = client.session, self._loop.time()
        if not client.said_hello:
            raise ProtocolError("hello", "say /amt/hello with client, session and slots before /amt/want")
        self._check_slots(client, count)
        if session.is_gone(first):
            raise ProtocolError("past", f"bar {first} is gone; go on from bar {session.position}")
        others = [each for each in self._sessions.subscribers(session) if each is not client]
        if others and first > session.position + LEAP:
            text = (
                f"others play along at bar {session.position}; want bars up to {session.position + LEAP}, not {first}"
            )
            raise ProtocolError("range", f"{text}, or use a session of your own")
        client.want(range(first, first + count), now)
        session.advance(first, client.performer)
        self._deliver(session)

    def _set(self, client: Client, values: Values) -> None:
        key = str(values[0])
        now_holds = client.session.steer(key, values[1:])
        self._sender.send(client.peer, "/amt/set.reply", (key, *now_holds))

    def _get(self, client: Client, values: Values) -> None:
        key = str(values[0])
        self._sender.send(client.peer, "/amt/set.reply", (key, *client.session.steering.get(key)))

    def _save(self, client: Client, values: Values) -> None:
        path = self._workspace.path(str(values[0]))
        record = client.session.record.copy()
        if not len(record):
            raise ProtocolError("range", "nothing has been played yet; save after the first bars")
        task = self._loop.create_task(self._write(client.peer, path, len(record), lambda: record.save(path)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, peer: Peer, path: Path, bars: int, save: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(save)
        except OSError as error:
            log.warning("%s: %s", path, error)
            text = f"{path.name} could not be written into the workspace: {error.strerror or error}"
            self._refuse(peer, ProtocolError("file", text))
            return
        log.info("saved %d bars as %s", bars, path)
        self._sender.send(peer, "/amt/save.reply", (path.name, bars))

    def _reset(self, client: Client, values: Values) -> None:
        session = client.session
        if not (session.is_untouched and (not values or values[0] == session.seed)):
            session.reset(int(values[0]) if values else new_seed())
            for each in self._sessions.clients(session):
                each.unsubscribe()
                for phrase in each.pending():
                    phrase.first = session.promise(phrase.count, each.performer)
        self._sender.send(client.peer, "/amt/reset.reply", (session.seed,))

    def _status(self, client: Client, _: Values) -> None:
        session = client.session
        pairs: dict[str, Value] = {
            "version": osc_bridge.__version__,
            "model": self._model,
            "session": session.name,
            "next_bar": session.place(client.performer),
            "composed": session.frontier,
            "revision": session.generation,
            "seed": session.seed,
            "tempo": float(session.steering.tempo),
            "clients": len(self._sessions.present(session)),
            "sessions": len(self._sessions),
            "compose_ms": self._engine.last_duration * 1000 if self._engine else 0.0,
        }
        flat = tuple(value for pair in pairs.items() for value in pair)
        self._sender.send(client.peer, "/amt/status.reply", flat)

    def _bye(self, client: Client, _: Values) -> None:
        self._sessions.dismiss(client)

    @staticmethod
    def _check_slots(client: Client, count: int, id_: int = 0) -> None:
        if client.slots and count > client.slots:
            text = f"with {client.slots} slots at most {client.slots} bars at once; {count} would overwrite one another"
            raise ProtocolError("range", text, id_)

    def _composed(self, job: Job, outcome: Outcome) -> None:
        if isinstance(outcome, Exception):
            self._sessions.blocked.add(job.session.name)
            text = f"bar {job.index} could not be composed ({type(outcome).__name__}: {outcome}); ask again"
            self._tell_waiting(job.session, text)
        elif job.session.finish(job, *outcome):
            self._deliver(job.session)

    def _late(self, job: Job) -> None:
        for session in self._sessions:
            self._tell_waiting(
                session, f"one bar of session {job.session.name!r} keeps the composer busy for too long; ask again"
            )

    def _tell_waiting(self, session: Session, text: str) -> None:
        session.give_up()
        for client in self._sessions.clients(session):
            for phrase in client.pending():
                del client.phrases[phrase.id]
                self._refuse(client.peer, ProtocolError("composer", text, phrase.id))
            if any(session.bar(index) is None for index in client.wants(self._loop.time())):
                self._refuse(client.peer, ProtocolError("composer", text))

    def _deliver(self, session: Session) -> None:
        """Send everybody what is ready for them."""
        now = self._loop.time()
        for client in self._sessions.clients(session):
            for phrase in client.pending():
                bars = [session.bar(index) for index in range(phrase.first, phrase.first + phrase.count)]
                ready = tuple(bar for bar in bars if bar)
                if len(ready) == phrase.count:
                    phrase.bars = ready
                    self._send_phrase(client, phrase)
            for bar in client.lacking(now):
                self._send_bar(client, bar)

    def _send_phrase(self, client: Client, phrase: Phrase) -> None:
        for bar in phrase.bars:
            self._send_bar(client, bar)
        self._sender.send(client.peer, "/amt/next.reply", (phrase.id, phrase.first, phrase.count), bars=True)

    def _send_bar(self, client: Client, bar: Bar) -> None:
        for address, values in as_messages(bar, client.slots):
            self._sender.send(client.peer, address, values, bars=True)
