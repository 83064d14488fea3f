"""GPT-2 in TVM Relax: what is computed from what. How it is computed stands in amt.kernels, where it lies in layout.

The parameters of all blocks are stacked, the blocks are a loop in the kernels, and the pool of key/value caches is the
caller's, changed in place. The functions:

    one      one token, with its cache and position     → hidden float32 [1, width]
    few      2 ≤ n ≤ FEW tokens                         → hidden [n, width]
    many     n ≤ CHUNK tokens                           → hidden [n, width]
    draw     hidden [n, width] and choices              → choice int32 [d] (amt.kernels.draw)
    one_draw, few_draw, many_draw                       → hidden and choice: a step without Python in between
    output   hidden [1, width], rows int32 [m]          → logits float32 [m] of those tokens
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from tvm import IRModule
from tvm.relax.frontend import nn

from amt.kernels.draw import SETTINGS, draw
from amt.kernels.layout import CHUNK, FEW, TILE, Layout
from amt.kernels.output import output
from amt.kernels.step import step

STEPS = {"one": (1, 1), "few": (FEW, FEW), "many": (CHUNK, TILE)}
"""The kernels of a step: tokens that each takes at most, and at once."""

Tensor: TypeAlias = nn.Tensor
Tensors: TypeAlias = Sequence[nn.Tensor]


class GPT2(nn.Module):
    """A GPT-2 with parameters as `Layout.parameters` names and shapes them."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout = layout
        self._kernels = {name: step(layout, most, tile) for name, (most, tile) in STEPS.items()}
        self._kernels["draw"] = draw(layout)
        for name in STEPS:
            setattr(self, f"{name}_draw", self._and_draw(name))
        for name, array in layout.parameters.items():
            setattr(self, name, nn.Parameter(array.shape, array.dtype))

    def output(self, hidden: Tensor, rows: Tensor) -> Tensor:
        logits = nn.Tensor.placeholder((rows.shape[0],), "float32")
        return nn.op.tensor_ir_op(output(self._layout), "output_kernel", [hidden, rows, *self._table], logits)

    def draw(
        self,
        hidden: Tensor,
        lasts: Tensor,
        rows: Tensor,
        row_ends: Tensor,
        starts: Tensor,
        run_ends: Tensor,
        bias: Tensor,
        settings: Tensor,
    ) -> Tensor:
        return self._draw(hidden, lasts, rows, row_ends, starts, run_ends, bias, settings)

    def one(self, tokens: Tensor, caches: Tensor, positions: Tensor, pool: Tensors) -> Tensor:
        return self._step("one", tokens, caches, positions, *pool)

    def few(self, tokens: Tensor, caches: Tensor, positions: Tensor, pool: Tensors) -> Tensor:
        return self._step("few", tokens, caches, positions, *pool)

    def many(self, tokens: Tensor, caches: Tensor, positions: Tensor, pool: Tensors) -> Tensor:
        return self._step("many", tokens, caches, positions, *pool)

    def _and_draw(self, name: str) -> Callable[..., tuple[Tensor, Tensor]]:
        def step_and_draw(
            tokens: Tensor,
            caches: Tensor,
            positions: Tensor,
            pool: Tensors,
            lasts: Tensor,
            rows: Tensor,
            row_ends: Tensor,
            starts: Tensor,
            run_ends: Tensor,
            bias: Tensor,
            settings: Tensor,
        ) -> tuple[Tensor, Tensor]:
            hidden = self._step(name, tokens, caches, positions, *pool)
            return hidden, self._draw(hidden, lasts, rows, row_ends, starts, run_ends, bias, settings)

        return step_and_draw

    def _draw(self, hidden: Tensor, lasts: Tensor, *choices: Tensor) -> Tensor:
        rows, bias = choices[0], choices[4]
        count, lanes = lasts.shape[0], self._layout.lanes
        sizes = rows.shape[0] + count * lanes, bias.shape[0] + count * lanes
        results = [nn.Tensor.placeholder((count,), "int32")]
        results += [nn.Tensor.placeholder((size,), "float32") for size in sizes]
        inputs = [hidden, lasts, *choices, *self._table]
        return nn.op.tensor_ir_op(self._kernels["draw"], "draw_kernel", inputs, results)[0]

    @property
    def _table(self) -> list[nn.Parameter]:
        return [getattr(self, name) for name in self._layout.table]

    def _step(self, name: str, *inputs: Tensor) -> Tensor:
        parameters = [getattr(self, name) for name in self._layout.parameters]
        hidden = nn.Tensor.placeholder((inputs[0].shape[0], self._layout.config.width), "float32")
        pool = range(3, len(inputs))
        results = nn.op.tensor_ir_inplace_op(
            self._kernels[name],
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

    def step_inputs(count: int | str) -> dict[str, Any]:
        ints = dict.fromkeys(("tokens", "caches", "positions"), spec("int32", count))
        return {**ints, "pool": tuple(spec(each.dtype, "pool", *each.shape) for each in layout.cache.values())}

    width = layout.config.width
    choices = {
        "lasts": spec("int32", "d"),
        "rows": spec("int32", "m"),
        "row_ends": spec("int32", "e"),
        "starts": spec("int32", "s"),
        "run_ends": spec("int32", "e"),
        "bias": spec("float32", "k"),
        "settings": spec("float32", "d", SETTINGS),
    }
    specification = {
        "output": method(hidden=spec("float32", 1, width), rows=spec("int32", "m")),
        "draw": method(hidden=spec("float32", "n", width), **choices),
    }
    for name, (most, _) in STEPS.items():
        inputs = step_inputs(1 if most == 1 else "n")
        specification |= {name: method(**inputs), f"{name}_draw": method(**inputs, **choices)}
    built, parameters = GPT2(layout).export_tvm(spec=specification)
    return built, [name for name, _ in parameters]
