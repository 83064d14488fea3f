"""Logits of chosen tokens alone: rows of the embedding times the hidden state."""

from __future__ import annotations

from tvm.script.ir_builder import IRBuilder
from tvm.tirx import PrimFunc
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

from amt.kernels import simd
from amt.kernels.layout import Layout
from amt.kernels.table import Table

# Rows that are one thread's share of work; fewer than two shares are not worth a team.
SHARE = 64


def output(layout: Layout) -> PrimFunc:
    """The kernel (hidden float32[1, width], rows int32[m], table…, logits float32[m])."""
    with IRBuilder() as builder, T.prim_func(is_private=True, s_tir=True):
        T.func_attr({"tirx.noalias": True})
        count = T.var("int32", "m")
        hidden = T.arg("hidden", T.buffer((1, layout.config.width), "float32"))
        rows = T.arg("rows", T.buffer((count,), "int32"))
        arguments = {name: T.arg(name, T.buffer(a.shape, a.dtype)) for name, a in layout.table.items()}
        logits = T.arg("logits", T.buffer((count,), "float32"))
        table = Table(layout, arguments)
        extras = T.alloc_buffer((1, layout.table["extra"].shape[0]), "float32")
        table.extras(hidden, 0, extras, 0)

        def project(row: object) -> None:
            T.buffer_store(logits, table.product(rows[row], hidden, 0, extras, 0), [row])

        with T.If(count < 2 * SHARE):
            with T.Then(), T.serial(count) as row:
                project(row)
            shares = T.floordiv(count + SHARE - 1, SHARE)
            with T.Else(), simd.team(), simd.shared(shares) as share, T.serial(SHARE) as place:
                row = share * SHARE + place
                with T.If(row < count), T.Then():
                    project(row)
    return builder.get()
