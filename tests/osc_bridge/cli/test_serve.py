"""`serve` as a user starts it: ready, stopped by Ctrl-C, and one clear line when it cannot start."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from amt import embedded
from osc_bridge.binding import DEFAULT_PORT
from osc_bridge.cli import main
from osc_bridge.cli.serve import ANY_ADDRESS, paste_ins, reached_at
from osc_bridge.wire import decode, encode
from tests.conftest import start_server, stop_server
from tests.osc_bridge.slow_server import first_answer, slow_server
from tests.ports import free_udp_ports


def serve(*options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "osc_bridge", "serve", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def assert_one_line(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 2
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1
    assert "Traceback" not in result.stderr
    assert all(word in lines[0] for word in words), lines


def ask(port: int, address: str, *values: int | str) -> list[object]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(60)  # the server may run at nice 17 beside another worker of the tests
        client.sendto(encode(address, values), ("127.0.0.1", port))
        (message,) = decode(client.recv(65535))
        return [message.address, *message.values]


def ask_stream(stream: socket.socket, address: str, *values: int | str) -> list[object]:
    """As `ask`, over TCP."""
    data = encode(address, values)
    stream.sendall(struct.pack(">i", len(data)) + data)
    (size,) = struct.unpack(">i", stream.recv(4, socket.MSG_WAITALL))
    (message,) = decode(stream.recv(size, socket.MSG_WAITALL))
    return [message.address, *message.values]


def test_while_its_model_is_prepared_it_says_so_whatever_is_asked(tmp_path: Path) -> None:
    with slow_server(tmp_path, "--session-seed", "7") as slow:
        address, id_, code, text = first_answer(slow.port, "/amt/hello", "test", "main")
        assert (address, id_, code) == ("/amt/error", 0, "starting")
        assert re.fullmatch(r"still preparing the model: \d+ s so far; try again", str(text))
        assert ask(slow.port, "/amt/next", 5, 1)[:3] == ["/amt/error", 5, "starting"]
        for address, *values in (("/amt/want", 0, 4), ("/amt/set", "tempo", 90), ("/amt/status",), ("/amt/bye",)):
            assert ask(slow.port, address, *values)[2] == "starting"
        assert ask(slow.port, "/amt/nxt", 5, 1)[2] == "unknown-message", "a mistake is a mistake all the same"
        with socket.create_connection(("127.0.0.1", slow.port), 60) as stream:
            assert ask_stream(stream, "/amt/next", 6, 1)[1:3] == [6, "starting"]
            assert slow.go_on()[-1].startswith(f"ready 127.0.0.1:{slow.port} model embedded seed 7")
            assert ask_stream(stream, "/amt/hello", "test", "main")[0] == "/amt/hello.reply"
        assert ask(slow.port, "/amt/next", 5, 1)[:2] == ["/amt/bar", 0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_can_be_ended_while_its_model_is_prepared(tmp_path: Path, number: signal.Signals) -> None:
    with slow_server(tmp_path) as slow:
        assert first_answer(slow.port, "/amt/status")[2] == "starting"
        slow.server.process.send_signal(number)
        assert slow.server.process.wait(20) == 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", slow.port))
    said = (tmp_path / "serve.log").read_text()
    assert said.splitlines()[-1] == "stopped"
    assert "Traceback" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_real_compilation_that_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (port,) = free_udp_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "osc_bridge", "serve", "--port", str(port), "--workspace", str(tmp_path)],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert any("compiling the model" in line for line in process.stderr), "it ended by itself"
        assert ask(port, "/amt/status")[2] == "starting"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 1
        process.send_signal(signal.SIGTERM)
        printed, said = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, printed) == (0, "")
    assert "Traceback" not in said
    assert not Path(f"/proc/{children[0]}").exists()
    assert list(cache.rglob(".compiling-*")) == []


def test_it_says_ready_answers_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    server = start_server(tmp_path, "--session-seed", "7")
    try:
        assert ask(server.port, "/amt/hello", "test", "main")[:4] == ["/amt/hello.reply", 1, "0.1.0", "embedded"]
        status = ask(server.port, "/amt/status")
        assert status[status.index("seed") + 1] == 7
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", server.port))
    finally:
        stop_server(server)
    assert "Traceback" not in (tmp_path / "serve.log").read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full, which Linux has")
def test_a_disk_too_full_for_its_log_costs_no_music(tmp_path: Path) -> None:
    [port] = free_udp_ports(1)
    options = ["--port", str(port), "--workspace", str(tmp_path / "music")]
    with (
        Path("/dev/full").open("w") as full,
        subprocess.Popen(
            [sys.executable, "-m", "osc_bridge", "serve", *options], stdout=full, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            assert process.stderr is not None
            assert any("standard output: No space left on device" in line for line in process.stderr)
            assert ask(port, "/amt/next", 5, 1)[:2] == ["/amt/bar", 0]
        finally:
            process.send_signal(signal.SIGINT)


def test_what_to_paste_is_printed_for_both_clients(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    try:
        assert server.process.stdout is not None
        printed = "".join(server.process.stdout.readline() for _ in range(11))
    finally:
        stop_server(server)
    assert f"AMT.new(port: {server.port})" in printed
    assert f"amt_connect port: {server.port}" in printed
    assert "amt_loop" in printed
    assert "Quarks" not in printed, "two copies of the quark would keep the class library from compiling"


def test_what_to_paste_on_another_computer_names_this_one() -> None:
    text = paste_ins(57120, "192.168.0.7")
    assert 'AMT.new(hostname: "192.168.0.7", port: 57120);' in text
    assert 'amt_connect host: "192.168.0.7", port: 57120\n' in text
    assert 'AMT.new(hostname: "192.168.0.7");' in paste_ins(DEFAULT_PORT, "192.168.0.7")
    assert "AMT.new;" in paste_ins(DEFAULT_PORT)
    assert "amt_connect" not in paste_ins(DEFAULT_PORT)
    assert reached_at("192.168.0.7") == "192.168.0.7"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind((reached_at(ANY_ADDRESS), 0))  # an address of this computer, and not any
        assert here.getsockname()[0] != ANY_ADDRESS


def test_a_client_that_is_not_installed_is_to_be_installed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "SONIC_PI_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    first, last = "clients install supercollider)", "clients install sonic-pi)"
    assert first in paste_ins(57120)
    assert last in paste_ins(57120)
    assert CliRunner().invoke(main, ["clients", "install", "supercollider"]).exit_code == 0
    assert first not in paste_ins(57120)
    assert last in paste_ins(57120)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_in_use(tmp_path: Path, kind: int) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        assert_one_line(serve("--port", str(port), "--workspace", tmp_path), str(port), "in use", "--port")


def test_an_address_that_is_not_here(tmp_path: Path) -> None:
    assert_one_line(serve("--host", "192.0.2.1", "--port", "0", "--workspace", tmp_path), "192.0.2.1", "--host")


def test_a_missing_model(tmp_path: Path) -> None:
    assert_one_line(serve("--model", "nobody/nothing", "--workspace", tmp_path), "pull nobody/nothing")


@pytest.mark.parametrize("damage", ["truncated", "flipped", "config"])
def test_a_damaged_model(tmp_path: Path, damage: str) -> None:
    model = tmp_path / "model"
    shutil.copytree(embedded.PATH, model)
    shard = model / "params_shard_0.bin"
    if damage == "truncated":
        with shard.open("r+b") as file:
            file.truncate(1_000_000)
    elif damage == "flipped":
        with shard.open("r+b") as file:
            file.seek(5_000_000)
            octets = file.read(64)
            file.seek(5_000_000)
            file.write(bytes(255 - octet for octet in octets))
    else:
        (model / "mlc-chat-config.json").write_text("{")
    broken = "mlc-chat-config.json" if damage == "config" else "params_shard_0.bin"
    assert_one_line(serve("--model", model, "--workspace", tmp_path, "--port", "0"), broken)


def test_a_workspace_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_one_line(serve("--workspace", tmp_path / "file" / "music"), "file", "choose another folder with --workspace")


def priorities(process: int) -> dict[int, int]:
    """The nice value of each thread of a process, by its id."""
    found = {}
    for folder in Path(f"/proc/{process}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            found[int(folder.name)] = int(fields[16])
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")
@pytest.mark.parametrize("nice", [0, 17])
def test_threads_that_compose_make_way_and_the_sockets_do_not(tmp_path: Path, nice: int) -> None:
    base = os.getpriority(os.PRIO_PROCESS, 0)
    server = start_server(tmp_path, "--threads", "2", "--nice", str(nice))
    try:
        deadline = time.monotonic() + 60
        made_way: set[int] = set()
        for phrase in range(1, 64):  # the second thread joins when the first has composed for a moment
            answer = ask(server.port, "/amt/next", phrase, 1)
            while "busy for too long" in str(answer[-1]):  # at nice 17, beside others that compute
                answer = ask(server.port, "/amt/next", phrase, 1)
            assert answer[0] == "/amt/bar"
            found = priorities(server.process.pid)
            made_way = {thread for thread, value in found.items() if value == nice != base}
            if len(made_way) >= 2 or not nice or time.monotonic() > deadline:
                break
        assert found[server.process.pid] == base
        assert set(found.values()) <= {base, nice}
        assert len(made_way) >= 2 or not nice
    finally:
        stop_server(server)


def test_a_priority_out_of_range_is_refused(tmp_path: Path) -> None:
    result = serve("--nice", "20", "--workspace", tmp_path)
    assert result.returncode == 2
    assert "0<=x<=19" in result.stderr


def test_help_has_examples() -> None:
    assert "midinfinite-osc serve --port 57991" in serve("--help").stdout
