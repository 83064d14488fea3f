"""The command that trains: it stops, goes on, and says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from amt import weights
from training.arranger import columns
from training.arranger.piece import Made
from training.train import main
from training.trainer import TICK

CONFIGURATION = f"""
[network]
layers = 1
width = 32
heads = 1

[schedule]
steps = {2 * TICK}
batch = 1
warmup = 2
evaluate_every = {TICK}
evaluated = 1

[shares]
gmd = 1

[tasks]
click = 1
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The command's arguments: a configuration, a corpus of eighth notes, the same to measure with, a folder."""
    (tmp_path / "run.toml").write_text(CONFIGURATION)
    notes = np.array([(240 * place, 120, 60 + place % 5, 90, 0) for place in range(400)])
    columns.write(tmp_path / "c.npz", columns.packed([Made("gmd", notes, 120.0, (4, 4))]))
    corpus = str(tmp_path / "c.npz")
    return [str(tmp_path / "run.toml"), corpus, "--valid", corpus, "--out", str(tmp_path / "out"), "--device", "cpu"]


def embedding(tmp_path: Path) -> np.ndarray:
    return weights.read(tmp_path / "out" / "model").matrix("transformer.wte")


def test_a_run_that_stops_leaves_a_model_and_goes_on(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*files, "--workers", "0", "--seconds", "0"]) == 3
    assert f"stands at step {TICK}" in capsys.readouterr().out
    half = embedding(tmp_path)
    assert not (tmp_path / "out" / "checkpoint").exists()
    assert main([*files, "--workers", "0"]) == 0
    printed = capsys.readouterr().out
    assert f"goes on from step {TICK}" in printed
    assert "ready for midinfinite-osc serve --model" in printed
    assert not np.array_equal(embedding(tmp_path), half)
    assert (tmp_path / "out" / "checkpoint" / "model.safetensors").is_file()
    reports = [json.loads(line) for line in (tmp_path / "out" / "report.jsonl").read_text().splitlines()]
    assert [report["step"] for report in reports] == [TICK, 2 * TICK]
    losses = [sum(report["valid"]["classical, songs, drummers"]) for report in reports]
    assert losses[1] < losses[0]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["--start", "nowhere"], "nowhere"),
        (["--size", "2x64", "--start", "run.toml"], "is no state of a training run"),
        (["--cards", "3"], "must divide the batch of 1"),
        (["--valid", "run.toml"], "run.toml: is no corpus"),
        (["--valid", "model.npz"], "model.npz: is no corpus, it lacks duration, "),
        (["--valid", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_what_cannot_be_is_a_line_and_2(
    files: list[str],
    wrong: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("model.npz", pitch=np.zeros(3))
    assert main([*files, *wrong]) == 2
    said = capfd.readouterr().err
    assert says in said
    assert "Traceback" not in said


@pytest.mark.parametrize("wrong", [["--size", "6by512"], ["--size", "6x100"], ["--cards", "0"]])
def test_a_wrong_option_is_named(files: list[str], wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*files, *wrong])
    assert wrong[0] in capsys.readouterr().err
