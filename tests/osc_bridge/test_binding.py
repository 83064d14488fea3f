import re
import socket
from pathlib import Path

import pytest

from osc_bridge.binding import DEFAULT_PORT, BindError, bind

ROOT = Path(__file__).parents[2]


def test_both_sockets_have_one_port():
    datagrams, stream = bind("127.0.0.1", 0)
    with datagrams, stream:
        assert datagrams.getsockname() == stream.getsockname()


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_in_use_is_named(kind):
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BindError, match=f"port {port} .* in use.*--port") as caught:
            bind("127.0.0.1", port)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host", "x" * 70, "ü" * 80])
def test_an_address_of_elsewhere_is_named(host):
    with pytest.raises(BindError, match="--host"):
        bind(host, 0)


def test_localhost_is_the_address_that_clients_use():
    datagrams, stream = bind("localhost", 0)
    with datagrams, stream:
        assert datagrams.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "path", ["sonic_pi/amt.rb", "supercollider/Classes/AMT.sc", "supercollider/Classes/AMTLink.sc"]
)
def test_clients_look_for_the_server_where_it_is(path):
    assert set(re.findall(r"\b57\d{3}\b", (ROOT / path).read_text())) == {str(DEFAULT_PORT)}
