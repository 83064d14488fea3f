"""The server's two sockets, UDP and TCP on one port. Knows no protocol."""

from __future__ import annotations

import errno
import socket

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 57990

_RECEIVE_BUFFER = 1 << 20
_FREE_PORT_TRIES = 20


class BindError(OSError):
    """The server cannot listen there; the text, one line, says why and what to do."""


def bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Bind a UDP and a TCP socket to the same port; port 0 takes one that is free for both.

    Raises:
        BindError: the port is taken or not allowed, or there is no such address here.
    """
    for _ in range(_FREE_PORT_TRIES if port == 0 else 1):
        datagrams = _bind(host, port, socket.SOCK_DGRAM)
        try:
            return datagrams, _bind(host, datagrams.getsockname()[1], socket.SOCK_STREAM)
        except BindError as error:
            datagrams.close()
            taken = error
    raise taken


def _bind(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)
        family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        bound = socket.socket(family, kind)
    except (OSError, UnicodeError, OverflowError) as error:
        raise BindError(_why(error, host, port, kind)) from error
    try:
        if kind == socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        bound.bind(address)
    except (OSError, OverflowError) as error:
        bound.close()
        raise BindError(_why(error, host, port, kind)) from error
    bound.setblocking(False)
    return bound


def _why(error: Exception, host: str, port: int, kind: socket.SocketKind) -> str:
    where = f"{'UDP' if kind == socket.SOCK_DGRAM else 'TCP'} port {port} of {host}"
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"{where} is in use, perhaps by another midinfinite-osc; stop that one, or choose another with --port"
    if number == errno.EACCES:
        return f"{where} may not be used without more rights; choose a port above 1023 with --port"
    if isinstance(error, socket.gaierror | UnicodeError) or number == errno.EADDRNOTAVAIL:
        return f"{host!r} is no address of this computer; choose one with --host, such as {DEFAULT_HOST}"
    return f"cannot listen on {where}: {error}"
