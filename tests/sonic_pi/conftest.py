"""One real Sonic Pi server, booted once for all tests of this room; the client is there by `clients install`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import require
from tests.sonic_pi.harness import SonicPi, missing_programs
from tests.sonic_pi.performance import says


def install_client(home: Path) -> None:
    """As a user does who has an init.rb already."""
    (home / ".sonic-pi" / "init.rb").write_text("def mine() 7 end\n")
    command = [sys.executable, "-m", "osc_bridge", "clients", "install", "sonic-pi"]
    subprocess.run(command, env={**os.environ, "HOME": str(home), "SONIC_PI_HOME": str(home)}, check=True, timeout=60)


@pytest.fixture(scope="session")
def booted() -> Iterator[SonicPi]:
    lacking = missing_programs()
    require(not lacking, f"Sonic Pi ({', '.join(lacking)})")
    with SonicPi(prepare=install_client) as sonic_pi:
        yield sonic_pi


@pytest.fixture
def sonic_pi(booted: SonicPi) -> Iterator[SonicPi]:
    """Sonic Pi with an empty log, the client's functions, none of an earlier test's sounds, and nothing running."""
    booted.run("@amt_band = nil\nputs 'forgotten'")
    booted.wait_for(lambda lines: says(lines, "forgotten"), "the sounds to be forgotten")
    booted.clear()
    yield booted
    booted.stop_all()
