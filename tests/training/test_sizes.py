import json
from pathlib import Path

import pytest

from training import checkpoint, sizes, train
from training.config import Network
from training.network import Model


def finished(folder: Path, layers: int, nats: float) -> Path:
    """What a run of that size leaves."""
    checkpoint.write_huggingface(Model(Network(layers, 64, 1)), folder / "checkpoint")
    report = {"step": 20, "valid": {"human": [nats, 0.5, 0.5], "made": [0.1, 0.1, 0.1]}}
    (folder / "report.jsonl").write_text("\n".join(json.dumps(each) for each in ({"step": 10}, report)) + "\n")
    return folder


def test_sizes_stand_beside_what_they_learnt_and_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [finished(tmp_path / "large", 3, 1.5), finished(tmp_path / "small", 1, 2.5)]
    small, large = sizes.trials([runs[1], runs[0]], rounds=1)
    assert (small.name, small.steps, large.name) == ("1x64", 20, "3x64")
    assert small.groups == {"human": pytest.approx(3.5), "made": pytest.approx(0.3)}
    assert 0 < small.megabytes < large.megabytes
    assert small.milliseconds > 0
    assert sizes.main([*map(str, runs), "--rounds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| size | human | made | ms a note | MB |"
    assert {line.split(" | ")[0] for line in lines[2:]} == {"| 1x64", "| 3x64"}


def test_a_folder_without_a_finished_run_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sizes.main([str(tmp_path)]) == 2
    assert "finished training.train" in capsys.readouterr().err


def test_a_size_is_layers_and_a_width_of_whole_heads() -> None:
    assert train.size("6x512") == (6, 512)
    for wrong in ("6", "0x512", "6x500", "6x32", "ax512"):
        with pytest.raises(ValueError, match=r"layer|int|unpack"):
            train.size(wrong)
