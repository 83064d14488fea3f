"""One pass of a GPT-2 over some tokens, as one kernel: a single team of threads, four waits in a block.

    for every block of the model
        each head:     norm 1 (x) → query, key, value → the cache → attention          | wait
        each 32 rows:  x += projection (attention)                                     | wait
        each 32 rows:  h = gelu (widening (norm 2 (x)))                                | wait
        each 32 rows:  x += narrowing (h)                                              | wait

Every token has a cache and a position of its own, so a pass may read a run of one sequence, the next tokens of several,
or both; earlier tokens of a sequence come first. A launch per matrix would cost more than many of the products do.
Where one token is read, every thread computes the norms for itself, which is cheaper than to wait for another; where
many are, their rows are shared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tvm.script.ir_builder import IRBuilder
from tvm.tirx import Buffer, Expr, PrimFunc
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

from amt.kernels import simd
from amt.kernels.attention import Attention, Place
from amt.kernels.byte_attention import ByteAttention
from amt.kernels.float_attention import FloatAttention
from amt.kernels.layout import Array, Layout
from amt.kernels.linear import Inputs, Weight, inputs
from amt.kernels.norm import normalise
from amt.kernels.simd import Index
from amt.kernels.table import Table

Epilogue = Callable[[Expr, int, Expr], None]


def step(layout: Layout, most: int, tile: int) -> PrimFunc:
    """The kernel (tokens, caches, positions: int32[n]; keys, values…; parameters…; hidden float32[n, width]).

    It reads 1 ≤ n ≤ most tokens, `tile` at a time, writes their keys and values at their positions in their caches, and
    gives their normalised hidden states. With most = 1 it takes exactly one token.
    """
    with IRBuilder() as builder, T.prim_func(is_private=True, s_tir=True):
        T.func_attr({"tirx.noalias": True})
        _Step(layout, most, tile).build()
    return builder.get()


def argument(name: str, array: Array) -> Buffer:
    """Declares one argument of the kernel being built."""
    return T.arg(name, T.buffer(array.shape, array.dtype))


class _Step:
    def __init__(self, layout: Layout, most: int, tile: int) -> None:
        self.layout, self.lanes = layout, layout.lanes
        self.config = layout.config
        self.tile = tile
        self.alone = most == 1
        self.rows = most
        count = 1 if self.alone else T.var("int32", "n")
        self.tokens, self.caches, self.positions = (
            T.arg(name, T.buffer((count,), "int32")) for name in ("tokens", "caches", "positions")
        )
        pool = T.var("int32", "pool")
        self.cache = {
            name: argument(name, Array((pool, *array.shape), array.dtype)) for name, array in layout.cache.items()
        }
        self.arguments = {name: argument(name, array) for name, array in layout.parameters.items()}
        self.hidden = T.arg("hidden", T.buffer((count, self.config.width), "float32"))
        self.count = count
        self.tiles = 1 if self.alone else T.floordiv(count + self.tile - 1, self.tile)
        self.padded = count if self.alone else self.tiles * self.tile
        self.weights = {name: Weight(layout, name, self.arguments) for name in layout.matrices}

    def build(self) -> None:
        config, layout = self.config, self.layout
        heads = self._heads_together()
        unit = heads * config.head_width
        self.x = T.alloc_buffer((self.rows, config.width), "float32")
        self.attended = inputs(layout, self.rows, config.width)
        self.wide = inputs(layout, self.rows, config.inner)
        if not self.alone:
            self.normal = inputs(layout, self.rows, config.width)
        self._embed()
        with simd.team():
            self.acc = T.alloc_buffer((self.tile, max(m.block for m in layout.matrices.values())), "float32")
            self.mixed = T.alloc_buffer((self.tile, unit), "float32")
            kind = ByteAttention if layout.byte_cache else FloatAttention
            self.attention: Attention = kind(layout, self.cache, self.tile)
            if self.alone:
                self.normal = inputs(layout, 1, config.width)
            else:
                with T.serial(self.tile) as m, T.serial(unit // self.lanes) as part:
                    simd.store(self.mixed, simd.constant(0, self.lanes), m, part * self.lanes, lanes=self.lanes)
            with T.serial(config.layers) as layer:
                self._normalise("norm_1", layer)
                with simd.shared(config.heads // heads) as place, T.serial(self.tiles) as tile:
                    for head in range(heads):
                        self._attend(layer, simd.bind(place * heads + head), tile, head * config.head_width)
                    self._hand_over(self.mixed, self.attended, tile, place, unit)
                self._add("projection", layer, self.attended)
                self._normalise("norm_2", layer)
                self._widen(layer)
                self._add("narrowing", layer, self.wide)
        self._finish()

    def _heads_together(self) -> int:
        """Heads that one thread computes in a row, so that they fill whole groups of the projection's inputs."""
        group = 32 if self.layout.quantization.blocks.bits else self.lanes
        return math.lcm(group, self.config.head_width) // self.config.head_width

    def _embed(self) -> None:
        table, position = Table(self.layout, self.arguments), self.arguments["position"]
        with T.serial(self.count) as row, T.serial(self.config.width // self.lanes) as part:
            column = part * self.lanes
            place = simd.load(position, self.positions[row], column, lanes=self.lanes)
            simd.store(self.x, table.row(self.tokens[row], column) + place, row, column, lanes=self.lanes)
        if not self.alone:
            # rows that fill the last tile are computed too: what lies in memory by chance may be slow to compute with
            with T.serial(self.padded - self.count) as row, T.serial(self.config.width // self.lanes) as part:
                zero = simd.constant(0, self.lanes)
                simd.store(self.x, zero, self.count + row, part * self.lanes, lanes=self.lanes)

    def _normalise(self, name: str, layer: Expr) -> None:
        def norm(row: Index) -> None:
            def parameter(part: str) -> Callable[[int], Expr]:
                return lambda k: simd.load(self.arguments[f"{name}_{part}"], layer, k, lanes=self.lanes)

            normalise(
                self.x,
                row,
                parameter("weight"),
                parameter("bias"),
                self.config.epsilon,
                self.lanes,
                self.normal.group,
                lambda group, vectors: self.normal.put(row, group, vectors),
            )

        if self.alone:
            norm(0)
        else:
            with simd.shared(self.padded) as row:
                norm(row)

    def _product(self, name: str, layer: Expr, block: Expr, source: Inputs, tile: Expr, epilogue: Epilogue) -> None:
        """epilogue(row of the tile, first column in the block, vector) gets every output plus its bias."""
        weight = self.weights[name]
        source.multiply(weight, layer, block, tile * self.tile, self.tile, self.acc)
        with T.serial(self.tile) as m:
            for n in range(0, weight.matrix.block, self.lanes):
                bias = simd.load(weight.bias, layer, block * weight.matrix.block + n, lanes=self.lanes)
                epilogue(m, n, simd.bind(simd.load(self.acc, m, n, lanes=self.lanes) + bias))

    def _attend(self, layer: Expr, head: Expr, tile: Expr, column: int) -> None:
        config, matrix = self.config, self.layout.matrices["attention"]
        per_head, per_part = config.head_width // matrix.block, config.width // matrix.block
        scale = T.float32(1 / math.sqrt(config.head_width))
        if config.scale_attn_by_inverse_layer_idx:
            scale = scale / T.Cast("float32", layer + 1)
        scale = simd.bind(simd.splat(simd.bind(scale), self.lanes))
        first = simd.bind(tile * self.tile)
        for place in range(per_head):
            start = place * matrix.block

            def put_query(m: Expr, n: int, value: Expr, start: int = start) -> None:
                simd.store(self.attention.query, value * scale, m, start + n, lanes=self.lanes)

            def put_key(m: Expr, n: int, value: Expr, start: int = start) -> None:
                simd.store(self.attention.key, value, m, start + n, lanes=self.lanes)

            def put_value(m: Expr, n: int, value: Expr, start: int = start) -> None:
                simd.store(self.attention.value, value, m, start + n, lanes=self.lanes)

            for part, epilogue in enumerate((put_query, put_key, put_value)):
                block = part * per_part + head * per_head + place
                self._product("attention", layer, block, self.normal, tile, epilogue)

        def attend(m: Expr, at: Place, position: Expr) -> None:
            self.attention.put(at, position, m)
            self.attention.attend(at, position, m, self.mixed, column)

        with T.serial(self.tile) as m:
            self._where_read(layer, head, first, m, attend)

    def _where_read(
        self, layer: Expr, head: Expr, first: Expr, m: Expr, emit: Callable[[Expr, Place, Expr], None]
    ) -> None:
        """emit(row of the tile, place, position) for rows that hold a token; the last tile may hold fewer."""
        if self.alone:
            emit(m, (self.caches[0], layer, head), self.positions[0])
            return
        row = first + m
        with T.If(row < self.count), T.Then():
            emit(m, (simd.bind(self.caches[row]), layer, head), simd.bind(self.positions[row]))

    def _hand_over(self, source: Buffer, target: Inputs, tile: Expr, place: Expr, width: int) -> None:
        """Gives the columns that one thread has computed to the next product, as its inputs."""
        groups = width // target.group
        with T.serial(self.tile) as m, T.serial(groups) as group:
            columns = (group * target.group + lane for lane in range(0, target.group, self.lanes))
            vectors = [simd.load(source, m, column, lanes=self.lanes) for column in columns]
            target.put(tile * self.tile + m, place * groups + group, vectors)

    def _add(self, name: str, layer: Expr, source: Inputs) -> None:
        matrix = self.layout.matrices[name]
        with simd.shared(matrix.blocks) as block, T.serial(self.tiles) as tile:

            def add(m: Expr, n: int, value: Expr) -> None:
                row, column = tile * self.tile + m, block * matrix.block + n
                total = simd.load(self.x, row, column, lanes=self.lanes) + value
                simd.store(self.x, total, row, column, lanes=self.lanes)

            self._product(name, layer, block, source, tile, add)

    def _widen(self, layer: Expr) -> None:
        matrix = self.layout.matrices["widening"]
        with simd.shared(matrix.blocks) as block, T.serial(self.tiles) as tile:

            def activate(m: Expr, n: int, value: Expr) -> None:
                simd.store(self.acc, simd.gelu(value, self.lanes), m, n, lanes=self.lanes)

            self._product("widening", layer, block, self.normal, tile, activate)
            self._hand_over(self.acc, self.wide, tile, block, matrix.block)

    def _finish(self) -> None:
        def put(row: Index) -> Callable[[int, Sequence[Expr]], None]:
            return lambda group, vectors: simd.store(self.hidden, vectors[0], row, group * self.lanes, lanes=self.lanes)

        def parameter(part: str) -> Callable[[int], Expr]:
            return lambda k: simd.load(self.arguments[f"norm_{part}"], k, lanes=self.lanes)

        with T.serial(self.count) as row:
            normalise(
                self.x,
                row,
                parameter("weight"),
                parameter("bias"),
                self.config.epsilon,
                self.lanes,
                self.lanes,
                put(row),
            )
