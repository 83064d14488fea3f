import numpy as np
import pytest
from tvm.tirx.script.builder import ir as T  # noqa: N812

from amt import processor
from amt.kernels import simd
from amt.kernels.norm import normalise

LANES = processor.instructions().lanes


@pytest.mark.parametrize("width", [64, 512, 768])
@pytest.mark.parametrize(("offset", "scale"), [(0, 1), (50, 3), (0, 1e-4)])
def test_rows_are_normalised_as_in_numpy(build, width, offset, scale):
    random = np.random.default_rng(width)
    x = (random.standard_normal((3, width)) * scale + offset).astype(np.float32)
    weight, bias = (random.standard_normal(width).astype(np.float32) for _ in range(2))

    def body():
        source, w, b = (
            T.arg(name, T.buffer(shape, "float32")) for name, shape in zip("xwb", [x.shape, width, width], strict=True)
        )
        y = T.arg("y", T.buffer(x.shape, "float32"))
        with T.serial(3) as row:
            normalise(
                source,
                row,
                lambda k: simd.load(w, k, lanes=LANES),
                lambda k: simd.load(b, k, lanes=LANES),
                1e-5,
                LANES,
                LANES,
                lambda group, vectors: simd.store(y, vectors[0], row, group * LANES, lanes=LANES),
            )

    y = np.zeros_like(x)
    build(body)(x, weight, bias, y)
    wide = x.astype(np.float64)
    centred = wide - wide.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5) * weight + bias
    np.testing.assert_allclose(y, expected, atol=5e-5)
