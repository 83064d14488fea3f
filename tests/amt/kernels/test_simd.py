import numpy as np
import pytest
from tvm.tirx.script.builder import ir as T  # noqa: N812

from amt import processor
from amt.kernels import simd

LANES = processor.instructions().lanes


def elementwise(build, function, x):
    """function applied to float32 x in vectors of LANES."""

    def body():
        source, target = (T.arg(name, T.buffer((len(x),), "float32")) for name in ("x", "y"))
        with T.serial(len(x) // LANES) as place:
            value = function(simd.load(source, place * LANES, lanes=LANES), LANES)
            simd.store(target, value, place * LANES, lanes=LANES)

    y = np.zeros_like(x)
    build(body)(x, y)
    return y


def test_exp_is_exact_to_two_units_in_the_last_place(build):
    x = np.linspace(-87, 88, 4096, dtype=np.float32)
    assert elementwise(build, simd.exp, x) == pytest.approx(np.exp(x.astype(np.float64)), rel=2.4e-7)


def test_exp_of_what_is_masked_is_exactly_zero(build):
    x = np.resize(np.array([-88, -100, -1e30, -np.inf], np.float32), 64)
    assert (elementwise(build, simd.exp, x) == 0).all()


def test_gelu_is_the_tanh_approximation(build):
    x = np.linspace(-12, 12, 4096, dtype=np.float32)
    wide = x.astype(np.float64)
    expected = 0.5 * wide * (1 + np.tanh(np.sqrt(2 / np.pi) * (wide + 0.044715 * wide**3)))
    np.testing.assert_allclose(elementwise(build, simd.gelu, x), expected, atol=2e-7, rtol=2e-6)


@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
def test_reduction_combines_all_lanes(build, lanes):
    x = np.random.default_rng(lanes).standard_normal(lanes).astype(np.float32)

    def body():
        source, target = T.arg("x", T.buffer((lanes,), "float32")), T.arg("y", T.buffer((2,), "float32"))
        value = simd.bind(simd.load(source, 0, lanes=lanes))
        T.buffer_store(target, simd.reduce(simd.add, value, lanes), [0])
        T.buffer_store(target, simd.reduce(T.max, value, lanes), [1])

    y = np.zeros(2, np.float32)
    build(body)(x, y)
    assert y[0] == pytest.approx(x.sum(dtype=np.float64), abs=1e-5)
    assert y[1] == x.max()


@pytest.mark.parametrize("kind", {processor.instructions().dot, "plain"})
def test_dot_adds_products_of_bytes_exactly(build, kind):
    random = np.random.default_rng(5)
    weights = random.integers(0, 256, 4 * LANES).astype(np.uint8)
    inputs = random.integers(-127, 128, 4 * LANES).astype(np.int8)
    weights[:4], inputs[:4] = 255, -127  # the extremes overflow 16 bits
    total = random.integers(-1000, 1000, LANES).astype(np.int32)

    def body():
        buffers = [T.arg(name, T.buffer((LANES,), "int32")) for name in ("total", "weights", "inputs")]
        value = simd.dot(kind, *(simd.load(buffer, 0, lanes=LANES, dtype="int32") for buffer in buffers), LANES)
        simd.store(buffers[0], value, 0, lanes=LANES)

    products = weights.astype(np.int64) * inputs
    expected = total + products.reshape(LANES, 4).sum(axis=1)
    build(body)(total, weights.view(np.int32), inputs.view(np.int32))
    assert (total == expected).all()
