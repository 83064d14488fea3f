from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from amt import vocabulary, weights
from amt.config import ModelConfig
from amt.quantization import quantization
from amt.vocabulary import CONTROL, DURATION, NOTE, REST
from amt.weights.names import EMBEDDING
from tests.amt import checkpoints
from tests.training.pieces import band, eighths
from training.batches import validation
from training.evaluate import losses, mean, table

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "valid.npz"


def test_a_model_that_knows_nothing_loses_the_logarithm_of_each_block(tmp_path: Path) -> None:
    config = ModelConfig(1, 32, 4, 1_024, 128)
    floats = checkpoints.weights(config)
    nothing = floats | {f"{EMBEDDING}.weight": floats[f"{EMBEDDING}.weight"] * 0}
    weights.write(tmp_path / "m", config, quantization("q0f32"), nothing)
    filled = np.concatenate(list(validation([eighths(), band(bars=8)], 1).values()))
    sums = losses(tmp_path / "m", filled)
    events = ((filled[:, 1::3] >= 0) & (filled[:, 1::3] < CONTROL)).sum(axis=1)
    np.testing.assert_array_equal(sums[:, 3], events)
    sizes = (DURATION, NOTE - DURATION, CONTROL - NOTE)
    np.testing.assert_allclose(sums[:, :3], np.outer(events, [math.log(size) for size in sizes]), rtol=1e-5)
    assert mean(sums) == pytest.approx(sum(math.log(size) for size in sizes))
    assert REST < CONTROL == vocabulary.REST + 1


def test_the_table_gives_differences_from_the_first_model() -> None:
    first, second = np.array([[1.0, 1, 1, 1], [3, 3, 3, 1]]), np.array([[2.0, 1, 1, 1], [3, 3, 3, 1]])
    lines = table({"a": {"bands": first}, "b": {"bands": second}}).splitlines()
    assert lines[0] == "| model | bands (2) |"
    assert lines[2:] == ["| a | 6.0000 |", "| b | 6.5000 (+0.5000) |"]


@pytest.mark.skipif(not CORPUS.is_file(), reason="the corpus is not here")
def test_the_corpus_has_windows_of_three_groups() -> None:
    from training import corpus

    pieces = corpus.read(CORPUS)
    assert len(pieces) == 593
    found, again = validation(pieces, 3), validation(pieces, 3)
    assert set(found) == {"human bands", "arrangements by rule", "classical, songs, drummers"}
    for group, windows in found.items():
        np.testing.assert_array_equal(windows, again[group])
