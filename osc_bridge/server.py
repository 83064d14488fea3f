"""Serves: hands packets from the sockets to the service, and stops cleanly. Knows no message.

Listening begins at once; the composer may come later, since a model can take a minute to be compiled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from osc_bridge.binding import DEFAULT_HOST, DEFAULT_PORT, BindError, bind
from osc_bridge.engine import ComposerLike
from osc_bridge.sender import Peer, Sender
from osc_bridge.service import Service
from osc_bridge.stream import StreamProtocol

__all__ = ["DEFAULT_HOST", "DEFAULT_PORT", "BindError", "bind", "serve", "serving"]

log = logging.getLogger("osc_bridge")


class _DatagramProtocol(asyncio.DatagramProtocol):
    service: Service | None = None

    def datagram_received(self, data: bytes, address: tuple[str | int, ...]) -> None:
        if self.service:
            self.service.receive(data, Peer(tuple(address)))

    def error_received(self, error: Exception) -> None:
        log.debug("a client is no longer there: %s", error)


async def serve(
    composer: ComposerLike | Future[ComposerLike],
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    workspace: Path = Path(),
    seed: int | None = None,
    on_ready: Callable[[str, int], None] | None = None,
    *,
    model: str = "",
    stop: asyncio.Event | None = None,
    on_listening: Callable[[], None] | None = None,
) -> None:
    """Serve until cancelled or until `stop` is set.

    Args:
        composer: or the promise of one: until that is kept, every request is answered with the error "starting".
        port: of UDP and TCP; 0 takes a free one.
        workspace: folder for saved files; it exists.
        seed: of every session; None for a new one each.
        on_ready: called with host and port once there is a composer.
        model: its name, as clients are told it.
        on_listening: called once requests are answered.

    Raises:
        BindError: the port is taken, or there is no such address here.
    """
    loop = asyncio.get_running_loop()
    stop = stop or asyncio.Event()
    datagram_socket, stream_socket = bind(host, port)
    bound = datagram_socket.getsockname()[1]
    transport, datagrams = await loop.create_datagram_endpoint(_DatagramProtocol, sock=datagram_socket)
    sender = Sender(transport, loop)
    service = Service(sender, workspace, model, seed)
    datagrams.service = service
    listener = await loop.create_server(lambda: StreamProtocol(service, sender), sock=stream_socket)
    try:
        if on_listening:
            on_listening()
        if await _come(composer, stop):
            service.begin(composer.result() if isinstance(composer, Future) else composer)
            if on_ready:
                on_ready(host, bound)
            await stop.wait()
    finally:
        listener.close()
        await service.stop()
        sender.close()


async def _come(composer: ComposerLike | Future[ComposerLike], stop: asyncio.Event) -> bool:
    """Wait for a composer that is promised; whether it came before `stop` was set."""
    if isinstance(composer, Future):
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((asyncio.wrap_future(composer), stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
    return not stop.is_set()


@contextmanager
def serving(server: Callable[..., Coroutine[Any, Any, None]]) -> Iterator[Future[None]]:
    """Serve on a thread of its own: this one can make the composer, and be interrupted in it.

    Gives what tells when the server has ended, and why. At the end of the context it is stopped.

    Args:
        server: `serve` with all but `stop` and `on_listening`.

    Raises:
        BindError: before anything else.
    """
    listening: Future[Callable[[], object]] = Future()

    async def main() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()

        def on_listening() -> None:
            listening.set_result(lambda: loop.call_soon_threadsafe(stop.set))

        await server(stop=stop, on_listening=on_listening)

    with ThreadPoolExecutor(1, "server") as pool:
        ended = pool.submit(lambda: asyncio.run(main()))
        either: tuple[Future[Any], ...] = (listening, ended)
        try:
            wait(either, return_when=FIRST_COMPLETED)
            if ended.done():
                ended.result()
            yield ended
        finally:
            wait(either, return_when=FIRST_COMPLETED)
            if not ended.done():
                listening.result()()
