"""`train`: a folder of MIDI files becomes a model that is served; mistakes are one line, and cost no training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from amt import weights
from amt.composer import Composer
from amt.decoder import load
from amt.steering import Steering
from osc_bridge.cli import main
from tests.training import tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def music(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for number in range(3):
        tiny.riff(tmp_path / "My Music" / f"{number}.mid", shift=number)
    return tmp_path / "My Music"


def train(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["train", "--nice", "0", "--threads", "1", *map(str, arguments)])


def assert_one_line(result: Result, *words: str) -> None:
    assert result.exit_code == 2, result.output
    (line,) = result.output.strip().splitlines()
    assert all(word in line for word in words), line


def test_the_model_that_comes_of_it_composes(model: Path, music: Path, tmp_path: Path) -> None:
    (music / "broken.mid").write_text("no music")
    result = train("--midi-dir", music, "--model", model, "--steps", 12)
    assert result.exit_code == 0, result.output
    assert "skipped broken.mid: is no MIDI file" in result.output
    assert "3 files (1 skipped)" in result.output
    assert "the steps are done after 12 steps" in result.output
    assert "step 10: loss" in result.output
    assert result.output.endswith("play it with: midinfinite-osc serve --model My-Music\n")
    folder = tmp_path / "data" / "midinfinite-osc" / "models" / "My-Music"
    weights.verify(folder)
    old, new = weights.read(model), weights.read(folder)
    assert (new.config, new.quantization, new.compact) == (old.config, old.quantization, True)
    composer = Composer(load(folder))
    bar, _ = composer.compose(composer.begin(), Steering().set("instruments", "bass", "drums"))
    assert bar.notes
    assert_one_line(train("--midi-dir", music, "--model", model), "My-Music: exists", "--force", "--name")
    again = train("--midi-dir", music, "--model", "My-Music", "--steps", 12, "--force")
    assert again.exit_code == 0, again.output


def test_where_to_can_be_said(model: Path, music: Path, tmp_path: Path) -> None:
    result = train("--midi-dir", music, "--model", model, "--steps", 12, "--to", tmp_path / "a model")
    assert result.exit_code == 0, result.output
    assert f"serve --model '{tmp_path / 'a model'}'" in result.output
    weights.verify(tmp_path / "a model")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "nothing"], ["no model at nothing"]),
        (["--midi-dir", "nowhere"], ["nowhere: no such folder"]),
        (["--midi-dir", __file__], ["is a file; name the folder"]),
        (["--name", "a/b"], ["'a/b' cannot be a model's name", "--to"]),
        (["--name", "embedded"], ["'embedded' cannot be a model's name"]),
        (["--name", ".."], ["'..' cannot be a model's name"]),
        (["--name", "x", "--to", "y"], ["either --name or --to"]),
        (["--to", "a" * 300], ["File name too long"]),
    ],
)
def test_a_mistake_is_one_line(model: Path, music: Path, options: list[str], words: list[str]) -> None:
    assert_one_line(train("--midi-dir", music, "--model", model, *options), *words)


def test_nan_is_no_time(model: Path, music: Path) -> None:
    result = train("--midi-dir", music, "--model", model, "--minutes", "nan")
    assert result.exit_code == 2, result.output
    assert "nan is no number of minutes" in result.output


def test_other_files_are_never_replaced(model: Path, music: Path, tmp_path: Path) -> None:
    result = train("--midi-dir", music, "--model", model, "--to", music, "--force")
    assert_one_line(result, "My Music: exists and holds other files")
    (tmp_path / "file").touch()
    assert_one_line(train("--midi-dir", music, "--model", model, "--to", tmp_path / "file" / "x"), "cannot")


def test_a_folder_without_music_is_said(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_one_line(train("--midi-dir", tmp_path / "empty", "--model", model), "no MIDI file to learn from", ".midi")


def test_without_pytorch_it_says_what_to_run(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("training.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert_one_line(train("--midi-dir", music), "needs PyTorch", "-m pip install", "[train]")


def test_nothing_is_written_where_nothing_is_learnt(
    model: Path, music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.finetune.Finetuner._learn", lambda tuner: setattr(tuner, "_step", tuner._step + 1))
    result = train("--midi-dir", music, "--model", model, "--steps", 3)
    assert result.exit_code == 2
    assert "no model is written" in result.output
    assert not (tmp_path / "data" / "midinfinite-osc" / "models" / "My-Music").exists()


def test_ctrl_c_writes_the_best_so_far(model: Path, music: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "osc_bridge", "train", "--midi-dir", music, "--model", model, "--minutes", "4"]
    process = subprocess.Popen(
        [*map(str, command), "--name", "stopped", "--threads", "1", "--nice", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")},
        # whoever started the tests in the background may have had Ctrl-C ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if line.startswith("  step 10:"):
            process.send_signal(signal.SIGINT)
            break
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, "".join(seen) + errors
    assert "stopped after" in output
    weights.verify(tmp_path / "data" / "midinfinite-osc" / "models" / "stopped")
