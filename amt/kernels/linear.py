"""Matrix products, one output row to a vector lane: y[m, n] = sum over k of x[m, k] w[n, k].

The sum of every output runs over k in one order, whatever the number of rows m, so that results do not depend on how
tokens were batched. A weight is loaded and unpacked once for all rows of a tile.

Quantised products are integer products of weight codes with inputs rounded to int8 (one scale for 32 of them, the
weights' own groups), summed exactly in int32 and scaled into float32 group by group:

    y = sum over groups g of  scale_x[m, g] scale_w[n, g] (sum of x_q w_q  -  zero sum of x_q)

Source of the input rounding: llama.cpp's q8_0 activations.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

from tvm.tirx import Buffer, Expr
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

from amt.kernels import simd
from amt.kernels.layout import Layout, Matrix
from amt.kernels.simd import Index
from amt.quantization import GROUP


class Inputs(ABC):
    """Rows of numbers that a matrix is multiplied with, kept as the matrix wants them."""

    group: int

    @abstractmethod
    def put(self, row: Index, group: Index, values: Sequence[Expr]) -> None:
        """Stores one group of `group` consecutive numbers, as vectors."""

    @abstractmethod
    def multiply(self, weight: Weight, layer: Expr, block: Expr, first: Index, tile: int, acc: Buffer) -> None:
        """acc[tile, BLOCK] = inputs[first : first + tile] times the transposed block."""


class Weight:
    """A stacked matrix as the kernels' arguments hold it (amt.kernels.layout)."""

    def __init__(self, layout: Layout, name: str, arguments: dict[str, Buffer]) -> None:
        self.matrix: Matrix = layout.matrices[name]
        self.values = arguments[f"{name}_weight"]
        self.scales = arguments.get(f"{name}_scale")
        self.bias = arguments[f"{name}_bias"]


def inputs(layout: Layout, rows: int, columns: int) -> Inputs:
    """Room for `rows` inputs of a matrix, allocated where this is called."""
    kind = QuantisedInputs if layout.quantization.blocks.bits else FloatInputs
    return kind(layout, rows, columns)


class FloatInputs(Inputs):
    """Inputs of an unquantised matrix: float32 (rows, columns)."""

    def __init__(self, layout: Layout, rows: int, columns: int) -> None:
        self.layout, self.lanes = layout, layout.lanes
        self.group = self.lanes
        self.columns = columns
        self.values = T.alloc_buffer((rows, columns), "float32")

    def put(self, row: Index, group: Index, values: Sequence[Expr]) -> None:
        (value,) = values
        simd.store(self.values, value, row, group * self.lanes, lanes=self.lanes)

    def multiply(self, weight: Weight, layer: Expr, block: Expr, first: Index, tile: int, acc: Buffer) -> None:
        lanes = self.lanes
        unrolled = math.gcd(self.columns, 16)
        for part in _parts(weight.matrix.block, self.layout):
            _clear(acc, tile, part, lanes)
            with T.serial(self.columns // unrolled) as step:
                sums = [[simd.bind(simd.load(acc, m, n, lanes=lanes)) for n in part] for m in range(tile)]
                for k in (step * unrolled + place for place in range(unrolled)):
                    rows = [simd.bind(simd.load(weight.values, layer, block, k, n, lanes=lanes)) for n in part]
                    for m in range(tile):
                        x = simd.splat(self.values[first + m, k], lanes)
                        sums[m] = [simd.bind(simd.fma(x, row, total)) for row, total in zip(rows, sums[m], strict=True)]
                for m in range(tile):
                    for n, value in zip(part, sums[m], strict=True):
                        simd.store(acc, value, m, n, lanes=lanes)


class QuantisedInputs(Inputs):
    """Inputs of a quantised matrix: bytes in the order of the weights' bytes, a scale and an offset for each group."""

    group = GROUP

    def __init__(self, layout: Layout, rows: int, columns: int) -> None:
        self.layout, self.lanes, self.dot = layout, layout.lanes, layout.dot
        self.scheme = layout.quantization.blocks
        self.groups = columns // GROUP
        self.words = T.alloc_buffer((rows, columns // 4), "int32")
        self.scale = T.alloc_buffer((rows, self.groups), "float32")
        self.offset = T.alloc_buffer((rows, self.groups), "int32")

    def put(self, row: Index, group: Index, values: Sequence[Expr]) -> None:
        lanes = self.lanes
        values = [simd.bind(value) for value in values]
        largest = simd.largest([T.abs(value) for value in values], lanes)
        inverse = simd.quotient(T.float32(127), largest)
        steps = [simd.bind(simd.to_int(value * simd.splat(inverse, lanes), lanes)) for value in values]
        sums = simd.reduce(simd.add, simd.total(steps), lanes)
        T.buffer_store(self.scale, largest * T.float32(1 / 127), [row, group])
        T.buffer_store(self.offset, sums * T.int32(-self.scheme.zero), [row, group])
        octets = simd.shuffle([T.Cast(simd.vector("int8", lanes), step) for step in steps], self._order())
        simd.store(self.words, T.reinterpret("int32x8", octets), row, group * 8, lanes=8)

    def _order(self) -> list[int]:
        """Of 8 codes in a word the even ones are unpacked together, then the odd ones."""
        order = list(range(GROUP))
        if self.scheme.bits == 8:
            return order
        return [start + place for start in range(0, GROUP, 8) for place in (0, 2, 4, 6, 1, 3, 5, 7)]

    def multiply(self, weight: Weight, layer: Expr, block: Expr, first: Index, tile: int, acc: Buffer) -> None:
        lanes = self.lanes
        for part in _parts(weight.matrix.block, self.layout):
            _clear(acc, tile, part, lanes)
            with T.serial(self.groups) as group:
                codes = [self._codes(weight, layer, block, group, n) for n in part]
                scales = [simd.bind(simd.load(weight.scales, layer, block, group, n, lanes=lanes)) for n in part]
                for m in range(tile):
                    self._accumulate(first + m, group, codes, scales, [(acc, m, n) for n in part])

    def _codes(self, weight: Weight, layer: Expr, block: Expr, group: Expr, n: int) -> list[Expr]:
        """The codes of a group as 8 vectors of 4 bytes a lane."""
        lanes, count = self.lanes, GROUP // self.scheme.codes_per_word
        words = [
            simd.bind(simd.load(weight.values, layer, block, group * count + word, n, lanes=lanes, dtype="int32"))
            for word in range(count)
        ]
        if self.scheme.bits == 8:
            return words
        low, four = simd.splat(T.int32(0x0F0F0F0F), lanes), simd.splat(T.int32(4), lanes)
        return [
            simd.bind(T.bitwise_and(half, low))
            for word in words
            for half in (word, simd.bind(T.shift_right(word, four)))
        ]

    def _accumulate(
        self,
        row: Index,
        group: Expr,
        codes: Sequence[Sequence[Expr]],
        scales: Sequence[Expr],
        targets: Sequence[tuple[Buffer, int, int]],
    ) -> None:
        lanes = self.lanes
        sums = [simd.splat(self.offset[row, group], lanes) for _ in targets]
        for place in range(GROUP // 4):
            x = simd.bind(simd.splat(self.words[row, group * (GROUP // 4) + place], lanes))
            sums = [
                simd.bind(simd.dot(self.dot, self.scheme.bits, total, code[place], x, lanes))
                for total, code in zip(sums, codes, strict=True)
            ]
        scale = simd.bind(simd.splat(self.scale[row, group], lanes))
        for total, weight_scale, (acc, m, n) in zip(sums, scales, targets, strict=True):
            exact = T.Cast(simd.vector("float32", lanes), total)
            both = simd.bind(weight_scale * scale)
            simd.store(acc, simd.fma(exact, both, simd.load(acc, m, n, lanes=lanes)), m, n, lanes=lanes)


def _parts(block: int, layout: Layout) -> list[list[int]]:
    """The first rows of the vectors that are computed together."""
    starts = list(range(0, block, layout.lanes))
    return [starts[place : place + layout.vectors] for place in range(0, len(starts), layout.vectors)]


def _clear(acc: Buffer, tile: int, part: Sequence[int], lanes: int) -> None:
    for m in range(tile):
        for n in part:
            simd.store(acc, simd.constant(0, lanes), m, n, lanes=lanes)
