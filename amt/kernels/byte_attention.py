"""Attention over keys and values rounded to bytes: half of float16's memory, and integer products four at a time.

Each position's key and value have a scale of their own in each head:

    score  = scale_q scale_k (sum of q k)             q, k bytes; summed exactly in int32
    out    = sum of w v / sum of exp(score)           w = exp(score) scale_v, rounded to 14 bits of the largest one

Integer sums are exact in any order; 14 bits and 1,024 positions of at most 127 stay inside int32.
"""

from __future__ import annotations

from collections.abc import Sequence

from tvm.tirx import Buffer, Expr
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

from amt.kernels import simd
from amt.kernels.attention import POSITIONS, Attention, Place
from amt.kernels.layout import KEY_BLOCKS, Layout
from amt.kernels.simd import Index

BIAS = 128
"""Keys are stored with it, since the dot product takes one factor unsigned."""
LARGEST = 127


class ByteAttention(Attention):
    def __init__(self, layout: Layout, cache: dict[str, Buffer], tile: int) -> None:
        super().__init__(layout, cache, tile)
        self.scales = cache["scales"]
        self.words = T.alloc_buffer((self.width // 4,), "int32")
        self.shares = T.alloc_buffer((layout.positions,), "int16")
        self.sums = T.alloc_buffer((self.width,), "int32")
        self.largest_share = min(2**15 - 1, (2**31 - 1) // (LARGEST * layout.positions))

    def put(self, at: Place, position: Expr, row: Index) -> None:
        lanes = self.lanes
        block, lane = T.floordiv(position, lanes), T.floormod(position, lanes)
        keys, scale = self._rounded(self.key, row)
        T.buffer_store(self.scales, scale, [*at, 0, position])
        for word, octets in enumerate(self._words(keys, BIAS)):
            T.buffer_store(self.keys, octets, [*at, block, word, lane])
        values, scale = self._rounded(self.value, row)
        T.buffer_store(self.scales, scale, [*at, 1, position])
        pair, shift = T.floordiv(position, 2), simd.bind(T.floormod(position, 2) * 8)
        kept = simd.bind(T.shift_right(T.int32(0xFF00), shift))
        for column, value in zip(self.columns, values, strict=True):
            other = simd.load(self.values, *at, pair, column, lanes=lanes, dtype="int32")
            octet = T.bitwise_and(value, simd.splat(T.int32(0xFF), lanes))
            both = T.bitwise_or(
                T.bitwise_and(other, simd.splat(kept, lanes)), T.shift_left(octet, simd.splat(shift, lanes))
            )
            simd.store(self.values, both, *at, pair, column, lanes=lanes)

    def attend(self, at: Place, position: Expr, row: Index, out: Buffer, column: Index) -> None:
        lanes = self.lanes
        query, scale = self._rounded(self.query, row)
        scale = simd.bind(simd.splat(scale, lanes))
        total = simd.reduce(simd.add, simd.total(query), lanes)
        offset = simd.bind(simd.splat(total * T.int32(-BIAS), lanes))
        for word, octets in enumerate(self._words(query, 0)):
            T.buffer_store(self.words, octets, [word])
        chunks = self.chunks(position)
        self._score(position, chunks, lambda chunk: self._products(at, offset, scale, chunk))
        total = simd.bind(self._exponentiate(chunks))
        unit = self._share(at, chunks)
        self._mix(at, position)
        factor = simd.bind(simd.splat(unit / total, lanes))
        for n in self.columns:
            value = simd.load(self.sums, n, lanes=lanes, dtype="float32")
            simd.store(out, value * factor, row, column + n, lanes=lanes)

    def _rounded(self, source: Buffer, row: Index) -> tuple[list[Expr], Expr]:
        """source[row] as int32 vectors from -127 to 127, and what one of their units is worth."""
        lanes = self.lanes
        values = [simd.bind(simd.load(source, row, column, lanes=lanes)) for column in self.columns]
        largest = simd.largest([T.abs(value) for value in values], lanes)
        inverse = simd.bind(simd.splat(simd.quotient(T.float32(LARGEST), largest), lanes))
        steps = [simd.bind(simd.to_int(value * inverse, lanes)) for value in values]
        return steps, simd.bind(largest * T.float32(1 / LARGEST))

    def _words(self, values: Sequence[Expr], bias: int) -> list[Expr]:
        """Four neighbouring columns in a word each."""
        lanes = self.lanes
        words = []
        for value in values:
            octets = T.Cast(simd.vector("int8", lanes), value + simd.splat(T.int32(bias), lanes))
            packed = simd.bind(T.reinterpret(simd.vector("int32", lanes // 4), octets))
            words += [simd.shuffle([packed], [place]) for place in range(lanes // 4)] if lanes > 4 else [packed]
        return words

    def _products(self, at: Place, offset: Expr, scale: Expr, chunk: Expr) -> list[Expr]:
        """The query's words times the keys of a span, as numbers."""
        lanes = self.lanes
        sums = [offset for _ in range(KEY_BLOCKS)]
        for word in range(self.width // 4):
            x = simd.bind(simd.splat(self.words[word], lanes))
            for block in range(KEY_BLOCKS):
                keys = simd.load(self.keys, *at, chunk * KEY_BLOCKS + block, word, 0, lanes=lanes, dtype="int32")
                sums[block] = simd.bind(simd.dot(self.dot, 8, sums[block], simd.bind(keys), x, lanes))
        numbers = []
        for block, total in enumerate(sums):
            units = simd.load(self.scales, *at, 0, (chunk * KEY_BLOCKS + block) * lanes, lanes=lanes)
            numbers.append(simd.bind(T.Cast(simd.vector("float32", lanes), total) * simd.bind(units * scale)))
        return numbers

    def _share(self, at: Place, chunks: Expr) -> Expr:
        """shares = scores times the values' scales, rounded; gives what one of their units is worth."""
        lanes = self.lanes
        simd.store(self.running, simd.constant(0, lanes), 0, lanes=lanes)
        with T.serial(chunks * KEY_BLOCKS) as block:
            units = simd.load(self.scales, *at, 1, block * lanes, lanes=lanes)
            weight = simd.bind(simd.load(self.scores, block * lanes, lanes=lanes) * units)
            simd.store(self.scores, weight, block * lanes, lanes=lanes)
            simd.store(self.running, T.max(simd.load(self.running, 0, lanes=lanes), weight), 0, lanes=lanes)
        largest = simd.largest([simd.load(self.running, 0, lanes=lanes)], lanes)
        inverse = simd.bind(simd.splat(simd.quotient(T.float32(self.largest_share), largest), lanes))
        with T.serial(chunks * KEY_BLOCKS) as block:
            share = simd.to_int(simd.load(self.scores, block * lanes, lanes=lanes) * inverse, lanes)
            simd.store(self.shares, share, block * lanes, lanes=lanes)
        return simd.bind(largest * T.float32(1 / self.largest_share))

    def _mix(self, at: Place, position: Expr) -> None:
        """sums = shares values, two positions at a time."""
        lanes = self.lanes
        step = min(POSITIONS, self.span)
        for n in self.columns:
            simd.store(self.sums, simd.splat(T.int32(0), lanes), n, lanes=lanes)
        with T.serial(T.floordiv(position + step, step)) as group:
            sums = [simd.bind(simd.load(self.sums, n, lanes=lanes, dtype="int32")) for n in self.columns]
            for place in range(0, step, 2):
                pair = simd.bind(group * (step // 2) + place // 2)
                share = simd.load(self.shares, pair * 2, lanes=2, dtype="int16")
                share = simd.bind(T.reinterpret("int32", share))
                sums = [
                    simd.bind(
                        simd.dot_pairs(
                            self.dot,
                            total,
                            simd.load(self.values, *at, pair, n, lanes=lanes, dtype="int16"),
                            share,
                            lanes,
                        )
                    )
                    for n, total in zip(self.columns, sums, strict=True)
                ]
            for n, total in zip(self.columns, sums, strict=True):
                simd.store(self.sums, total, n, lanes=lanes)
