from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amt import weights
from tests.training import tiny
from training import train
from training.arranger import __main__ as arranger

CONFIGURATION = """
[network]
layers = 2
width = 32
heads = 2
dropout = 0.0
gains = true

[schedule]
steps = 2
batch = 1
rate = 1e-2
warmup = 1
evaluate_every = 2
evaluated = 1

[shares]
"made_*" = 1

[tasks]
grid = 1
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A run's configuration and corpora, as arguments."""
    (tmp_path / "run.toml").write_text(CONFIGURATION)
    some = str(tmp_path / "some.npz")
    arranger.main(["-", some, "--pieces", "2", "--processes", "1"])
    return [str(tmp_path / "run.toml"), some, "--valid", some, "--out", str(tmp_path / "run"), "--workers", "0"]


def test_a_finished_model_s_gains_learn_and_its_codes_stay(tmp_path: Path, files: list[str]) -> None:
    folder = tiny.model(tmp_path / "old", "q4f32_1")
    assert train.main([*files, "--start", str(folder), "--device", "cpu"]) == 0
    old, new = weights.read(folder), weights.read(tmp_path / "run" / "model")
    assert new.config == old.config
    same = {name for name, tensor in new.tensors.items() if np.array_equal(tensor, old.tensors[name])}
    assert {name for name in new.tensors if name.endswith(".q_weight")} <= same
    assert {name for name in new.tensors if name.endswith("c_fc.q_scale")}.isdisjoint(same)


def test_gains_without_a_finished_model_are_refused(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert train.main([*files, "--device", "cpu"]) == 2
    assert "--start" in capsys.readouterr().err
