"""A server on a free port with a talker, and a composer whose faults are chosen by the test."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import settings
from pythonosc.osc_message_builder import OscMessageBuilder

from amt.composer import Composer
from amt.passage import Passage
from amt.steering import Steering
from osc_bridge.server import serve
from osc_bridge.wire import Received, decode
from patterns.bar import Bar
from patterns.note import Note

PATIENCE = 20.0

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # a busy machine is no failure


@dataclass(eq=False)
class FaultyDraft:
    """A bar of `FaultyComposer`, composed after so many steps."""

    passage: Passage
    steering: Steering
    steps: int
    outcome: tuple[Bar, Passage] | Exception | None = None


@dataclass
class FaultyComposer:
    """Draws notes from passage and steering as a pure function; fails, waits or fills bars to the brim when told to.

    Attributes:
        failures: how many bars are still to fail.
        open: cleared, every step waits; `entered` says that one does.
        notes: in each bar.
        steps: that a bar takes.
        composed: indices of the bars, in the order they were done.
        advanced: seeds of the bars that went on together, step by step.
    """

    failures: int = 0
    notes: int = 8
    steps: int = 1
    open: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    composed: list[int] = field(default_factory=list)
    advanced: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open.set()

    def begin(self) -> Passage:
        return Passage()

    def begin_bar(self, passage: Passage, steering: Steering) -> FaultyDraft:
        return FaultyDraft(passage, steering, self.steps)

    def advance(self, drafts: Sequence[FaultyDraft]) -> None:
        self.entered.set()
        assert self.open.wait(PATIENCE)
        self.advanced.append([draft.steering.seed for draft in drafts])
        for draft in drafts:
            draft.steps -= 1
            if not draft.steps:
                draft.outcome = self._outcome(draft.passage, draft.steering)

    def _outcome(self, passage: Passage, steering: Steering) -> tuple[Bar, Passage] | Exception:
        if self.failures:
            self.failures -= 1
            return RuntimeError("the model is ill")
        self.composed.append(passage.index)
        draw = random.Random(f"{steering.seed} {passage.index} {steering.tempo} {steering.instruments}")
        programs = [min(choice.programs) for choice in steering.voices] or [0]
        notes = [
            Note(draw.randrange(steering.meter.bar_ticks), draw.choice(programs), draw.randrange(128), 60)
            for _ in range(self.notes)
        ]
        return Bar(passage.index, steering.meter, tuple(notes)), replace(passage, index=passage.index + 1)


class Talker:
    """A UDP client that encodes with python-osc."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE)
        self.server = ("127.0.0.1", port)
        self.sizes: list[int] = []

    def send(self, address: str, *values: object) -> None:
        builder = OscMessageBuilder(address)
        for value in values:
            builder.add_arg(value)
        self.send_bytes(builder.build().dgram)

    def send_bytes(self, data: bytes) -> None:
        self.socket.sendto(data, self.server)

    def receive(self) -> Received:
        data, sender = self.socket.recvfrom(65536)
        assert sender == self.server, "answers come from the listening socket"
        self.sizes.append(len(data))
        (message,) = decode(data)
        return message

    def until(self, *addresses: str) -> list[Received]:
        """What comes, up to and with the first message of one of these addresses; another error is a failure."""
        received = [self.receive()]
        while received[-1].address not in addresses:
            assert received[-1].address != "/amt/error", received[-1].values
            received.append(self.receive())
        return received

    def ask(self, address: str, *values: object, answer: str = "") -> tuple:
        """The values of the answer, whatever comes before it passed over."""
        self.send(address, *values)
        return self.until(answer or address + ".reply")[-1].values

    def bars(self, count: int) -> list[tuple]:
        """The values of the next bars of one part."""
        received = []
        while len(received) < count:
            message = self.receive()
            if message.address.startswith("/amt/bar"):
                received.append(message.values)
        return received


@dataclass
class Running:
    """A server in this process."""

    port: int
    thread: threading.Thread
    stop: Callable[[], object]
    workspace: Path
    failure: BaseException | None = None


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers; each is stopped at the end and must have ended cleanly."""
    with starting(tmp_path) as begin:
        yield begin


@contextlib.contextmanager
def starting(folder: Path) -> Iterator[Start]:
    running: list[Running] = []

    def begin(composer: object, port: int = 0, seed: int | None = 7) -> Running:
        ready = threading.Event()
        server = Running(0, threading.Thread(), lambda: None, folder)

        def on_ready(_: str, bound: int) -> None:
            server.port = bound
            ready.set()

        async def main() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            server.stop = lambda: loop.call_soon_threadsafe(stop.set)
            await serve(composer, "127.0.0.1", port, folder, seed, on_ready, model="test", stop=stop)  # type: ignore[arg-type]

        def run() -> None:
            try:
                asyncio.run(main())
            except BaseException as error:  # noqa: BLE001  handed on to the test below
                server.failure = error
            finally:
                ready.set()

        server.thread = threading.Thread(target=run)
        server.thread.start()
        assert ready.wait(PATIENCE)
        if server.failure:
            server.thread.join()
            raise server.failure
        running.append(server)
        return server

    yield begin
    for server in running:
        if server.thread.is_alive():
            server.stop()
        server.thread.join(PATIENCE)
        assert not server.thread.is_alive()
        assert server.failure is None


@pytest.fixture
def faulty() -> FaultyComposer:
    return FaultyComposer()


@pytest.fixture
def server(start: Start, faulty: FaultyComposer) -> Running:
    """A server whose music costs nothing."""
    return start(faulty)


@pytest.fixture
def talk() -> Iterator[Callable[[Running], Talker]]:
    """Opens talkers to a server."""
    talkers: list[Talker] = []

    def open_talker(server: Running) -> Talker:
        talkers.append(Talker(server.port))
        return talkers[-1]

    yield open_talker
    for talker in talkers:
        talker.socket.close()


@pytest.fixture
def talker(server: Running, talk: Callable[[Running], Talker]) -> Talker:
    """A client of `server`."""
    return talk(server)


@pytest.fixture(scope="session")
def embedded_server(decoder: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with the real composer and the embedded model."""
    with starting(tmp_path_factory.mktemp("workspace")) as begin:
        yield begin(Composer(decoder))  # type: ignore[arg-type]
