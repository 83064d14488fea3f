"""A finished model made trainable again without losing its quantisation.

Weights of 4 bits stand on a grid: what a short training at a low rate adds to them is less than half a step, and
rounding takes it away again. So their codes stay, and each group of 32 learns one factor for its scale, which the file
has anyway (Kim et al., arXiv 2305.14152); biases, layer norms and positions learn freely. Embedding rows stay.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrize

from amt.config import ModelError
from amt.quantization import GROUP
from amt.weights import Weights
from amt.weights.names import POSITIONS
from training.checkpoint import copy_weights, layers
from training.config import Network
from training.network import Model, PlainEmbedding, model_config

OTHERS = 0.5
"""Rate of biases, layer norms and positions beside that of gains, which are shares of a weight."""


class Gains(nn.Module):
    """A matrix (out, in) as what it was times 1 + gain, a gain for each group of 32 inputs (out, in / 32)."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("groups", weight.detach().clone().unflatten(1, (-1, GROUP)))

    def forward(self, gains: Tensor) -> Tensor:
        return (self.groups * (1 + gains)[..., None]).flatten(1)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """No gain at all: how PyTorch asks for the parameter to begin with."""
        return weight.new_zeros(self.groups.shape[:2])


def trainable(source: Weights) -> Model:
    """The model of a folder, its parameters those that learn. Raises ModelError for sizes that cannot be trained."""
    sizes = Network(
        source.config.layers, source.config.width, source.config.heads, dropout=0.0, lineups=source.config.lineups
    )
    if source.config != model_config(sizes) or sizes.width % GROUP:
        raise ModelError(
            f"a model of other sizes than can be trained here: {source.config}; {model_config(sizes)} could be"
        )
    model = Model(sizes, PlainEmbedding(torch.empty(source.config.vocabulary, sizes.width)))
    model.embedding.requires_grad_(False)
    copy_weights(source, model)
    for layer in layers(model).values():
        if isinstance(layer, nn.Linear):
            parametrize.register_parametrization(layer, "weight", Gains(layer.weight))
    return model


def parameters(model: Model) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The gains, and all else that learns."""
    named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    gains = [weight for name, weight in named if "parametrizations" in name]
    return gains, [weight for name, weight in named if "parametrizations" not in name]


def optimiser(model: Model) -> torch.optim.AdamW:
    """Of all that learns; a group's rate is `scale` times the run's."""
    gains, others = parameters(model)
    groups = [{"params": gains, "scale": 1.0}, {"params": others, "scale": OTHERS}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.95), weight_decay=0.0)


def stored(model: Model, source: Weights) -> Weights:
    """What the model has become, stored as the source is: only scales, biases, layer norms and positions differ."""
    tensors = dict(source.tensors)
    tensors[f"{POSITIONS}.weight"] = _array(model.positions)
    for name, layer in layers(model).items():
        tensors[f"{name}.bias"] = _array(layer.bias)
        if isinstance(layer, nn.LayerNorm):
            tensors[f"{name}.weight"] = _array(layer.weight)
        elif f"{name}.q_scale" in tensors:
            tensors[f"{name}.q_scale"] = tensors[f"{name}.q_scale"] * (1 + _gains(layer))
        else:
            tensors[f"{name}.weight"] = _array(layer.weight).astype(source.quantization.blocks.dtype)
    return source._replace(tensors=tensors)


def _gains(layer: nn.Module) -> NDArray[np.float32]:
    return _array(layer.parametrizations.weight.original)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().numpy().copy()
