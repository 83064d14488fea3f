"""The command from its very beginning."""

import subprocess
import sys

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


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "osc_bridge", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.stdout.startswith("midinfinite-osc ")
