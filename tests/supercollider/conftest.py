"""Drives the real sclang and scsynth, headless, in folders of their own.

SuperCollider missing is a skip by name on a musician's computer and a failure where CI is true.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
QUARK = HERE.parents[1] / "supercollider"


def need(program: str) -> str:
    """The path of a SuperCollider program; a missing one skips the test, or fails it where CI is true."""
    path = shutil.which(program)
    if path is None:
        message = f"{program} is not installed (Debian: supercollider-language, supercollider-server)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


@dataclass(frozen=True)
class Outcome:
    """What a script said: lines that start with @, split at tabs; and all that sclang posted."""

    text: str

    def said(self, *words: str) -> list[list[str]]:
        lines = [line[1:].split("\t") for line in self.text.splitlines() if line.startswith("@")]
        return [line[len(words) :] for line in lines if tuple(line[: len(words)]) == words]


@dataclass(frozen=True)
class Sclang:
    """sclang with the quark on its include path and a HOME of its own."""

    folder: Path
    program: str

    def environment(self) -> dict[str, str]:
        folders = {
            name: str(self.folder / name.lower())
            for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
        }
        for folder in folders.values():
            Path(folder).mkdir(exist_ok=True, mode=0o700)
        headless = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
        return {**os.environ, **folders, **headless}

    @property
    def configuration(self) -> Path:
        return self.folder / "sclang_conf.yaml"

    def include(self, *folders: Path) -> None:
        """Have sclang compile these folders, and nothing else beside its own classes."""
        listed = "".join(f"\n- {folder}" for folder in folders) or " [[]]"
        self.configuration.write_text(f"includePaths:{listed}\nexcludePaths: [[]]\npostInlineWarnings: true\n")

    def execute(
        self, script: Path, *arguments: object, seconds: float = 60, environment: dict[str, str] | None = None
    ) -> Outcome:
        """Run a script that exits by itself with 0; the quark is included unless `include` said otherwise.

        Raises:
            AssertionError: another exit code, or no end within `seconds`.
        """
        if not self.configuration.exists():
            self.include(QUARK)
        configuration = self.configuration
        command = [self.program, "-D", "-l", str(configuration), str(script), *map(str, arguments)]
        # Its own session, so that the scsynth and the Qt helpers it starts end with it.
        process = subprocess.Popen(
            command,
            env={**self.environment(), **(environment or {})},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            text, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            text, _ = process.communicate()
            pytest.fail(f"sclang did not end within {seconds} s:\n{text}")
        assert process.returncode == 0, f"sclang ended with {process.returncode}:\n{text}"
        return Outcome(text)

    def script(
        self,
        name: str,
        port: int,
        session: str,
        *arguments: object,
        seconds: float = 60,
        environment: dict[str, str] | None = None,
    ) -> Outcome:
        """Run scripts/<name>.scd through the harness against a server, in a session that no other program plays."""
        path = HERE / "scripts" / f"{name}.scd"
        outcome = self.execute(
            HERE / "harness.scd",
            *(path, port, f"sclang {session}", seconds - 5, *arguments),
            seconds=seconds,
            environment=environment,
        )
        faults = re.findall(r"^(?!@).*(?:ERROR|FAILURE IN SERVER).*$", outcome.text, re.MULTILINE)
        assert not faults, outcome.text
        return outcome


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
