"""Causal attention of one query over a cache, for one head. Source: Vaswani et al., arXiv 1706.03762.

Keys are read `lanes` positions at a time, so that scores need no sums across lanes. What lies in the cache beyond the
query's own position is read but has the weight 0, so it must be finite and never changes a result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from tvm.tirx import Buffer, Expr
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

from amt.kernels import simd
from amt.kernels.layout import KEY_BLOCKS, Layout
from amt.kernels.simd import Index

Place = tuple[Index, Index, Index]
"""Cache, layer and head."""
# Positions whose values are added in one go, at most.
POSITIONS = 8
MASKED = -1e30


class Attention(ABC):
    """Scratch of one thread, allocated where this is made, and the attention of single queries with it.

    Attributes:
        query, key, value: float32 (tile, head width), what the rows of a tile bring; the query is scaled already.
    """

    def __init__(self, layout: Layout, cache: dict[str, Buffer], tile: int) -> None:
        self.lanes = layout.lanes
        self.width = layout.config.head_width
        self.columns = range(0, self.width, self.lanes)
        self.span = self.lanes * KEY_BLOCKS
        self.dot = layout.dot
        self.keys, self.values = cache["keys"], cache["values"]
        self.query, self.key, self.value = (T.alloc_buffer((tile, self.width), "float32") for _ in range(3))
        self.scores = T.alloc_buffer((layout.positions,), "float32")
        self.running = T.alloc_buffer((self.lanes,), "float32")

    @abstractmethod
    def put(self, at: Place, position: Expr, row: Index) -> None:
        """Writes key[row] and value[row] into the cache."""

    @abstractmethod
    def attend(self, at: Place, position: Expr, row: Index, out: Buffer, column: Index) -> None:
        """out[row, column : column + width] = softmax(query[row] keys) values over positions 0 … position."""

    def chunks(self, position: Expr) -> Expr:
        """How many spans of keys hold positions 0 … position."""
        return simd.bind(T.floordiv(position + self.span, self.span))

    def _score(self, position: Expr, chunks: Expr, score: Callable[[Expr], list[Expr]]) -> None:
        """scores = score(chunk), masked beyond `position`; running = their maximum in each lane."""
        lanes = self.lanes
        simd.store(self.running, simd.constant(MASKED, lanes), 0, lanes=lanes)
        with T.serial(chunks) as chunk:
            best = simd.bind(simd.load(self.running, 0, lanes=lanes))
            for block, value in enumerate(score(chunk)):
                first = (chunk * KEY_BLOCKS + block) * lanes
                places = T.Ramp(first, 1, lanes) if lanes > 1 else first
                seen = places <= simd.splat(position, lanes)
                value = simd.bind(T.Select(seen, value, simd.constant(MASKED, lanes)))
                simd.store(self.scores, value, first, lanes=lanes)
                best = simd.bind(T.max(best, value))
            simd.store(self.running, best, 0, lanes=lanes)

    def _exponentiate(self, chunks: Expr) -> Expr:
        """scores = exp(scores - their maximum), exactly 0 where masked; gives their sum."""
        lanes = self.lanes
        top = simd.bind(simd.splat(simd.reduce(T.max, simd.load(self.running, 0, lanes=lanes), lanes), lanes))
        simd.store(self.running, simd.constant(0, lanes), 0, lanes=lanes)
        with T.serial(chunks * KEY_BLOCKS) as block:
            weight = simd.exp(simd.load(self.scores, block * lanes, lanes=lanes) - top, lanes)
            simd.store(self.scores, weight, block * lanes, lanes=lanes)
            simd.store(self.running, simd.load(self.running, 0, lanes=lanes) + weight, 0, lanes=lanes)
        return simd.reduce(simd.add, simd.bind(simd.load(self.running, 0, lanes=lanes)), lanes)
