"""Attention over keys and values in float32, as an unquantised model has it."""

from __future__ import annotations

from tvm.tirx import Buffer, Expr
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

from amt.kernels import simd
from amt.kernels.attention import POSITIONS, Attention, Place
from amt.kernels.layout import KEY_BLOCKS, Layout
from amt.kernels.simd import Index


class FloatAttention(Attention):
    def __init__(self, layout: Layout, cache: dict[str, Buffer], tile: int) -> None:
        super().__init__(layout, cache, tile)
        self.sums = T.alloc_buffer((2, self.width), "float32")

    def put(self, at: Place, position: Expr, row: Index) -> None:
        lanes = self.lanes
        block, lane = T.floordiv(position, lanes), T.floormod(position, lanes)
        for column in self.columns:
            key = simd.bind(simd.load(self.key, row, column, lanes=lanes))
            for place in range(lanes):
                element = simd.shuffle([key], [place]) if lanes > 1 else key
                T.buffer_store(self.keys, element, [*at, block, column + place, lane])
            value = simd.load(self.value, row, column, lanes=lanes)
            simd.store(self.values, value, *at, position, column, lanes=lanes)

    def attend(self, at: Place, position: Expr, row: Index, out: Buffer, column: Index) -> None:
        lanes = self.lanes
        chunks = self.chunks(position)
        self._score(position, chunks, lambda chunk: self._products(at, row, chunk))
        total = self._exponentiate(chunks)
        self._mix(at, position)
        share = simd.bind(simd.splat(T.float32(1) / total, lanes))
        for n in self.columns:
            value = simd.load(self.sums, 0, n, lanes=lanes) + simd.load(self.sums, 1, n, lanes=lanes)
            simd.store(out, value * share, row, column + n, lanes=lanes)

    def _products(self, at: Place, row: Index, chunk: Expr) -> list[Expr]:
        """query[row] times the keys of a span."""
        lanes = self.lanes
        sums = [simd.constant(0, lanes) for _ in range(KEY_BLOCKS)]
        for k in range(self.width):
            x = simd.bind(simd.splat(self.query[row, k], lanes))
            for block in range(KEY_BLOCKS):
                key = simd.load(self.keys, *at, chunk * KEY_BLOCKS + block, k, 0, lanes=lanes)
                sums[block] = simd.bind(simd.fma(x, key, sums[block]))
        return sums

    def _mix(self, at: Place, position: Expr) -> None:
        """sums[0] + sums[1] = scores values; even and odd positions apart, so that additions overlap."""
        lanes, columns = self.lanes, self.columns
        step = min(POSITIONS, self.span)
        for parity in range(2):
            for n in columns:
                simd.store(self.sums, simd.constant(0, lanes), parity, n, lanes=lanes)
        with T.serial(T.floordiv(position + step, step)) as group:
            sums = [[simd.bind(simd.load(self.sums, parity, n, lanes=lanes)) for n in columns] for parity in range(2)]
            for place in range(step):
                at_position = group * step + place
                weight = simd.bind(simd.splat(self.scores[at_position], lanes))
                sums[place % 2] = [
                    simd.bind(simd.fma(weight, simd.load(self.values, *at, at_position, n, lanes=lanes), total))
                    for n, total in zip(columns, sums[place % 2], strict=True)
                ]
            for parity in range(2):
                for n, total in zip(columns, sums[parity], strict=True):
                    simd.store(self.sums, total, parity, n, lanes=lanes)
