"""Layer normalisation of one row of the residual stream. Source: Ba et al., arXiv 1607.06450."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tvm.tirx import Buffer, Expr
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

from amt.kernels import simd
from amt.kernels.simd import Index


def normalise(
    x: Buffer,
    row: Index,
    weight: Callable[[int], Expr],
    bias: Callable[[int], Expr],
    epsilon: float,
    lanes: int,
    group: int,
    put: Callable[[int, Sequence[Expr]], None],
) -> None:
    """put(g, vectors) receives every group of the normalised row; weight and bias give the vector at a column."""
    width = int(x.shape[1])
    columns = range(0, width, lanes)
    values = [simd.bind(simd.load(x, row, k, lanes=lanes)) for k in columns]
    mean = simd.reduce(simd.add, simd.total(values), lanes) * T.float32(1 / width)
    mean = simd.bind(simd.splat(mean, lanes))
    centred = [simd.bind(value - mean) for value in values]
    squares = simd.reduce(simd.add, simd.total([value * value for value in centred]), lanes)
    deviation = simd.bind(T.float32(1) / T.sqrt(squares * T.float32(1 / width) + T.float32(epsilon)))
    factor = simd.bind(simd.splat(deviation, lanes))
    result = [
        simd.fma(simd.bind(value * factor), weight(k), bias(k)) for k, value in zip(columns, centred, strict=True)
    ]
    step = group // lanes
    for place in range(width // group):
        put(place, result[place * step : (place + 1) * step])
