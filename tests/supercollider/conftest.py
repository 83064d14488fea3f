"""The real sclang and scsynth, and what they played.

SuperCollider missing is a skip by name on a musician's computer and a failure where CI is true.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.supercollider.runner import HERE, QUARK, Outcome, Sclang


def need(program: str) -> str:
    """The path of a SuperCollider program; a missing one skips the test, or fails it where CI is true."""
    path = shutil.which(program)
    if path is None:
        message = f"{program} is not installed (Debian: supercollider-language, supercollider-server)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def sclang_program() -> str:
    return need("sclang")


@pytest.fixture(scope="session")
def scsynth_program() -> str:
    return need("scsynth")


@pytest.fixture
def sclang(tmp_path: Path, sclang_program: str) -> Sclang:
    return Sclang(tmp_path, sclang_program)


@pytest.fixture(scope="module")
def module_sclang(tmp_path_factory: pytest.TempPathFactory, sclang_program: str) -> Sclang:
    return Sclang(tmp_path_factory.mktemp("sclang"), sclang_program)


@dataclass(frozen=True)
class Event:
    """One event as it was played; beats and lengths in beats."""

    beat: float
    rest: bool
    dur: float
    delta: float
    sustain: float
    midinote: int
    velocity: int
    program: int
    drum: bool
    bar: int
    instrument: str

    @classmethod
    def read(cls, words: list[str]) -> Event:
        beat, rest, dur, delta, sustain, midinote, velocity, program, drum, bar, instrument = words
        return cls(
            float(beat),
            rest == "true",
            float(dur),
            float(delta),
            float(sustain),
            int(midinote),
            int(velocity),
            int(program),
            drum == "true",
            int(bar),
            instrument,
        )


@dataclass(frozen=True)
class Recording:
    """What was played under one tag, and the bars the server sent meanwhile."""

    outcome: Outcome
    tag: str

    @property
    def events(self) -> list[Event]:
        return [Event.read(words) for words in self.outcome.said("event", self.tag)]

    @property
    def end(self) -> float:
        ((beat,),) = self.outcome.said("end", self.tag)
        return float(beat)

    def bars(self) -> dict[int, tuple[float, list[tuple[float, float, int, int, int]]]]:
        """Bars as they came over the wire: index → (beats, notes as onset, duration, pitch, velocity, program)."""
        bars: dict[int, tuple[float, dict[int, list[tuple[float, float, int, int, int]]]]] = {}
        for words in self.outcome.said("bar"):
            index, _, part, _, ticks, count, *flat = map(int, words)
            notes = [(flat[5 * i] / 480, flat[5 * i + 1] / 480, *flat[5 * i + 2 : 5 * i + 5]) for i in range(count)]
            bars.setdefault(index, (ticks / 480, {}))[1][part] = notes
        return {
            index: (beats, [note for part in sorted(parts) for note in parts[part]])
            for index, (beats, parts) in bars.items()
        }

    def check_music(self, start: float, first: int, count: int) -> float:
        """Assert that the notes sounded are exactly those of bars first … first+count-1; give the end's beat."""
        received = self.bars()
        expected = []
        position = start
        for index in range(first, first + count):
            beats, notes = received[index]
            expected += [
                (position + onset, duration, pitch, velocity, program, index)
                for onset, duration, pitch, velocity, program in notes
            ]
            position += beats
        sounded = [event for event in self.events if not event.rest]
        got = [(e.beat, e.sustain, e.midinote, e.velocity, e.program, e.bar) for e in sounded]
        assert len(got) == len(expected) > 0
        for mine, theirs in zip(sorted(got), sorted(expected), strict=True):
            assert mine == pytest.approx(theirs, abs=1e-6)
        return position


@pytest.fixture(scope="session")
def recording() -> Callable[[Outcome, str], Recording]:
    return Recording


@pytest.fixture(scope="session")
def quark_folder() -> Path:
    return QUARK


@pytest.fixture(scope="session")
def test_folder() -> Path:
    return HERE
