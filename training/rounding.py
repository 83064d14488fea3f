"""Weights rounded as they will be stored, while they are trained: the loss that falls is that of what is shipped.

The gradient at the rounded weights is applied to the unrounded ones (Bengio et al., arXiv 1308.3432).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from amt.quantization import GROUP, SCHEMES, SHARES

SCHEME = SCHEMES["q4f32_1"]


@contextmanager
def rounded(matrices: Sequence[Tensor], rounding: Callable[[Tensor], Tensor] | None = None) -> Iterator[None]:
    """The matrices (out, in) hold their rounded weights inside, and what they held before after it."""
    rounding = rounding or nearest
    with torch.no_grad():
        exact = [matrix.detach().clone() for matrix in matrices]
        for matrix in matrices:
            matrix.copy_(rounding(matrix))
    try:
        yield
    finally:
        with torch.no_grad():
            for matrix, weights in zip(matrices, exact, strict=True):
                matrix.copy_(weights)


def nearest(matrix: Tensor) -> Tensor:
    """A matrix (out, in) after 4-bit storage: what amt.quantization.quantize and dequantize make of it."""
    groups = matrix.float().unflatten(1, (-1, GROUP))
    widest = groups.abs().amax(dim=-1, keepdim=True)
    best, least = torch.zeros_like(groups), torch.full_like(widest, torch.inf)
    for share in SHARES:
        steps = _steps(groups, widest * (share / SCHEME.zero))
        fitted = (groups * steps).sum(dim=-1, keepdim=True) / (steps * steps).sum(dim=-1, keepdim=True).clamp(min=1)
        scale = fitted.bfloat16().float()
        values = _steps(groups, scale) * scale
        error = (groups - values).square().sum(dim=-1, keepdim=True)
        best = torch.where(error < least, values, best)
        least = torch.minimum(error, least)
    return best.flatten(1).to(matrix.dtype)


def _steps(groups: Tensor, scale: Tensor) -> Tensor:
    safe = torch.where(scale > 0, scale, 1)
    return torch.where(scale > 0, (groups / safe).round().clamp(-SCHEME.zero, SCHEME.zero), 0)
