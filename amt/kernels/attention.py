"""Causal attention of one query over a contiguous cache, for one head. Source: Vaswani et al., arXiv 1706.03762.

Keys are read `lanes` positions at a time (amt.kernels.layout), values position by position. What lies in the cache
beyond the query's own position is read but has the weight 0, so it must be finite and never changes a result.
"""

from __future__ import annotations

from tvm.tirx import Buffer, Expr
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

from amt.kernels import simd
from amt.kernels.layout import KEY_BLOCKS, Layout
from amt.kernels.simd import Index

# Positions whose values are added in one go, at most.
POSITIONS = 8
MASKED = -1e30


class Attention:
    """Scratch of one thread, allocated where this is made, and the attention of single queries with it."""

    def __init__(self, layout: Layout, keys: Buffer, values: Buffer) -> None:
        self.lanes = layout.lanes
        self.width = layout.config.head_width
        self.span = self.lanes * KEY_BLOCKS
        self.keys, self.values = keys, values
        self.scores = T.alloc_buffer((layout.positions,), "float32")
        self.running = T.alloc_buffer((self.lanes,), "float32")
        self.sums = T.alloc_buffer((2, self.width), "float32")

    def put_key(self, layer: Expr, head: Expr, position: Expr, column: int, value: Expr) -> None:
        """Stores `lanes` columns of a key: one lane in each of `lanes` rows."""
        lanes = self.lanes
        block, lane = T.floordiv(position, lanes), T.floormod(position, lanes)
        value = simd.bind(T.Cast(simd.vector(str(self.keys.dtype), lanes), value))
        for place in range(lanes):
            element = simd.shuffle([value], [place]) if lanes > 1 else value
            T.buffer_store(self.keys, element, [layer, head, block, column + place, lane])

    def put_value(self, layer: Expr, head: Expr, position: Expr, column: int, value: Expr) -> None:
        """Stores `lanes` columns of a value."""
        simd.store(self.values, value, layer, head, position, column, lanes=self.lanes)

    def attend(
        self, layer: Expr, head: Expr, position: Expr, query: Buffer, row: Index, out: Buffer, column: Index
    ) -> None:
        """out[row, column : column + width] = softmax(query[row] keys) values over positions 0 … position.

        The query is scaled already.
        """
        lanes = self.lanes
        chunks = simd.bind(T.floordiv(position + self.span, self.span))
        self._score(layer, head, position, query, row, chunks)
        top = simd.bind(simd.splat(simd.reduce(T.max, simd.load(self.running, 0, lanes=lanes), lanes), lanes))
        self._exponentiate(top, chunks)
        total = simd.reduce(simd.add, simd.bind(simd.load(self.running, 0, lanes=lanes)), lanes)
        self._mix(layer, head, position)
        share = simd.bind(simd.splat(T.float32(1) / total, lanes))
        for n in range(0, self.width, lanes):
            value = simd.load(self.sums, 0, n, lanes=lanes) + simd.load(self.sums, 1, n, lanes=lanes)
            simd.store(out, value * share, row, column + n, lanes=lanes)

    def _score(self, layer: Expr, head: Expr, position: Expr, query: Buffer, row: Index, chunks: Expr) -> None:
        """scores = query keys, masked beyond `position`; running = their maximum in each lane."""
        lanes = self.lanes
        simd.store(self.running, simd.constant(MASKED, lanes), 0, lanes=lanes)
        with T.serial(chunks) as chunk:
            sums = [simd.constant(0, lanes) for _ in range(KEY_BLOCKS)]
            for k in range(self.width):
                x = simd.bind(simd.splat(query[row, k], lanes))
                for block in range(KEY_BLOCKS):
                    key = simd.load(self.keys, layer, head, chunk * KEY_BLOCKS + block, k, 0, lanes=lanes)
                    sums[block] = simd.bind(simd.fma(x, key, sums[block]))
            best = simd.bind(simd.load(self.running, 0, lanes=lanes))
            for block in range(KEY_BLOCKS):
                first = (chunk * KEY_BLOCKS + block) * lanes
                places = T.Ramp(first, 1, lanes) if lanes > 1 else first
                seen = places <= simd.splat(position, lanes)
                score = simd.bind(T.Select(seen, sums[block], simd.constant(MASKED, lanes)))
                simd.store(self.scores, score, first, lanes=lanes)
                best = simd.bind(T.max(best, score))
            simd.store(self.running, best, 0, lanes=lanes)

    def _exponentiate(self, top: Expr, chunks: Expr) -> None:
        """scores = exp(scores - top), exactly 0 where masked; running = their sum in each lane."""
        lanes = self.lanes
        simd.store(self.running, simd.constant(0, lanes), 0, lanes=lanes)
        with T.serial(chunks * KEY_BLOCKS) as block:
            weight = simd.exp(simd.load(self.scores, block * lanes, lanes=lanes) - top, lanes)
            simd.store(self.scores, weight, block * lanes, lanes=lanes)
            simd.store(self.running, simd.load(self.running, 0, lanes=lanes) + weight, 0, lanes=lanes)

    def _mix(self, layer: Expr, head: Expr, position: Expr) -> None:
        """sums[0] + sums[1] = scores values; even and odd positions apart, so that additions overlap."""
        lanes = self.lanes
        columns = range(0, self.width, lanes)
        step = min(POSITIONS, self.span)
        for parity in range(2):
            for n in columns:
                simd.store(self.sums, simd.constant(0, lanes), parity, n, lanes=lanes)
        with T.serial(T.floordiv(position + step, step)) as group:
            sums = [[simd.bind(simd.load(self.sums, parity, n, lanes=lanes)) for n in columns] for parity in range(2)]
            for place in range(step):
                at = group * step + place
                weight = simd.bind(simd.splat(self.scores[at], lanes))
                sums[place % 2] = [
                    simd.bind(simd.fma(weight, simd.load(self.values, layer, head, at, n, lanes=lanes), total))
                    for n, total in zip(columns, sums[place % 2], strict=True)
                ]
            for parity in range(2):
                for n, total in zip(columns, sums[parity], strict=True):
                    simd.store(self.sums, total, parity, n, lanes=lanes)
