from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from amt import weights
from amt.config import ModelError
from amt.quantization import quantization
from amt.weights.names import EMBEDDING, linear_layers, small_shapes
from tests.amt import checkpoints
from tests.training import tiny
from tests.training.pieces import band
from training.evaluate import losses, mean
from training.finetune import windows
from training.gains import parameters, stored, trainable

TOKENS = windows([band(bars=3)], 2)


def loss(model: torch.nn.Module) -> float:
    with torch.no_grad():
        return float(model(TOKENS).sum())


@pytest.mark.parametrize("name", ["q4f32_1", "q8f32_1", "q0f16", "q0f32"])
def test_what_learns_begins_as_the_model_and_ends_as_its_file(tmp_path: Path, name: str) -> None:
    source = weights.read(tiny.model(tmp_path / "old", name))
    model = trainable(source)
    assert loss(model) == pytest.approx(mean(losses(tmp_path / "old", TOKENS.numpy())), rel=1e-5)
    torch.manual_seed(1)
    gains, others = parameters(model)
    with torch.no_grad():
        for parameter in (*gains, *others):
            parameter.add_(torch.randn_like(parameter) * 0.05)
    weights.store(tmp_path / "new", stored(model, source))
    weights.verify(tmp_path / "new")
    assert loss(model) == pytest.approx(mean(losses(tmp_path / "new", TOKENS.numpy())), rel=1e-3)
    written = weights.read(tmp_path / "new")
    assert (written.config, written.quantization, written.compact) == (
        source.config,
        source.quantization,
        source.compact,
    )
    np.testing.assert_array_equal(written.matrix(EMBEDDING), source.matrix(EMBEDDING))
    for key, tensor in written.tensors.items():
        same = np.array_equal(tensor, source.tensors[key])
        assert same == (key.startswith(EMBEDDING) or key.endswith(".q_weight")), key


def test_a_model_that_learnt_nothing_is_stored_as_it_was(tmp_path: Path) -> None:
    source = tiny.model(tmp_path / "old")
    weights.store(tmp_path / "new", stored(trainable(weights.read(source)), weights.read(source)))
    for file in source.iterdir():
        assert (tmp_path / "new" / file.name).read_bytes() == file.read_bytes(), file.name


def test_only_groups_biases_norms_and_positions_learn(tmp_path: Path) -> None:
    source = weights.read(tiny.model(tmp_path / "old"))
    gains, others = parameters(trainable(source))
    assert sum(map(torch.numel, gains)) == sum(
        rows * columns // 32 for _, rows, columns in linear_layers(source.config)
    )
    assert sum(map(torch.numel, others)) == sum(map(math.prod, small_shapes(source.config).values()))


def test_sizes_that_cannot_be_trained_are_named(tmp_path: Path) -> None:
    weights.write(tmp_path / "odd", checkpoints.CONFIG, quantization("q0f32"), checkpoints.weights())
    with pytest.raises(ModelError, match="positions=64"):
        trainable(weights.read(tmp_path / "odd"))
