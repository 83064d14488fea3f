"""`doctor` looks at this computer and says what it saw."""

import re
import socket

import pytest
from click.testing import CliRunner

from osc_bridge.cli import main


def test_it_names_versions_threads_port_and_speed() -> None:
    result = CliRunner().invoke(main, ["doctor", "--threads", "1"])
    assert result.exit_code == 0, result.output
    assert "apache-tvm 0.27.0.post1" in result.output
    assert re.search(r"threads: +1 of \d+ cores", result.output)
    assert re.search(r"speed: +[1-9]\d* notes a second", result.output)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_in_use_is_seen(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        result = CliRunner().invoke(main, ["doctor", "--port", str(port), "--model", "nobody/nothing"])
    assert f"port {port}:" in result.output
    assert "in use" in result.output


def test_a_missing_model_is_exit_code_2() -> None:
    result = CliRunner().invoke(main, ["doctor", "--model", "nobody/nothing"])
    assert result.exit_code == 2
    assert "pull nobody/nothing" in result.output
