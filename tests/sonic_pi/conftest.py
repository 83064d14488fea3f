"""One real Sonic Pi server, booted once for all tests of this room; the client is there by `clients install`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import require
from tests.sonic_pi.harness import SonicPi, missing_programs
from tests.sonic_pi.performance import said, says


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
    """Sonic Pi with an empty log, the client's functions, no sounds or session of an earlier test, nothing running."""
    booted.run("@amt_band = @amt_link = nil\nputs 'forgotten'")
    booted.wait_for(lambda lines: says(lines, "forgotten"), "the sounds and the session to be forgotten")
    booted.clear()
    yield booted
    booted.stop_all()


@pytest.fixture
def link(sonic_pi: SonicPi) -> Iterator[Callable[[int], None]]:
    """Sets the tempo of Link, which every run of 4.x follows until it has a bpm of its own; 3.x has none."""

    def tempo(bpm: int) -> None:
        sonic_pi.run(f'set_link_bpm! {bpm}\nputs "linked", {bpm}')
        sonic_pi.wait_for(lambda lines: said(lines, "linked")[-1:] == [str(bpm)], "the tempo to be set")

    sonic_pi.run("puts 'Link', respond_to?(:set_link_bpm!, true)")
    lines = sonic_pi.wait_for(lambda lines: said(lines, "Link"), "an answer")
    if said(lines, "Link") == ["false"]:
        pytest.skip("this version of Sonic Pi does not know Link")
    yield tempo
    tempo(60)
