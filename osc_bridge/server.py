"""Serves: hands packets from the sockets to the service, and stops cleanly. Knows no message."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from osc_bridge.binding import DEFAULT_HOST, DEFAULT_PORT, BindError, bind
from osc_bridge.engine import ComposerLike
from osc_bridge.sender import Peer, Sender
from osc_bridge.service import Service
from osc_bridge.stream import StreamProtocol

__all__ = ["DEFAULT_HOST", "DEFAULT_PORT", "BindError", "serve"]

log = logging.getLogger("osc_bridge")


class _DatagramProtocol(asyncio.DatagramProtocol):
    service: Service | None = None

    def datagram_received(self, data: bytes, address: tuple[str | int, ...]) -> None:
        if self.service:
            self.service.receive(data, Peer(tuple(address)))

    def error_received(self, error: Exception) -> None:
        log.debug("a client is no longer there: %s", error)


async def serve(
    composer: ComposerLike,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    workspace: Path = Path(),
    seed: int | None = None,
    on_ready: Callable[[str, int], None] | None = None,
    *,
    model: str = "",
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until cancelled, interrupted (SIGINT, SIGTERM, when on the main thread) or until `stop` is set.

    Args:
        port: of UDP and TCP; 0 takes a free one.
        workspace: folder for saved files; it exists.
        seed: of every session; None for a new one each.
        on_ready: called with host and port once requests are answered.
        model: its name, as clients are told it.

    Raises:
        BindError: the port is taken, or there is no such address here.
    """
    loop = asyncio.get_running_loop()
    stop = stop or asyncio.Event()
    datagram_socket, stream_socket = bind(host, port)
    bound = datagram_socket.getsockname()[1]
    transport, datagrams = await loop.create_datagram_endpoint(_DatagramProtocol, sock=datagram_socket)
    sender = Sender(transport, loop)
    service = Service(composer, sender, workspace, model, seed)
    datagrams.service = service
    listener = await loop.create_server(lambda: StreamProtocol(service, sender), sock=stream_socket)
    try:
        with _stopping_signals(stop.set):
            if on_ready:
                on_ready(host, bound)
            await stop.wait()
    finally:
        listener.close()
        await service.stop()
        sender.close()


@contextmanager
def _stopping_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` on SIGINT and SIGTERM, on the main thread only: elsewhere they cannot be caught."""
    loop = asyncio.get_running_loop()
    here = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if here else ()
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
