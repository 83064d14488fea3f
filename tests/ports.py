"""Ports that tests may use."""

from __future__ import annotations

import contextlib
import socket


def free_udp_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that are free now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
