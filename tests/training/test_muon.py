from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from training.muon import Muon, orthogonal

SHAPES = [(12, 8), (12, 8), (8, 12), (8, 8), (8, 8), (8, 8)]


def matrices() -> list[nn.Parameter]:
    return [nn.Parameter(torch.randn(shape)) for shape in SHAPES]


def test_steps_as_pytorchs() -> None:
    torch.manual_seed(1)
    mine = matrices()
    theirs = copy.deepcopy(mine)
    ours = Muon([{"params": mine}], lr=1e-2, weight_decay=0.1)
    peer = torch.optim.Muon(theirs, lr=1e-2, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for _ in range(5):
        for one, other in zip(mine, theirs, strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        ours.step()
        peer.step()
    for one, other in zip(mine, theirs, strict=True):
        # steps of 0.002 to 0.007 each; both round to bfloat16, not at the same places
        torch.testing.assert_close(one, other, atol=4e-4, rtol=0)


def test_goes_on_from_its_state() -> None:
    torch.manual_seed(2)
    whole, parts = matrices(), matrices()
    for one, other in zip(whole, parts, strict=True):
        other.data.copy_(one.data)
    gradients = [[torch.randn(shape) for shape in SHAPES] for _ in range(4)]
    optimiser = Muon([{"params": whole}], lr=1e-2, weight_decay=0.1)
    other = Muon([{"params": parts}], lr=1e-2, weight_decay=0.1)
    for step, now in enumerate(gradients):
        if step == 2:
            state = other.state_dict()
            other = Muon([{"params": parts}], lr=1e-2, weight_decay=0.1)
            other.load_state_dict(state)
        for weight, gradient in zip(whole + parts, now + now, strict=True):
            weight.grad = gradient.clone()
        optimiser.step()
        other.step()
    for one, other_one in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other_one, atol=0, rtol=0)


@pytest.mark.parametrize("shape", [(3, 24, 16), (2, 16, 24), (1, 16, 16)])
def test_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(3)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)).float())
    assert values.min() > 0.3
    assert values.max() < 1.3
    assert torch.linalg.svdvals(torch.randn(shape)).max() > 2  # what they were


def test_a_matrix_without_a_gradient_stays() -> None:
    still, moved = nn.Parameter(torch.ones(8, 8)), nn.Parameter(torch.ones(8, 8))
    moved.grad = torch.randn(8, 8)
    Muon([{"params": [still, moved]}], lr=1e-2, weight_decay=0.1).step()
    assert (still == 1).all()
    assert (moved != 1).any()
