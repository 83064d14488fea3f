"""GPT-2 in TVM Relax: what is computed from what. How it is computed stands in amt.kernels, where it lies in layout.

The model is one module with three functions; the parameters of all blocks are stacked, the blocks are a loop in the
kernels, and the key/value cache is the caller's, changed in place.

    decode   one token at position `start`                    → hidden float32 [1, width]
    prefill  n tokens from position `start`, 2 ≤ n ≤ CHUNK    → hidden of the last
    output   hidden, rows int32 [m]                           → logits float32 [m] of those tokens
"""

from __future__ import annotations

from typing import Any

from tvm import IRModule
from tvm.relax.frontend import nn

from amt.kernels.layout import CHUNK, Array, Layout
from amt.kernels.output import output
from amt.kernels.step import step


class GPT2(nn.Module):
    """A GPT-2 with parameters as `Layout.parameters` names and shapes them."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layout = layout
        for name, array in layout.parameters.items():
            setattr(self, name, nn.Parameter(array.shape, array.dtype))

    def decode(self, tokens: nn.Tensor, start: nn.Tensor, keys: nn.Tensor, values: nn.Tensor) -> nn.Tensor:
        return self._step(1, tokens, start, keys, values)

    def prefill(self, tokens: nn.Tensor, start: nn.Tensor, keys: nn.Tensor, values: nn.Tensor) -> nn.Tensor:
        return self._step(CHUNK, tokens, start, keys, values)

    def output(self, hidden: nn.Tensor, rows: nn.Tensor) -> nn.Tensor:
        table = [getattr(self, name) for name in self._layout.table]
        logits = nn.Tensor.placeholder((rows.shape[0],), "float32")
        return nn.op.tensor_ir_op(output(self._layout), "output_kernel", [hidden, rows, *table], logits)

    def _step(self, chunk: int, *inputs: nn.Tensor) -> nn.Tensor:
        parameters = [getattr(self, name) for name in self._layout.parameters]
        hidden = nn.Tensor.placeholder((1, self._layout.config.width), "float32")
        name = "decode_kernel" if chunk == 1 else "prefill_kernel"
        results = nn.op.tensor_ir_inplace_op(
            step(self._layout, chunk),
            name,
            [*inputs, *parameters],
            [-1, 2, 3],
            [hidden, inputs[2], inputs[3]],
        )
        return results[0]


def module(layout: Layout) -> tuple[IRModule, list[str]]:
    """The Relax module of a model, and the names of the parameters in the order of its packed argument."""

    def spec(array: Array) -> nn.spec.Tensor:
        return nn.spec.Tensor(array.shape, array.dtype)

    def method(**arguments: Any) -> dict[str, Any]:
        return arguments | {"$": {"param_mode": "packed", "effect_mode": "none"}}

    cache = {"keys": spec(layout.keys), "values": spec(layout.values)}
    start = nn.spec.Tensor((1,), "int32")
    hidden = nn.spec.Tensor((1, layout.config.width), "float32")
    specification = {
        "decode": method(tokens=nn.spec.Tensor((1,), "int32"), start=start, **cache),
        "prefill": method(tokens=nn.spec.Tensor(("n",), "int32"), start=start, **cache),
        "output": method(hidden=hidden, rows=nn.spec.Tensor(("m",), "int32")),
    }
    built, parameters = GPT2(layout).export_tvm(spec=specification)
    return built, [name for name, _ in parameters]
