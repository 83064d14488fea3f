"""The server over TCP, as sclang's NetAddr.connect speaks it."""

import contextlib
import socket
import struct
from collections.abc import Iterator

import pytest

from osc_bridge.wire import decode, encode


@pytest.fixture
def connection(server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as opened:
        yield opened


def frame(address, *values):
    data = encode(address, values)
    return struct.pack(">i", len(data)) + data


def exactly(connection, count):
    data = b""
    while len(data) < count:
        data += connection.recv(count - len(data))
    return data


def read(connection):
    (size,) = struct.unpack(">i", exactly(connection, 4))
    (message,) = decode(exactly(connection, size))
    return message


def test_requests_are_answered_on_the_connection(connection):
    connection.sendall(frame("/amt/hello", "test", "") + frame("/amt/next", 1, 2))
    assert [read(connection).address for _ in range(4)] == [
        "/amt/hello.reply",
        "/amt/bar",
        "/amt/bar",
        "/amt/next.reply",
    ]


def test_frames_may_come_in_pieces(connection):
    for byte in frame("/amt/status"):
        connection.sendall(bytes([byte]))
    assert read(connection).address == "/amt/status.reply"


def test_two_connections_are_two_clients(connection, server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as other:
        connection.sendall(frame("/amt/hello", "a", "one"))
        other.sendall(frame("/amt/hello", "b", "two"))
        assert read(connection).values[3] == "one"
        assert read(other).values[3] == "two"


@pytest.mark.parametrize("size", [0, -1, 2**31 - 1])
def test_a_size_that_lies_ends_the_connection_only(connection, talker, size):
    connection.sendall(struct.pack(">i", size) + b"x" * 100)
    with contextlib.suppress(ConnectionResetError):
        assert connection.recv(1) == b""
    assert talker.ask("/amt/status")


def test_a_closed_connection_is_forgotten(server, talker):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as opened:
            opened.sendall(frame("/amt/hello", "a", "one") + frame("/amt/want", 0, 64))
            read(opened)
    assert talker.ask("/amt/status")
