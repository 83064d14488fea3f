"""Drives the real sclang, headless, in folders of its own: for the tests, and for the recording of an example."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
QUARK = HERE.parents[1] / "supercollider"


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
            raise AssertionError(f"sclang did not end within {seconds} s:\n{text}") from None
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
