"""Matrix products against NumPy, in every quantisation and for every kind of processor that this one can stand for."""

import numpy as np
import pytest
from tvm.tirx.script.builder import ir as T  # noqa: N812

from amt import processor
from amt.config import ModelConfig
from amt.kernels import simd
from amt.kernels.layout import TILE, Layout, pack
from amt.kernels.linear import Weight, inputs
from amt.kernels.step import argument
from amt.processor import Instructions
from amt.quantization import GROUP, quantization
from amt.weights import Weights, read, write
from tests.amt import checkpoints
from tests.amt.kernels.test_simd import runnable_dots

CONFIG = ModelConfig(2, 64, 2, 16, 96)
SCHEMES = ["q0f32", "q0f16", "q8f32_1", "q4f32_1"]


@pytest.fixture(scope="module", params=SCHEMES)
def weights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    folder = tmp_path_factory.mktemp("weights") / request.param
    write(folder, CONFIG, quantization(request.param), checkpoints.weights(CONFIG))
    return read(folder)


def multiply(build, weights: Weights, instructions: Instructions, name: str, layer: int, x: np.ndarray) -> np.ndarray:
    """x times a transposed matrix of the model, by the kernels."""
    layout = Layout(CONFIG, weights.quantization, False, instructions)
    matrix, tile = layout.matrices[name], len(x)
    names = [f"{name}_{part}" for part in ("weight", "scale", "bias") if f"{name}_{part}" in layout.parameters]

    def body() -> None:
        source = T.arg("x", T.buffer(x.shape, "float32"))
        arguments = {each: argument(each, layout.parameters[each]) for each in names}
        y = T.arg("y", T.buffer((tile, matrix.outputs), "float32"))
        given = inputs(layout, tile, matrix.inputs)
        acc = T.alloc_buffer((tile, matrix.block), "float32")
        with T.serial(tile) as row, T.serial(matrix.inputs // given.group) as group:
            lanes = range(0, given.group, layout.lanes)
            first = group * given.group
            given.put(row, group, [simd.load(source, row, first + lane, lanes=layout.lanes) for lane in lanes])
        with T.serial(matrix.blocks) as block:
            given.multiply(Weight(layout, name, arguments), layer, block, 0, tile, acc)
            with T.serial(tile) as row, T.serial(matrix.block) as n:
                T.buffer_store(y, acc[row, n], [row, block * matrix.block + n])

    packed, y = pack(weights, layout), np.zeros((tile, matrix.outputs), np.float32)
    build(body)(x, *(packed[each] for each in names), y)
    return y


def rounded(x: np.ndarray) -> np.ndarray:
    """Inputs as a quantised product sees them: steps of a 127th of the largest of 32."""
    groups = x.astype(np.float64).reshape(len(x), -1, GROUP)
    step = np.abs(groups).max(axis=-1, keepdims=True) / 127
    return (np.rint(groups / step) * step).reshape(x.shape)


@pytest.mark.parametrize(("name", "tile"), [("attention", 1), ("attention", TILE), ("narrowing", 1)])
def test_products_are_those_of_numpy(build, weights: Weights, name: str, tile: int) -> None:
    matrix = Layout(CONFIG, weights.quantization, False, processor.instructions()).matrices[name]
    x = np.random.default_rng(tile).standard_normal((tile, matrix.inputs)).astype(np.float32)
    stored = weights.matrix(f"transformer.h.1.{matrix.name}").astype(np.float64)
    expected = (rounded(x) if weights.quantization.blocks.bits else x) @ stored.T
    y = multiply(build, weights, processor.instructions(), name, 1, x)
    np.testing.assert_allclose(y, expected, atol=2e-3 * np.abs(expected).max())
    assert np.abs(y - expected).mean() < 2e-5 * np.abs(expected).max() + 1e-7


def test_rows_do_not_depend_on_their_tile(build, weights: Weights) -> None:
    x = np.random.default_rng(3).standard_normal((TILE, CONFIG.inner)).astype(np.float32)
    together = multiply(build, weights, processor.instructions(), "narrowing", 0, x)
    for row in (0, TILE - 1):
        alone = multiply(build, weights, processor.instructions(), "narrowing", 0, x[row : row + 1])
        assert alone.tobytes() == together[row].tobytes()


@pytest.mark.parametrize(("dot", "lanes"), runnable_dots())
def test_every_instruction_gives_nearly_the_same(build, weights: Weights, dot: str, lanes: int) -> None:
    if not weights.quantization.blocks.bits:
        pytest.skip("floats have no products of bytes")
    x = np.random.default_rng(4).standard_normal((2, CONFIG.width)).astype(np.float32)
    plain = multiply(build, weights, Instructions(4, "plain", 16), "widening", 1, x)
    y = multiply(build, weights, Instructions(lanes, dot, 32 if lanes == 16 else 16), "widening", 1, x)
    np.testing.assert_allclose(y, plain, atol=1e-4 * np.abs(plain).max())


def test_a_row_of_zeros_stays_zero(build, weights: Weights) -> None:
    x = np.zeros((1, CONFIG.width), np.float32)
    assert (multiply(build, weights, processor.instructions(), "projection", 0, x) == 0).all()
