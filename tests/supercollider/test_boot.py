"""AMT.boot: sclang finds the command, starts the server, and takes it along however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def path_with_command(tmp_path, amt_server) -> dict[str, str]:
    """A PATH on which midinfinite-osc serves with this user's own caches, and leaves word of its process."""
    assert amt_server, "has compiled the model for this computer"
    command = tmp_path / "bin" / "midinfinite-osc"
    command.parent.mkdir()
    caches = {name: value for name, value in os.environ.items() if name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    setting = " ".join(f"{name}='{value}'" for name, value in caches.items())
    command.write_text(
        f"#!/bin/sh\necho $$ > '{tmp_path}/pid'\ncd '{Path.cwd()}'\nunset XDG_CACHE_HOME XDG_DATA_HOME\n"
        f"exec env {setting} '{sys.executable}' -m osc_bridge \"$@\" --workspace '{tmp_path}/music'\n"
    )
    command.chmod(0o755)
    return {"PATH": f"{command.parent}:{os.environ['PATH']}"}


def wait_for_end(pid: int) -> None:
    """Returns when no process has this number; the test's own time limit says when that is never."""
    if hasattr(os, "pidfd_open"):
        import select

        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        with os.fdopen(descriptor):
            assert select.select([descriptor], [], [], 60)[0], f"process {pid} is still there"


def test_boot_starts_a_server_from_the_path_and_ends_it_with_sclang(sclang, test_folder, path_with_command, tmp_path):
    script = test_folder / "scripts" / "boot.scd"
    outcome = sclang.execute(script, free_port(), "quit", environment=path_with_command)
    ((kind, text),) = outcome.said("not there")
    assert kind == "AMTError"
    assert "/nowhere/midinfinite-osc" in text
    assert outcome.said("ready") == [["true"]]
    ((first, notes),) = outcome.said("bar")
    assert int(first) == 0
    assert int(notes) > 0
    assert outcome.said("once more") == [[]]
    assert "WARNING" not in outcome.text
    wait_for_end(int((tmp_path / "pid").read_text()))


def test_a_killed_sclang_leaves_no_server_behind(sclang, test_folder, path_with_command, tmp_path):
    script = test_folder / "scripts" / "boot.scd"
    sclang.include(test_folder.parents[1] / "supercollider")
    with subprocess.Popen(
        [sclang.program, "-D", "-l", sclang.configuration, script, str(free_port()), "wait"],
        env={**sclang.environment(), **path_with_command},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        assert any(line.startswith("@once more") for line in process.stdout)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_for_end(int((tmp_path / "pid").read_text()))


def test_a_server_that_runs_already_is_used_as_it_is(sclang, test_folder, path_with_command, amt_server):
    script = test_folder / "scripts" / "boot_there.scd"
    free = free_port()
    outcome = sclang.execute(script, amt_server.port, free, seconds=90, environment=path_with_command)
    text = outcome.text
    assert "in use" not in text
    assert text.count("AMT: starting ") == 2, "a server of its own, and another one once that was told to end"
    used = f"a music server is running at 127.0.0.1:{amt_server.port} already, and is used as it is"
    plain, foreign, own = (line for line in text.splitlines() if "is running at" in line)
    assert plain == f"AMT: {used}"
    assert foreign.startswith(f'WARNING: AMT: {used}. The options "--threads 1" have no effect until it is stopped')
    assert "Ctrl-C" in foreign
    assert '"--session-seed 4" have no effect' in own
    assert f"AMT.quit({free})" in own
    assert outcome.said("seed") == [["5"]]


def test_what_cannot_be_started_is_said_with_what_to_do(sclang, test_folder, quark_folder, tmp_path):
    copy = tmp_path / "quark"
    (copy / "Classes").mkdir(parents=True)
    for file in (quark_folder / "Classes").iterdir():
        (copy / "Classes" / file.name).write_bytes(file.read_bytes())
    sclang.include(copy)
    script = test_folder / "scripts" / "boot_fails.scd"
    outcome = sclang.execute(script, environment={"PATH": "/nonexistent"})
    ((kind, text),) = outcome.said("not found")
    assert kind == "AMTError"
    assert "AMT.boot(command:" in text
    assert outcome.said("noted") == [["/bin/false"]]
    ((code, text),) = outcome.said("ended")
    assert code == "ended"
    assert "/bin/false serve --port 1" in text
