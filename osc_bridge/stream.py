"""OSC over TCP with int32 size prefixes, as sclang's `NetAddr.connect` speaks it. Framing only; knows no message."""

from __future__ import annotations

import asyncio
import struct
from typing import cast

from osc_bridge.sender import Peer, Sender
from osc_bridge.service import Service
from osc_bridge.wire import MAX_RECEIVED

_SIZE = struct.Struct(">i")


class StreamProtocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, service: Service, sender: Sender) -> None:
        self._service = service
        self._sender = sender
        self._unread = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._peer = Peer(tuple(transport.get_extra_info("peername")), stream=True)
        self._sender.open_stream(self._peer, self._transport)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while len(self._unread) >= _SIZE.size:
            (size,) = _SIZE.unpack_from(self._unread)
            if not 0 < size <= MAX_RECEIVED:
                self._transport.abort()
                return
            if len(self._unread) < _SIZE.size + size:
                return
            packet = bytes(self._unread[_SIZE.size : _SIZE.size + size])
            del self._unread[: _SIZE.size + size]
            self._service.receive(packet, self._peer)

    def connection_lost(self, _: Exception | None) -> None:
        self._sender.close_stream(self._peer)
        self._service.lost(self._peer)
