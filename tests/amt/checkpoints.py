"""Tiny GPT-2 checkpoints over the real vocabulary, made on the spot with transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from amt.config import ModelConfig
from amt.weights.names import EMBEDDING, linear_layers, small_shapes

CONFIG = ModelConfig(2, 32, 4, 64, 96, 1e-5, True)
# Two heads share a group of 32, a tile and a chunk of rows are left over, the window is no multiple of a vector.
TINY = ModelConfig(3, 64, 4, 150, 160, scale_attn_by_inverse_layer_idx=True)
# A whole window to compose in; benchmarks.models has it too, so that it is compiled once for both.
COMPOSER = ModelConfig(2, 64, 2, 1_024, 128)


def gpt2(config: ModelConfig = CONFIG, seed: int = 0) -> transformers.GPT2LMHeadModel:
    """A model with random weights in every tensor, biases and layer norms too."""
    torch.manual_seed(seed)
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**config.to_huggingface())).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)
    return model


def save(folder: Path, **options: Any) -> transformers.GPT2LMHeadModel:
    """Saves such a model as transformers does and returns it."""
    model = gpt2()
    model.save_pretrained(folder, **options)
    return model


def weights(config: ModelConfig = CONFIG, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Random float tensors under MLC's names."""
    random = np.random.default_rng(seed)
    shapes = {f"{name}.weight": (outputs, inputs) for name, outputs, inputs in linear_layers(config)}
    shapes |= {f"{EMBEDDING}.weight": (config.vocabulary, config.width)}
    return {
        name: (random.standard_normal(shape) * 0.1).astype(np.float32)
        for name, shape in (shapes | small_shapes(config)).items()
    }
