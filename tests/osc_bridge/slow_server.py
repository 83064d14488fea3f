"""`midinfinite-osc serve` whose model is as slow to prepare as a test wants: only the delay is staged."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from osc_bridge.wire import decode, encode
from tests.conftest import AmtServer, as_in_a_terminal, stop_server
from tests.ports import free_udp_ports

PROGRAM = """
import sys
from pathlib import Path
from amt import decoder
from osc_bridge.cli import main

compiled, gate = decoder.objects, Path(sys.argv.pop())

def objects(layout, progress):
    gate.read_bytes()  # a FIFO: waits until the test opens it
    return compiled(layout, progress)

decoder.objects = objects
main(prog_name="midinfinite-osc")
"""


@dataclass(frozen=True)
class SlowServer:
    """A server that listens, and prepares its model until `go_on`."""

    server: AmtServer
    gate: Path

    @property
    def port(self) -> int:
        return self.server.port

    def go_on(self) -> list[str]:
        """Let the model be loaded; what the server printed up to the line that says ready."""
        self.gate.write_bytes(b"go on")
        printed = []
        for line in self.server.process.stdout or ():
            printed.append(line)
            if line.startswith("ready "):
                return printed
        raise AssertionError(f"the server ended: {(self.gate.parent / 'serve.log').read_text()}")


@contextmanager
def slow_server(folder: Path, *options: str) -> Iterator[SlowServer]:
    """Starts it; it may take a second until it listens."""
    gate = folder / "gate"
    os.mkfifo(gate)
    (port,) = free_udp_ports(1)
    where = ["--port", str(port), "--workspace", str(folder / "music")]
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "serve", *where, *options, str(gate)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=as_in_a_terminal,
        )
    server = AmtServer(port, process, folder / "music")
    try:
        yield SlowServer(server, gate)
    finally:
        stop_server(server)


def first_answer(port: int, address: str, *values: int | str) -> list[object]:
    """What a server answers that may not listen yet: the message's address and values."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.2)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            client.sendto(encode(address, values), ("127.0.0.1", port))
            with suppress(TimeoutError):
                (message,) = decode(client.recv(65535))
                return [message.address, *message.values]
    raise AssertionError(f"no answer to {address}")
