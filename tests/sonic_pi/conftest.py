"""One real Sonic Pi server for the tests of a module, which share its boot of 4 to 5 seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import require
from tests.sonic_pi.harness import SonicPi, missing_programs

CLIENT = Path(__file__).parents[2] / "sonic_pi" / "amt.rb"


@pytest.fixture(scope="module")
def booted() -> Iterator[SonicPi]:
    lacking = missing_programs()
    require(not lacking, f"Sonic Pi ({', '.join(lacking)})")
    with SonicPi() as sonic_pi:
        yield sonic_pi


@pytest.fixture
def sonic_pi(booted: SonicPi) -> Iterator[SonicPi]:
    """Sonic Pi with amt.rb loaded, an empty log, and nothing running before and after."""
    booted.run(f'eval_file "{CLIENT}"\nputs "amt.rb is loaded"')
    booted.wait_for(lambda lines: any("amt.rb is loaded" in line.text for line in lines), "amt.rb to load")
    booted.stop_all()
    booted.clear()
    yield booted
    booted.stop_all()
