"""Packed parameters hold the same numbers as the model on disk. No kernel is needed to see that."""

from pathlib import Path

import numpy as np
import pytest

from amt import processor
from amt.config import ModelConfig
from amt.kernels.layout import Layout, pack
from amt.quantization import dequantize, quantization
from amt.vocabulary import CONTROL, SPECIAL, VOCABULARY
from amt.weights import read, write
from amt.weights.names import EMBEDDING
from tests.amt import checkpoints

CONFIG = ModelConfig(2, 64, 2, 16, 96)


@pytest.fixture(params=["q0f32", "q0f16", "q8f32_1", "q4f32_1"])
def weights(request, tmp_path: Path):
    write(tmp_path / "model", CONFIG, quantization(request.param), checkpoints.weights(CONFIG))
    return read(tmp_path / "model")


def of(weights):
    return Layout(weights.config, weights.quantization, weights.compact, processor.instructions())


def test_parameters_have_the_shapes_and_types_that_kernels_expect(weights):
    layout = of(weights)
    packed = pack(weights, layout)
    assert list(packed) == list(layout.parameters)
    for name, array in layout.parameters.items():
        assert (packed[name].shape, packed[name].dtype) == (array.shape, array.dtype), name


@pytest.mark.parametrize("name", ["attention", "projection", "widening", "narrowing"])
def test_a_packed_matrix_can_be_unpacked(weights, name):
    layout = of(weights)
    packed, matrix = pack(weights, layout), layout.matrices[name]
    rows = packed[f"{name}_weight"].transpose(0, 1, 3, 2).reshape(CONFIG.layers, matrix.outputs, -1)
    for layer in range(CONFIG.layers):
        expected = weights.matrix(f"transformer.h.{layer}.{matrix.name}")
        if matrix.scheme.bits:
            scales = packed[f"{name}_scale"].transpose(0, 1, 3, 2).reshape(CONFIG.layers, matrix.outputs, -1)
            found = dequantize(np.ascontiguousarray(rows[layer]).view(np.uint32), scales[layer], matrix.scheme)
            # scales are kept in 11 bits
            np.testing.assert_allclose(found, expected, rtol=2**-10, atol=1e-9)
        else:
            np.testing.assert_array_equal(rows[layer].astype(np.float32), expected)


def test_rows_of_the_embedding_are_its_table_and_what_is_added(tmp_path: Path):
    tensors = checkpoints.weights(CONFIG)
    table = tensors[f"{EMBEDDING}.weight"]
    for start, end in ((0, 10_000), (10_000, 11_000), (11_000, 27_512)):
        table[CONTROL + start : CONTROL + end] = table[start:end] + 0.25 * end / 10_000
    write(tmp_path / "model", CONFIG, quantization("q8f32_1"), tensors)
    weights = read(tmp_path / "model")
    assert weights.compact
    packed = pack(weights, of(weights))
    codes = packed["table"].astype(np.float32) - 127
    stored = (codes.reshape(*packed["table_scale"].shape, 32) * packed["table_scale"][..., None]).reshape(codes.shape)
    rows = stored[packed["base"]] + packed["extra"][packed["kind"]]
    np.testing.assert_allclose(rows, weights.matrix(EMBEDDING), atol=2e-3)
    np.testing.assert_array_equal(rows[SPECIAL:], weights.matrix(EMBEDDING)[SPECIAL:])
    assert len(rows) == VOCABULARY


@pytest.mark.parametrize(
    ("width", "heads", "inner", "lanes"), [(64, 1, 128, 16), (64, 4, 96, 16), (64, 8, 64, 8), (60, 4, 100, 1)]
)
def test_vectors_are_no_wider_than_the_model_allows(width, heads, inner, lanes):
    config = ModelConfig(1, width, heads, 50, inner)
    layout = Layout(config, quantization("q0f32"), False, processor.Instructions(16, "vpdpbusd", 32))
    assert layout.lanes == lanes
    assert layout.dot == ("vpdpbusd" if lanes == 16 else "plain")
    assert layout.positions >= 50
    assert layout.positions % lanes == 0
