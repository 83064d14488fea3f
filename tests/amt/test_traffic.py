"""What a token reads, counted from the model's layout."""

from pathlib import Path

import pytest

from amt import embedded
from amt.config import ModelError
from amt.traffic import Bandwidth, Traffic, traffic
from amt.weights import read
from amt.weights.names import linear_layers


def test_the_blocks_of_a_model_are_its_matrices_biases_and_norms() -> None:
    config = read(embedded.PATH).config
    matrices = sum(outputs * inputs for _, outputs, inputs in linear_layers(config))
    vectors = config.layers * (9 * config.width + config.inner) + 2 * config.width
    found = traffic(embedded.PATH)
    # four bits a weight, and two bytes for each 32 of them; biases and norms are float32
    assert found.blocks == matrices // 2 + matrices // 16 + 4 * vectors
    assert found.row == config.width + config.width // 32 * 2


def test_a_token_reads_the_blocks_its_rows_and_what_stands_before_it() -> None:
    assert Traffic(blocks=1_000, row=10, position=3).token(rows=7, behind=100) == 1_000 + 70 + 300


def test_bandwidth_is_that_of_all_threads_together() -> None:
    assert Bandwidth(2).measure(passes=1) > 0


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing"):
        traffic(tmp_path / "nothing")
