"""The wheel and the sdist build, and the wheel alone, in an empty virtual environment, serves."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LARGEST_MODEL = 60_000_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True, timeout=120)
    return folder


def test_the_sdist_holds_all_rooms(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "Makefile", "supercollider/AMT.quark", "sonic_pi/amt.rb"} <= names
    assert {"amt/embedded/model/mlc-chat-config.json", "osc_bridge/__main__.py", "patterns/note.py"} <= names


def test_the_wheel_holds_what_fine_tuning_reads(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert {"training/finetune.py", "training/configs/finetune.toml"} <= set(archive.namelist())


def test_the_embedded_model_is_small_enough() -> None:
    assert sum(file.stat().st_size for file in (ROOT / "amt" / "embedded").rglob("*.bin")) <= LARGEST_MODEL


def test_the_wheel_serves_from_an_empty_environment(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel],
        capture_output=True,
        text=True,
        timeout=280,
    )
    if install.returncode and os.environ.get("CI") != "true" and "connection" in install.stderr.lower():
        pytest.skip("no package index is reachable")
    assert install.returncode == 0, install.stderr
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "/nonexistent"}  # neither caches nor a C compiler
    command = [tmp_path / "venv" / "bin" / "midinfinite-osc", "serve", "--port", "0"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env=environment, cwd=tmp_path, text=True
        )
        try:
            lines = process.stdout or []
            ready = next((line for line in lines if line.startswith("ready ")), None)
            pasted = "".join(next(lines) for _ in range(10)) if ready else ""  # type: ignore[arg-type]
        finally:
            process.terminate()
            process.wait(20)
            if process.stdout:
                process.stdout.close()
    assert ready, (tmp_path / "log").read_text()
    for line in re.findall(r"once, in a terminal: (.+)\)", pasted):
        assert line.startswith(str(tmp_path))
        subprocess.run(shlex.split(line), env=environment, check=True, timeout=60)
    assert list(home.rglob("amt.rb"))
    assert list(home.rglob("AMT.quark"))
