from __future__ import annotations

import numpy as np
import torch

from amt.quantization import SCHEMES, dequantize, quantize
from training.rounding import nearest, rounded


def test_weights_are_those_that_will_be_stored() -> None:
    weight = np.random.default_rng(0).normal(0, 0.02, (48, 96)).astype(np.float32)
    weight[3, :32] = 0
    how = SCHEMES["q4f32_1"]
    stored = dequantize(*quantize(weight, how), how)
    np.testing.assert_array_equal(nearest(torch.from_numpy(weight)).numpy(), stored)


def test_weights_are_rounded_inside_and_exact_again_after_it() -> None:
    matrix = torch.nn.Parameter(torch.randn(8, 64))
    before = matrix.detach().clone()
    with rounded([matrix]):
        inside = matrix.detach().clone()
        (matrix * torch.arange(64.0)).sum().backward()
    assert torch.equal(inside, nearest(before))
    assert not torch.equal(inside, before)
    assert torch.equal(matrix, before)
    assert torch.equal(matrix.grad[0], torch.arange(64.0))
