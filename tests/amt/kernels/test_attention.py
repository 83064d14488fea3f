import numpy as np
import pytest
from tvm.tirx.script.builder import ir as T  # noqa: N812

from amt import processor
from amt.config import ModelConfig
from amt.kernels import simd
from amt.kernels.byte_attention import ByteAttention
from amt.kernels.float_attention import FloatAttention
from amt.kernels.layout import Array, Layout
from amt.kernels.step import argument
from amt.quantization import quantization

POOL = 3


def attend(build, layout, keys, values, queries, last):
    """The kernel's attention of queries[n] over positions 0 … last[n], in a pool of caches full of other things."""
    width, lanes = layout.config.head_width, layout.lanes

    def body():
        given = [T.arg(name, T.buffer(keys.shape, "float32")) for name in ("k", "v")]
        query = T.arg("q", T.buffer(queries.shape, "float32"))
        positions = T.arg("p", T.buffer(last.shape, "int32"))
        cache = {name: argument(name, Array((POOL, *each.shape), each.dtype)) for name, each in layout.cache.items()}
        out = T.arg("out", T.buffer(queries.shape, "float32"))
        attention = (ByteAttention if layout.byte_cache else FloatAttention)(layout, cache, 1)
        at = (T.int32(2), T.int32(1), T.int32(1))

        def copy(source, row, target):
            for column in range(0, width, lanes):
                simd.store(target, simd.load(source, row, column, lanes=lanes), 0, column, lanes=lanes)

        with T.serial(len(keys)) as position:
            for source, target in zip(given, (attention.key, attention.value), strict=True):
                copy(source, position, target)
            attention.put(at, position, 0)
        mixed = T.alloc_buffer((1, width), "float32")
        with T.serial(len(last)) as row:
            copy(query, row, attention.query)
            attention.attend(at, positions[row], 0, mixed, 0)
            for column in range(0, width, lanes):
                simd.store(out, simd.load(mixed, 0, column, lanes=lanes), row, column, lanes=lanes)

    stored = [np.ones((POOL, *array.shape), array.dtype) for array in layout.cache.values()]
    out = np.zeros_like(queries)
    build(body)(keys, values, queries, last, *stored, out)
    return out


@pytest.mark.parametrize("head_width", [64, 16, 8, 5])
@pytest.mark.parametrize("scheme", ["q0f32", "q4f32_1"])
def test_attention_is_that_of_numpy(build, head_width, scheme):
    config = ModelConfig(2, 2 * head_width, 2, 200, 2 * head_width)
    layout = Layout(config, quantization(scheme), False, processor.instructions())
    random, lanes = np.random.default_rng(head_width), layout.lanes
    keys, values = (random.standard_normal((config.positions, head_width)).astype(np.float32) for _ in range(2))
    values[7] *= 100  # a scale of its own
    last = np.array([0, 1, lanes - 1, lanes, 63, 64, 100, 199], np.int32)
    queries = (random.standard_normal((len(last), head_width)) * 0.5).astype(np.float32)
    out = attend(build, layout, keys, values, queries, last)
    assert layout.byte_cache == (scheme != "q0f32" and head_width % 4 == 0)
    if layout.byte_cache:
        keys, values, queries = (to_bytes(each) for each in (keys, values, queries))
    for query, position, result in zip(queries.astype(np.float64), last, out, strict=True):
        scores = keys[: position + 1] @ query
        weights = np.exp(scores - scores.max())
        expected = weights @ values[: position + 1] / weights.sum()
        # shares of 14 bits are all that bytes lose besides their own rounding
        assert_near(result, expected, 2e-3 if layout.byte_cache else 2e-6)


def to_bytes(rows):
    """Rows rounded to 127 steps of their largest number, as the kernel keeps them."""
    steps = np.abs(rows).max(axis=1, keepdims=True) / 127
    return np.rint(rows / steps) * steps


def assert_near(result, expected, tolerance):
    assert np.linalg.norm(result - expected) <= tolerance * np.linalg.norm(expected)


def test_bytes_are_exact_where_numbers_are_bytes(build):
    # scales are then powers of two or one, and scores and shares lose nothing: only exp's last digits are left
    config = ModelConfig(2, 128, 2, 200, 128)
    layout = Layout(config, quantization("q4f32_1"), False, processor.instructions())
    random = np.random.default_rng(3)
    keys, values = (random.integers(-127, 128, (200, 64)).astype(np.float32) for _ in range(2))
    keys[:, 0], values[:, 0] = 127, -127
    last = np.array([0, 63, 64, 199], np.int32)
    queries = np.zeros((4, 64), np.float32)  # all scores are 0: the mean of the values
    for result, position in zip(attend(build, layout, keys, values, queries, last), last, strict=True):
        np.testing.assert_allclose(result, values[: position + 1].mean(0), atol=1e-4)


def test_values_of_nothing_give_nothing(build):
    config = ModelConfig(2, 128, 2, 64, 128)
    layout = Layout(config, quantization("q4f32_1"), False, processor.instructions())
    keys, queries = np.ones((64, 64), np.float32), np.ones((1, 64), np.float32)
    assert (attend(build, layout, keys, 0 * keys, queries, np.array([63], np.int32)) == 0).all()
