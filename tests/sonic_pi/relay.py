"""A UDP relay between Sonic Pi and the real server, only to provoke a fault: losing or changing datagrams."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable

from osc_bridge import wire

GAP = 0.003
"""Seconds between datagrams, as the server keeps them (docs/protocol.md)."""


class Relay:
    """A context manager; Sonic Pi talks to `port`.

    Attributes:
        silent: lose every datagram, both ways.
        requests: what Sonic Pi sent, in order: address and values.
    """

    def __init__(self, server_port: int, change: Callable[[bytes], list[bytes]] = lambda datagram: [datagram]) -> None:
        """`change` gives the datagrams that reach Sonic Pi in place of one that the server sent."""
        self.silent = False
        self.requests: list[tuple[object, ...]] = []
        self._change = change
        self._server = ("127.0.0.1", server_port)
        self._client: tuple[str, int] | None = None
        self._near, self._far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for one in (self._near, self._far):
            one.bind(("127.0.0.1", 0))
        self.port: int = self._near.getsockname()[1]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._near.close()
        self._far.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._near, selectors.EVENT_READ)
            selector.register(self._far, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for key, _ in selector.select(0.1):
                    if key.fileobj is self._near:
                        datagram, self._client = self._near.recvfrom(65_535)
                        self.requests += [(one.address, *one.values) for one in wire.decode(datagram)]
                        if not self.silent:
                            self._far.sendto(datagram, self._server)
                    else:
                        datagram = self._far.recv(65_535)
                        for changed in self._change(datagram) if self._client and not self.silent else ():
                            self._near.sendto(changed, self._client)
                            time.sleep(GAP)
