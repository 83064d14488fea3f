import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from benchmarks import decode, models
from benchmarks.engines import ENGINES
from benchmarks.report import OWN
from benchmarks.worker import Child


def test_quick_comparison_measures_both_engines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    decode.main(["--quick", "--models", str(tmp_path / "models"), "--results", str(tmp_path / "results")])
    result = json.loads((tmp_path / "results" / "tiny.json").read_text())
    assert [(row["engine"], row["rows"]) for row in result["rows"]] == [
        (OWN, "grid"),
        (OWN, "whole slot"),
        ("Hugging Face bfloat16", "grid"),
    ]
    for row in result["rows"]:
        assert set(row["notes"]) == {"0", "500", "1000"}
        assert all(value > 0 for values in row["notes"].values() for value in values)
        assert row["agreement"] > 0.98, f"{row['engine']} computes something else"
        assert len(row["together"]) == (row["rows"] == "grid")
    (composed,) = result["composed"]
    assert composed["notes"] > 0
    assert 0 < composed["median"] <= composed["late"] <= composed["longest"]
    assert result["position_bytes"] > 0
    printed = capsys.readouterr().out
    assert f"{OWN}, grid ÷ Hugging Face bfloat16" in printed
    assert "streaming limit at" in printed
    assert "8 streams in one batch" in printed
    assert "the window moved" in printed


def test_rows_are_those_of_a_full_grid_and_of_the_whole_slot() -> None:
    assert [len(rows) for rows in decode.ROWS["grid"]] == [101, 999, 4 * 128]
    assert [len(rows) for rows in decode.ROWS["whole slot"]] == [10_000, 1_000, 129 * 128 + 1]
    for some, every in zip(decode.ROWS["grid"], decode.ROWS["whole slot"], strict=True):
        assert np.isin(some, every).all()


@pytest.mark.parametrize("name", [name for name, engine in ENGINES.items() if engine.batches])
def test_streams_that_are_decoded_together_count_their_steps(name: str, tmp_path: Path) -> None:
    for module in decode.MODULES.get(name, ()):
        pytest.importorskip(module, reason=f"{module} is not installed")
    child = Child(name, tmp_path, models.SHAPES["tiny"], threads=1, seconds=0)  # engines do not share a process
    try:
        assert all(child.ask("together", decode.passage(length), decode.GRID, 3) > 0 for length in (0, 40))
        assert child.ask("decode", decode.passage(0), decode.GRID) > 0, "one stream is not disturbed by the others"
    finally:
        child.close()


def test_a_child_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "midinfinite").write_text("no model")
    with pytest.raises(RuntimeError, match="midinfinite-osc: ModelError"):
        decode.compare("tiny", [OWN], tmp_path, 1, 1, 0)
