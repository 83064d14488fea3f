"""Fixtures of several rooms: the embedded model compiled, and a real server as users start it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REAL = ("tests/osc_bridge/", "tests/sonic_pi/", "tests/supercollider/")
"""Rooms of real programs, ports and times."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where two workers share the tests (`make test`): a file's tests stay together, for they share what is compiled;
    all of the real rooms stay together, so that they never run beside each other."""
    from xdist.scheduler import LoadScopeScheduling

    class Rooms(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "real" if nodeid.startswith(REAL) else nodeid.partition("::")[0]

    config.option.loadscopereorder = False
    return Rooms(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The real rooms come first there, being what takes longest."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: not item.nodeid.startswith(REAL))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A worker that computes makes way for the other's real programs, which keep time."""
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(REAL):
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


def as_in_a_terminal() -> None:
    """For a child before it begins: where the tests run under nohup it would ignore SIGHUP, too."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


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
