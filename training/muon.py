"""PyTorch's Muon with one product for all matrices of a shape, where it has one for each.

A model of this size has dozens of small matrices: one by one they keep a GPU waiting for the next launch.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
SMALLEST = 1e-7
"""Newton and Schulz's iteration as in Jordan et al. (2024) and in torch.optim.Muon."""
MOMENTUM = 0.95
RMS = 0.2
"""Root mean square of an update at rate 1, which is AdamW's (Liu et al., arXiv 2502.16982)."""


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; for parameters of two dimensions."""

    def __init__(self, params: list[dict], lr: float, weight_decay: float) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            shapes: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    shapes[matrix.shape].append(matrix)
            for shape, matrices in shapes.items():
                updates = orthogonal(self._momentum(matrices))
                torch._foreach_mul_(matrices, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(matrices, list(updates.float()), alpha=-group["lr"] * RMS * max(shape) ** 0.5)

    def _momentum(self, matrices: list[nn.Parameter]) -> Tensor:
        """The gradients (matrices, out, in), each with those before it."""
        gradients = [matrix.grad for matrix in matrices]
        for matrix in matrices:
            if not self.state[matrix]:
                self.state[matrix]["momentum"] = torch.zeros_like(matrix)
        momenta = [self.state[matrix]["momentum"] for matrix in matrices]
        torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
        return torch.stack(torch._foreach_lerp(gradients, momenta, MOMENTUM))


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest matrices (matrices, out, in) with singular values of about 1, in bfloat16."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    found = (matrices.mT if tall else matrices).bfloat16()
    found = found / found.norm(dim=(1, 2), keepdim=True).clamp(min=SMALLEST)
    for _ in range(ITERATIONS):
        gram = found @ found.mT
        found = torch.baddbmm(found, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), found, beta=a)
    return found.mT if tall else found
