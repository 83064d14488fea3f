"""GPT-2 in TVM Relax: what is computed from what. How it is computed stands in amt.kernels, where it lies in layout.

The model is one module with five functions; the parameters of all blocks are stacked, the blocks are a loop in the
kernels, and the pool of key/value caches is the caller's, changed in place.

    one      one token, with its cache and position     → hidden float32 [1, width]
    few      2 ≤ n ≤ FEW tokens                         → hidden [n, width]
    many     n ≤ CHUNK tokens                           → hidden [n, width]
    output   hidden [1, width], rows int32 [m]          → logits float32 [m] of those tokens
    draw     hidden [n, width] and choices              → choice int32 [n] (amt.kernels.draw)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from tvm import IRModule
from tvm.relax.frontend import nn

from amt.kernels.draw import SETTINGS, draw
from amt.kernels.layout import CHUNK, FEW, TILE, Layout
from amt.kernels.output import output
from amt.kernels.step import step

Tensor: TypeAlias = nn.Tensor
Tensors: TypeAlias = Sequence[nn.Tensor]


class GPT2(nn.Module):
    """A GPT-2 with parameters as `Layout.parameters` names and shapes them."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout = layout
        for name, array in layout.parameters.items():
            setattr(self, name, nn.Parameter(array.shape, array.dtype))

    def one(self, tokens: Tensor, caches: Tensor, positions: Tensor, pool: Tensors) -> Tensor:
        return self._step("one", 1, 1, tokens, caches, positions, *pool)

    def few(self, tokens: Tensor, caches: Tensor, positions: Tensor, pool: Tensors) -> Tensor:
        return self._step("few", FEW, FEW, tokens, caches, positions, *pool)

    def many(self, tokens: Tensor, caches: Tensor, positions: Tensor, pool: Tensors) -> Tensor:
        return self._step("many", CHUNK, TILE, tokens, caches, positions, *pool)

    def output(self, hidden: Tensor, rows: Tensor) -> Tensor:
        logits = nn.Tensor.placeholder((rows.shape[0],), "float32")
        return nn.op.tensor_ir_op(output(self._layout), "output_kernel", [hidden, rows, *self._table], logits)

    def draw(
        self,
        hidden: Tensor,
        rows: Tensor,
        row_ends: Tensor,
        starts: Tensor,
        run_ends: Tensor,
        bias: Tensor,
        settings: Tensor,
    ) -> Tensor:
        count, lanes = hidden.shape[0], self._layout.lanes
        sizes = rows.shape[0] + count * lanes, bias.shape[0] + count * lanes
        results = [nn.Tensor.placeholder((count,), "int32")]
        results += [nn.Tensor.placeholder((size,), "float32") for size in sizes]
        inputs = [hidden, rows, row_ends, starts, run_ends, bias, settings, *self._table]
        return nn.op.tensor_ir_op(draw(self._layout), "draw_kernel", inputs, results)[0]

    @property
    def _table(self) -> list[nn.Parameter]:
        return [getattr(self, name) for name in self._layout.table]

    def _step(self, name: str, most: int, tile: int, *inputs: Tensor) -> Tensor:
        parameters = [getattr(self, name) for name in self._layout.parameters]
        hidden = nn.Tensor.placeholder((inputs[0].shape[0], self._layout.config.width), "float32")
        pool = range(3, len(inputs))
        results = nn.op.tensor_ir_inplace_op(
            step(self._layout, most, tile),
            f"{name}_kernel",
            [*inputs, *parameters],
            [-1, *pool],
            [hidden, *(inputs[place] for place in pool)],
        )
        return results[0]


def module(layout: Layout) -> tuple[IRModule, list[str]]:
    """The Relax module of a model, and the names of the parameters in the order of its packed argument."""

    def spec(dtype: str, *shape: int | str) -> nn.spec.Tensor:
        return nn.spec.Tensor(shape, dtype)

    def method(**arguments: Any) -> dict[str, Any]:
        return arguments | {"$": {"param_mode": "packed", "effect_mode": "none"}}

    def step_method(count: int | str) -> dict[str, Any]:
        ints = dict.fromkeys(("tokens", "caches", "positions"), spec("int32", count))
        return method(**ints, pool=tuple(spec(each.dtype, "pool", *each.shape) for each in layout.cache.values()))

    width = layout.config.width
    specification = {
        "one": step_method(1),
        "few": step_method("n"),
        "many": step_method("n"),
        "output": method(hidden=spec("float32", 1, width), rows=spec("int32", "m")),
        "draw": method(
            hidden=spec("float32", "n", width),
            rows=spec("int32", "m"),
            row_ends=spec("int32", "e"),
            starts=spec("int32", "s"),
            run_ends=spec("int32", "e"),
            bias=spec("float32", "k"),
            settings=spec("float32", "n", SETTINGS),
        ),
    }
    built, parameters = GPT2(layout).export_tvm(spec=specification)
    return built, [name for name, _ in parameters]
