import numpy as np
import pytest
from tvm.tirx.script.builder import ir as T  # noqa: N812

from amt import processor
from amt.config import ModelConfig
from amt.kernels import simd
from amt.kernels.attention import Attention
from amt.kernels.layout import Layout
from amt.kernels.step import argument
from amt.quantization import quantization


@pytest.mark.parametrize("head_width", [64, 16, 8, 5])
@pytest.mark.parametrize("scheme", ["q0f32", "q4f32_1"])
def test_attention_is_that_of_numpy(build, head_width, scheme):
    config = ModelConfig(2, 2 * head_width, 2, 200, 2 * head_width)
    layout = Layout(config, quantization(scheme), False, processor.instructions())
    random, lanes, layer, head = np.random.default_rng(head_width), layout.lanes, 1, 1
    keys, values = (random.standard_normal((config.positions, head_width)).astype(np.float32) for _ in range(2))
    last = np.array([0, 1, lanes - 1, lanes, 63, 64, 100, 199], np.int32)
    queries = (random.standard_normal((len(last), head_width)) * 0.5).astype(np.float32)

    def body():
        given_keys, given_values = (T.arg(name, T.buffer(keys.shape, "float32")) for name in ("k", "v"))
        query = T.arg("q", T.buffer(queries.shape, "float32"))
        positions = T.arg("p", T.buffer(last.shape, "int32"))
        cache = [argument("keys", layout.keys), argument("values", layout.values)]
        out = T.arg("out", T.buffer(queries.shape, "float32"))
        attention = Attention(layout, *cache)
        with T.serial(config.positions) as position:
            for column in range(0, head_width, lanes):
                key = simd.load(given_keys, position, column, lanes=lanes)
                attention.put_key(layer, head, position, column, key)
                value = simd.load(given_values, position, column, lanes=lanes)
                attention.put_value(layer, head, position, column, value)
        with T.serial(len(last)) as row:
            attention.attend(layer, head, positions[row], query, row, out, 0)

    stored = [np.zeros(array.shape, array.dtype) for array in (layout.keys, layout.values)]
    out = np.zeros_like(queries)
    build(body)(keys, values, queries, last, *stored, out)
    for query, position, result in zip(queries.astype(np.float64), last, out, strict=True):
        scores = keys[: position + 1] @ query
        weights = np.exp(scores - scores.max())
        expected = weights @ values[: position + 1] / weights.sum()
        np.testing.assert_allclose(result, expected, atol=2e-6 if scheme == "q0f32" else 4e-3)
