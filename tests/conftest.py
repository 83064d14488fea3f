"""Fixtures of several rooms: the embedded model compiled, and a real server as users start it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REAL = "real programs, ports and times"
ROOMS_OF_REAL = {"osc_bridge", "sonic_pi", "supercollider"}


def _group(item: pytest.Item) -> str:
    room = item.path.relative_to(HERE)
    return REAL if room.parts[0] in ROOMS_OF_REAL else str(room)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several workers share the tests (`make test`): a file's tests stay together, for they share what is
    compiled; those of real programs, ports and times are one group, so that they never run beside each other.
    That group comes first, being the longest."""
    if config.getoption("dist", "no") != "loadgroup":
        return
    items.sort(key=lambda item: _group(item) != REAL)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A worker that computes makes way for the other's real programs, which keep time."""
    if item.get_closest_marker("xdist_group") and _group(item) != REAL and hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(10, os.getpriority(os.PRIO_PROCESS, 0)))


@dataclass(frozen=True)
class AmtServer:
    """A running `midinfinite-osc serve`."""

    port: int
    process: subprocess.Popen[str]
    workspace: Path


def start_server(folder: Path, *options: str) -> AmtServer:
    """`midinfinite-osc serve` on a free port, once it says that it is ready; the caller ends it."""
    log = (folder / "serve.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "osc_bridge", "serve", "--port", "0", "--workspace", str(folder / "music"), *options],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:  # ends when the process does
        if ready := re.match(r"ready \S*?:(\d+)", line):
            return AmtServer(int(ready[1]), process, folder / "music")
    process.wait(10)
    raise AssertionError(f"the server ended with {process.returncode}: {(folder / 'serve.log').read_text()}")


def stop_server(server: AmtServer) -> None:
    server.process.terminate()
    try:
        server.process.wait(10)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait(10)
    if server.process.stdout:
        server.process.stdout.close()


@pytest.fixture(scope="session")
def amt_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmtServer]:
    """One real server with the embedded model for all client tests."""
    server = start_server(tmp_path_factory.mktemp("server"), "--session-seed", "1")
    yield server
    stop_server(server)


@pytest.fixture(scope="session")
def decoder() -> object:
    """The embedded model, compiled."""
    from amt import decoder, embedded

    return decoder.load(embedded.PATH)


def require(present: bool, what: str) -> None:
    """Skip by name where a real client is missing; in CI that is a failure."""
    if present:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing; `sh tests/install_clients.sh` installs it")
    pytest.skip(f"{what} is not installed")
