"""The embedding, which is the output layer too: rows of tokens as vectors, and their products with a hidden state."""

from __future__ import annotations

from tvm.tirx import Buffer, Expr
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

from amt.kernels import simd
from amt.kernels.layout import Layout
from amt.kernels.simd import Index
from amt.quantization import GROUP


class Table:
    """row of a token = table[base[token]] + extra[kind[token]] (amt.kernels.layout)."""

    def __init__(self, layout: Layout, arguments: dict[str, Buffer]) -> None:
        self.lanes, self.width = layout.lanes, layout.config.width
        self.scheme = layout.quantization.embedding
        self.values = arguments["table"]
        self.scales: Buffer = arguments.get("table_scale")
        self.base, self.kind, self.extra = (arguments[name] for name in ("base", "kind", "extra"))

    def row(self, token: Expr, column: Index) -> Expr:
        """`lanes` numbers of a token's row, from `column` on, which divides by `lanes`."""
        base, kind = self.base[token], self.kind[token]
        value = self._stored(base, column)
        if self.scheme.bits:
            scale = T.Cast("float32", self.scales[base, T.floordiv(column, GROUP)])
            value = value * simd.splat(scale, self.lanes)
        return value + simd.load(self.extra, kind, column, lanes=self.lanes)

    def extras(self, hidden: Buffer, row: Index, products: Buffer, place: Index) -> None:
        """products[place, kind] = the extra rows times hidden[row]."""
        lanes = self.lanes
        with T.serial(self.extra.shape[0]) as kind:
            terms = [
                simd.load(self.extra, kind, k, lanes=lanes) * simd.load(hidden, row, k, lanes=lanes)
                for k in range(0, self.width, lanes)
            ]
            T.buffer_store(products, simd.reduce(simd.add, simd.total(terms), lanes), [place, kind])

    def product(self, token: Expr, hidden: Buffer, row: Index, extras: Buffer, place: Index) -> Expr:
        """The product of a token's row with hidden[row]; extras[place] are those of the extra rows."""
        lanes = self.lanes
        base = simd.bind(self.base[token])
        group = GROUP if self.scheme.bits else self.width
        totals = []
        for start in range(0, self.width, group):
            terms = [
                (self._stored(base, column), simd.load(hidden, row, column, lanes=lanes))
                for column in range(start, start + group, lanes)
            ]
            if self.scheme.bits:
                inside = simd.bind(terms[0][0] * terms[0][1])
                for value, x in terms[1:]:
                    inside = simd.bind(simd.fma(value, x, inside))
                scale = T.Cast("float32", self.scales[base, start // GROUP])
                totals.append(simd.bind(inside * simd.splat(scale, lanes)))
            else:
                totals += [simd.bind(value * x) for value, x in terms]
        return simd.reduce(simd.add, simd.total(totals), lanes) + extras[place, self.kind[token]]

    def _stored(self, base: Expr, column: Index) -> Expr:
        """`lanes` numbers as stored: floats, or codes less their zero."""
        lanes, bits = self.lanes, self.scheme.bits
        if not bits:
            return simd.load(self.values, base, column, lanes=lanes)
        if bits == 8:
            codes = simd.load(self.values, base, column, lanes=lanes, dtype="int32")
        else:
            octets = simd.bind(simd.load(self.values, base, T.floordiv(column, 2), lanes=lanes // 2, dtype="int32"))
            # TVM's shuffles give no more lanes than they are given
            twice = simd.shuffle([octets, octets], [place // 2 for place in range(lanes)])
            shifts = T.bitwise_and(T.Ramp(0, 4, lanes), simd.splat(T.int32(4), lanes))
            codes = T.bitwise_and(T.shift_right(twice, shifts), simd.splat(T.int32(15), lanes))
        return T.Cast(simd.vector("float32", lanes), codes - simd.splat(T.int32(self.scheme.zero), lanes))
