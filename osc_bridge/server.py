"""The sockets: binds, hands packets to the service, stops cleanly. Knows no message."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from osc_bridge.engine import ComposerLike
from osc_bridge.sender import Peer, Sender
from osc_bridge.service import Service
from osc_bridge.stream import StreamProtocol

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 57990

log = logging.getLogger("osc_bridge")


class BindError(OSError):
    """The server cannot listen there; the text, one line, says why and what to do."""


class _Datagrams(asyncio.DatagramProtocol):
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
    try:
        transport, datagrams = await loop.create_datagram_endpoint(_Datagrams, local_addr=(host, port))
    except OSError as error:
        raise BindError(_why(error, host, port, "UDP")) from error
    try:
        bound = transport.get_extra_info("sockname")[1]
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sender = Sender(transport, loop)
        service = Service(composer, sender, workspace, model, seed)
        try:
            listener = await _listen(lambda: StreamProtocol(service, sender), host, bound)
            datagrams.service = service
            with _Signals(stop.set):
                if on_ready:
                    on_ready(host, bound)
                await stop.wait()
            listener.close()
        finally:
            await service.stop()
    finally:
        transport.close()


async def _listen(protocol: Callable[[], asyncio.Protocol], host: str, port: int) -> asyncio.AbstractServer:
    try:
        return await asyncio.get_running_loop().create_server(protocol, host, port)
    except OSError as error:
        raise BindError(_why(error, host, port, "TCP")) from error


def _why(error: OSError, host: str, port: int, transport: str) -> str:
    where = f"{transport} port {port} of {host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use, perhaps by another midinfinite-osc; stop that one, or choose another with --port"
    if error.errno == errno.EACCES:
        return f"{where} may not be used without more rights; choose a port above 1023 with --port"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{host!r} is no address of this computer; choose one with --host, such as {DEFAULT_HOST}"
    return f"cannot listen on {where}: {error.strerror or error}"


class _Signals:
    """Calls `stop` on SIGINT and SIGTERM inside its `with` block, where signals can be caught."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        here = threading.current_thread() is threading.main_thread()
        self._signals = (signal.SIGINT, signal.SIGTERM) if here else ()

    def __enter__(self) -> None:
        for number in self._signals:
            asyncio.get_running_loop().add_signal_handler(number, self._stop)

    def __exit__(self, *_: object) -> None:
        for number in self._signals:
            asyncio.get_running_loop().remove_signal_handler(number)
