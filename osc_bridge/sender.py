"""The only way out: every datagram passes here, is checked by the wire rules, queued for its peer and paced.

Keeps, for each peer, at least `GAP` seconds between datagrams, in order; answers overtake bars, yet bars get every
fourth place. Queues are bounded: what finds no room is dropped, and the protocol lets the peer ask again. Knows no
session.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from amt.keys import Value
from osc_bridge.sparse import SparseLog
from osc_bridge.wire import encode

GAP = 0.003
"""Least time between two datagrams to one peer, in seconds: what sclang and Sonic Pi take without loss."""

MAX_WAITING = 1024
MAX_PEERS = 1024
_ANSWERS_IN_A_ROW = 3
_MAX_UNSENT = 1 << 20

log = logging.getLogger("osc_bridge")
osc_out = logging.getLogger("osc_bridge.osc.out")


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a request came from and its answers go.

    Attributes:
        address: as the socket gave it.
        stream: a TCP connection; otherwise UDP.
    """

    address: tuple[str | int, ...]
    stream: bool = False

    def __str__(self) -> str:
        return f"{'tcp' if self.stream else 'udp'} {self.address[0]}:{self.address[1]}"


class Clock(Protocol):
    """What the sender needs of an event loop."""

    def time(self) -> float: ...
    def call_at(self, when: float, callback: Callable[..., object], *args: object) -> object: ...


@dataclass(slots=True)
class _Lane:
    answers: deque[bytes] = field(default_factory=deque)
    bars: deque[bytes] = field(default_factory=deque)
    due: float = float("-inf")
    answers_in_a_row: int = 0

    def take(self) -> bytes | None:
        bars_turn = not self.answers or (self.bars and self.answers_in_a_row >= _ANSWERS_IN_A_ROW)
        self.answers_in_a_row = 0 if bars_turn else self.answers_in_a_row + 1
        queue = self.bars if bars_turn else self.answers
        return queue.popleft() if queue else None


class Sender:
    """Sends messages to peers over the listening socket, or over their own TCP connection."""

    def __init__(self, transport: asyncio.DatagramTransport, clock: Clock) -> None:
        self.__datagrams = transport
        self.__streams: dict[Peer, asyncio.Transport] = {}
        self._clock = clock
        self._lanes: dict[Peer, _Lane] = {}
        self._dropped = SparseLog(log, clock.time)

    def send(self, peer: Peer, address: str, values: Sequence[Value], *, bars: bool = False) -> bool:
        """Queue one message; whether it found room.

        Args:
            bars: it belongs to the stream of bars, whose order is kept; an answer overtakes them.

        Raises:
            WireError: the message breaks a rule of the wire; nothing is sent.
        """
        data = encode(address, values)
        lane = self._lanes.get(peer)
        if lane is None:
            if len(self._lanes) >= MAX_PEERS:
                self._dropped.warning("dropped %s: more than %d peers are waiting", address, MAX_PEERS)
                return False
            lane = self._lanes[peer] = _Lane()
            self._clock.call_at(self._clock.time(), self._next, peer)
        queue = lane.bars if bars else lane.answers
        if len(queue) >= MAX_WAITING:
            self._dropped.warning("dropped %s to %s: %d messages already wait for it", address, peer, MAX_WAITING)
            return False
        queue.append(data)
        osc_out.debug("%s %s %s", peer, address, values)
        return True

    def open_stream(self, peer: Peer, transport: asyncio.Transport) -> None:
        """From now on `peer` is answered over this TCP connection."""
        self.__streams[peer] = transport

    def close_stream(self, peer: Peer) -> None:
        """The TCP connection of `peer` has ended; what waits for it is dropped."""
        self.__streams.pop(peer, None)

    def close(self) -> None:
        """Close the socket and all connections; what waits is dropped."""
        for stream in self.__streams.values():
            stream.abort()
        self._lanes.clear()
        self.__datagrams.close()

    def _next(self, peer: Peer) -> None:
        lane = self._lanes.get(peer)
        if lane is None:
            return  # closed meanwhile
        now = self._clock.time()
        if now >= lane.due:
            data = lane.take()
            if data is None:
                del self._lanes[peer]
                return
            lane.due = now + GAP
            self._transmit(peer, data)
        self._clock.call_at(lane.due, self._next, peer)

    def _transmit(self, peer: Peer, data: bytes) -> None:
        if not peer.stream:
            self.__datagrams.sendto(data, peer.address)
            return
        stream = self.__streams.get(peer)
        if stream is None:
            return
        if stream.get_write_buffer_size() > _MAX_UNSENT:
            self._dropped.warning("closed %s: it does not read", peer)
            stream.abort()
            return
        stream.write(struct.pack(">i", len(data)) + data)
