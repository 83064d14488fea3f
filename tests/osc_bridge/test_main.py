"""The command from its very beginning."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import as_in_a_terminal

INTERRUPTED = """
import sys

class Loading:
    def find_spec(self, name, *_):
        if name == "osc_bridge.cli":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Loading())
from osc_bridge.__main__ import run
run()
"""


def test_ctrl_c_while_it_is_loaded_is_no_traceback() -> None:
    result = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert result.stderr == "\nAborted!\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_a_process_leaves_nothing_half_made(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "osc_bridge", "compile"],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_in_a_terminal,
    )
    try:
        assert process.stderr is not None
        assert any("compiling the model" in line for line in process.stderr), "it ended by itself"
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 1
    assert said.endswith("Aborted!\n")
    assert list(tmp_path.rglob(".compiling-*")) == []


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "osc_bridge", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.stdout.startswith("midinfinite-osc ")
