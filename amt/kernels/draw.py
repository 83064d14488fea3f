"""Draws the next token of several sequences: logits, pooling, bias, temperature, nucleus and the draw, in one kernel.

What amt.sampler.choose does in NumPy, for each of n hidden states with choices of its own. Logits are computed by the
whole team in shares of SHARE rows; then each sequence is drawn by one thread:

    run i       s_i = (log (sum over its rows of exp(logit)) + bias_i) / temperature
    nucleus     keeps the likeliest runs that hold top_p of the sum of exp(s): those of at least the largest threshold
                whose runs hold as much, found by halving the interval of the threshold's bits
    draw        the first run at which the running sum exceeds number times the sum of what is kept
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tvm.script.ir_builder import IRBuilder
from tvm.tirx import Buffer, Expr, PrimFunc
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

from amt.kernels import simd
from amt.kernels.layout import CHUNK, Layout
from amt.kernels.output import SHARE
from amt.kernels.simd import Index
from amt.kernels.table import Table

TEMPERATURE, TOP_P, NUMBER, SETTINGS = range(4)
"""Columns of the settings: 1 / temperature, top_p, the number that decides; and how many columns there are."""
# Bits of float32 numbers from 0 to 1, of which the nucleus's threshold is one.
ONE = 0x3F800000
LOWEST = -1e30


def draw(layout: Layout) -> PrimFunc:
    """The kernel that draws n ≤ CHUNK times, from m rows and k runs in all.

    Takes hidden float32[h, width] and lasts int32[n], the state that each draw follows; rows int32[m]; row_ends
    int32[n + 1], from 0 to m; starts int32[k], each run's first row; run_ends int32[n + 1], from 0 to k;
    bias float32[k + lanes]; settings float32[n, SETTINGS]; table….
    Fills choice int32[n] and, for its own use, logits float32[m + n lanes] and weights float32[k + n lanes]: in both,
    a vector lies behind each sequence's numbers, so that they can be taken vector by vector.
    """
    with IRBuilder() as builder, T.prim_func(is_private=True, s_tir=True):
        T.func_attr({"tirx.noalias": True})
        _Draw(layout).build()
    return builder.get()


class _Draw:
    def __init__(self, layout: Layout) -> None:
        self.lanes = layout.lanes
        self.count = T.var("int32", "n")

        def arg(name: str, dtype: str, *shape: Index) -> Buffer:
            return T.arg(name, T.buffer(shape or (T.var("int32", f"size_of_{name}"),), dtype))

        self.hidden = arg("hidden", "float32", T.var("int32", "h"), layout.config.width)
        self.lasts = arg("lasts", "int32", self.count)
        self.rows, self.row_ends = arg("rows", "int32"), arg("row_ends", "int32")
        self.starts, self.run_ends = arg("starts", "int32"), arg("run_ends", "int32")
        self.bias = arg("bias", "float32")
        self.settings = arg("settings", "float32", self.count, SETTINGS)
        self.table = Table(layout, {name: arg(name, each.dtype, *each.shape) for name, each in layout.table.items()})
        self.choice = arg("choice", "int32", self.count)
        self.logits, self.weights = arg("logits", "float32"), arg("weights", "float32")
        self.kinds = layout.table["extra"].shape[0]

    def build(self) -> None:
        self.extras = T.alloc_buffer((CHUNK, self.kinds), "float32")
        most = self._cell("int32", 0)
        with T.serial(self.count) as n:
            rows = self.row_ends[n + 1] - self.row_ends[n]
            T.buffer_store(most, T.max(most[0], T.floordiv(rows + SHARE - 1, SHARE)), [0])
        with T.If(self.count * most[0] < 2):
            with T.Then():
                only = T.int32(0)
                self._prepare(only)
                with T.serial(self.row_ends[1]) as row:
                    self._project(only, row)
                self._choose(only)
            with T.Else(), simd.team():
                with simd.shared(self.count) as n:
                    self._prepare(n)
                with simd.shared(self.count * most[0]) as share, T.serial(SHARE) as place:
                    n = simd.bind(T.floordiv(share, most[0]))
                    row = simd.bind(self.row_ends[n] + T.floormod(share, most[0]) * SHARE + place)
                    with T.If(row < self.row_ends[n + 1]), T.Then():
                        self._project(n, row)
                with simd.shared(self.count) as n:
                    self._choose(n)

    def _prepare(self, n: Index) -> None:
        self.table.extras(self.hidden, simd.bind(self.lasts[n]), self.extras, n)

    def _project(self, n: Index, row: Expr) -> None:
        logit = self.table.product(self.rows[row], self.hidden, simd.bind(self.lasts[n]), self.extras, n)
        T.buffer_store(self.logits, logit, [row + n * self.lanes])

    def _choose(self, n: Index) -> None:
        first_row, first_run = simd.bind(self.row_ends[n]), simd.bind(self.run_ends[n])
        rows, runs = simd.bind(self.row_ends[n + 1] - first_row), simd.bind(self.run_ends[n + 1] - first_run)
        row_gap, run_gap = simd.bind(n * self.lanes), simd.bind(n * self.lanes + first_run)
        self._exponentiate(self.logits, simd.bind(first_row + row_gap), rows)
        with T.serial(runs) as run:
            mass = self._cell("float32", 0)
            start, end = simd.bind(self.starts[first_run + run]), self._cell("int32", 0)
            T.buffer_store(end, first_row + rows, [0])
            with T.If(run + 1 < runs), T.Then():
                T.buffer_store(end, self.starts[first_run + run + 1], [0])
            with T.serial(end[0] - start) as row:
                T.buffer_store(mass, mass[0] + self.logits[start + row + row_gap], [0])
            T.buffer_store(self.weights, mass[0], [run_gap + run])
        self._scale(n, first_run, run_gap, runs)
        self._exponentiate(self.weights, run_gap, runs)
        threshold = self._nucleus(n, run_gap, runs)
        T.buffer_store(self.choice, self._fall(n, run_gap, runs, threshold), [n])

    def _exponentiate(self, numbers: Buffer, first: Expr, count: Expr) -> None:
        """numbers = exp(numbers - the largest); 0 behind them, to the end of a vector."""
        lanes = self.lanes
        simd.store(numbers, simd.constant(LOWEST, lanes), first + count, lanes=lanes)
        best = T.alloc_buffer((lanes,), "float32")
        simd.store(best, simd.constant(LOWEST, lanes), 0, lanes=lanes)
        with self._vectors(first, count) as at:
            larger = T.max(simd.load(best, 0, lanes=lanes), simd.load(numbers, at, lanes=lanes))
            simd.store(best, larger, 0, lanes=lanes)
        top = simd.bind(simd.splat(simd.largest([simd.load(best, 0, lanes=lanes)], lanes), lanes))
        with self._vectors(first, count) as at:
            simd.store(numbers, simd.exp(simd.load(numbers, at, lanes=lanes) - top, lanes), at, lanes=lanes)

    def _scale(self, n: Index, first_run: Expr, first: Expr, count: Expr) -> None:
        """weights = (log(weights) + bias) / temperature; LOWEST where nothing of a run is left."""
        lanes = self.lanes
        inverse = simd.bind(simd.splat(self.settings[n, TEMPERATURE], lanes))
        with self._vectors(first, count) as at:
            mass = simd.bind(simd.load(self.weights, at, lanes=lanes))
            bias = simd.load(self.bias, at - first + first_run, lanes=lanes)
            score = simd.bind(simd.log(mass, lanes) + bias) * inverse
            score = T.Select(mass > simd.constant(0, lanes), score, simd.constant(LOWEST, lanes))
            simd.store(self.weights, score, at, lanes=lanes)

    def _nucleus(self, n: Index, first: Expr, count: Expr) -> Expr:
        """The smallest weight that is kept."""
        low, high = self._cell("int32", 0), self._cell("int32", ONE + 1)
        wanted = simd.bind(self.settings[n, TOP_P] * self._kept(first, count, T.float32(0)))
        with T.If(self.settings[n, TOP_P] < T.float32(1)), T.Then(), T.serial(ONE.bit_length()):
            middle = simd.bind(T.shift_right(low[0] + high[0], T.int32(1)))
            enough = simd.bind(self._kept(first, count, T.reinterpret("float32", middle)) >= wanted)
            T.buffer_store(low, T.Select(enough, middle, low[0]), [0])
            T.buffer_store(high, T.Select(enough, high[0], middle), [0])
        return simd.bind(T.reinterpret("float32", low[0]))

    def _kept(self, first: Expr, count: Expr, threshold: Expr) -> Expr:
        """The sum of weights of at least `threshold`."""
        lanes = self.lanes
        least = simd.bind(simd.splat(simd.bind(threshold), lanes))
        sums = T.alloc_buffer((lanes,), "float32")
        simd.store(sums, simd.constant(0, lanes), 0, lanes=lanes)
        with self._vectors(first, count) as at:
            weight = simd.bind(simd.load(self.weights, at, lanes=lanes))
            kept = T.Select(weight >= least, weight, simd.constant(0, lanes))
            simd.store(sums, simd.load(sums, 0, lanes=lanes) + kept, 0, lanes=lanes)
        return simd.bind(simd.reduce(simd.add, simd.bind(simd.load(sums, 0, lanes=lanes)), lanes))

    def _fall(self, n: Index, first: Expr, count: Expr, threshold: Expr) -> Expr:
        """The run that the number falls on, among the kept ones."""
        target = simd.bind(self.settings[n, NUMBER] * self._kept(first, count, threshold))
        below, last, running = self._cell("int32", 0), self._cell("int32", 0), self._cell("float32", 0)
        with T.serial(count) as run:
            weight = simd.bind(self.weights[first + run])
            kept = simd.bind(T.Select(weight >= threshold, weight, T.float32(0)))
            T.buffer_store(running, running[0] + kept, [0])
            T.buffer_store(below, below[0] + T.Cast("int32", running[0] <= target), [0])
            T.buffer_store(last, T.Select(kept > T.float32(0), run, last[0]), [0])
        return T.min(below[0], last[0])

    @contextmanager
    def _vectors(self, first: Expr, count: Expr) -> Iterator[Expr]:
        """Where each vector of `count` numbers begins."""
        with T.serial(T.floordiv(count + self.lanes - 1, self.lanes)) as place:
            yield first + place * self.lanes

    @staticmethod
    def _cell(dtype: str, value: int) -> Buffer:
        """A variable."""
        cell = T.alloc_buffer((1,), dtype)
        T.buffer_store(cell, T.Cast(dtype, T.int32(value)), [0])
        return cell
