import numpy as np
import pytest
from tvm.tirx.script.builder import ir as T  # noqa: N812

from amt import processor
from amt.kernels import simd


def runnable_dots():
    """Every way to add products of bytes that this processor has."""
    has = processor.features()
    dots = [("plain", lanes) for lanes in (1, 4, 8, 16)]
    dots += [("maddubs", 8)] if "avx2" in has else []
    dots += [("maddubs", 16)] if "avx512bw" in has else []
    dots += [("vpdpbusd", 16)] if "avx512_vnni" in has else []
    dots += [("vpdpbusd", 8)] if "avx_vnni" in has or {"avx512_vnni", "avx512vl"} <= has else []
    dots += [("sdot", 4)] if "asimddp" in has else []
    return dots


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


def test_log_is_exact_to_two_units_in_the_last_place(build):
    near_one = np.linspace(0.5, 2, 2048, dtype=np.float32)
    x = np.concatenate([np.geomspace(1.2e-38, 3e38, 2048, dtype=np.float32), near_one])
    expected = np.log(x.astype(np.float64))
    np.testing.assert_allclose(elementwise(build, simd.log, x), expected, rtol=2.4e-7, atol=1e-8)


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


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("kind", "lanes"), runnable_dots())
def test_dot_adds_products_of_bytes_exactly(build, kind, lanes, bits):
    random = np.random.default_rng(5)
    weights = random.integers(0, 2**bits, 4 * lanes).astype(np.uint8)
    inputs = random.integers(-127, 128, 4 * lanes).astype(np.int8)
    weights[:4], inputs[:4] = 2**bits - 1, -127
    weights[4:8], inputs[4:8] = 2**bits - 1, 127
    total = random.integers(-1000, 1000, lanes).astype(np.int32)

    def body():
        buffers = [T.arg(name, T.buffer((lanes,), "int32")) for name in ("total", "weights", "inputs")]
        acc, *octets = (simd.bind(simd.load(buffer, 0, lanes=lanes, dtype="int32")) for buffer in buffers)
        simd.store(buffers[0], simd.dot(kind, bits, acc, *octets, lanes), 0, lanes=lanes)

    products = weights.astype(np.int64) * inputs
    expected = total + products.reshape(lanes, 4).sum(axis=1)
    build(body)(total, weights.view(np.int32), inputs.view(np.int32))
    assert (total == expected).all()


@pytest.mark.parametrize(("kind", "lanes"), runnable_dots())
def test_pairs_of_bytes_times_pairs_of_words_are_added_exactly(build, kind, lanes):
    random = np.random.default_rng(6)
    values = random.integers(-127, 128, 2 * lanes).astype(np.int8)
    values[:2] = -127, 127
    shares = np.array([-32767, 32767], np.int16)
    total = random.integers(-1000, 1000, lanes).astype(np.int32)

    def body():
        acc = T.arg("total", T.buffer((lanes,), "int32"))
        given = T.arg("values", T.buffer((lanes,), "int16"))
        both = T.arg("shares", T.buffer((1,), "int32"))
        number, vector = (simd.bind(simd.load(each, 0, lanes=lanes, dtype=str(each.dtype))) for each in (acc, given))
        simd.store(acc, simd.dot_pairs(kind, number, vector, both[0], lanes), 0, lanes=lanes)

    expected = total + (values.astype(np.int64).reshape(lanes, 2) * shares).sum(axis=1)
    build(body)(total, values.view(np.int16), shares.view(np.int32))
    assert (total == expected).all()


def test_a_shared_loop_is_done_once_by_the_whole_team(build):
    for extent in (1, 2, 3, 17):

        def body(extent=extent):
            counts = T.arg("counts", T.buffer((extent,), "int32"))
            with simd.team(), T.serial(3), simd.shared(extent) as place:
                T.buffer_store(counts, counts[place] + 1, [place])

        counts = np.zeros(extent, np.int32)
        build(body)(counts)
        assert (counts == 3).all()
