"""GPT-2 on one page of PyTorch over a model folder's dequantised weights: the reference for losses. Not for serving."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name

from amt.weights import Weights
from amt.weights.names import EMBEDDING, POSITIONS, layer_norms, linear_layers


class Reference:
    """Hidden states of whole windows, float32 on `device`."""

    def __init__(self, weights: Weights, device: str = "cpu") -> None:
        def tensor(name: str) -> torch.Tensor:
            return torch.tensor(weights.tensors[name], device=device)

        self.config = weights.config
        self.embedding = torch.tensor(weights.matrix(EMBEDDING), device=device)
        self.positions = tensor(f"{POSITIONS}.weight")
        self.linear = {
            name: (torch.tensor(weights.matrix(name), device=device), tensor(f"{name}.bias").float())
            for name, _, _ in linear_layers(self.config)
        }
        self.norm = {name: (tensor(f"{name}.weight"), tensor(f"{name}.bias")) for name in layer_norms(self.config)}

    @torch.no_grad()
    def hidden(self, tokens: torch.Tensor) -> torch.Tensor:
        """Last hidden states (windows, positions, width) after tokens (windows, positions)."""
        state = self.embedding[tokens] + self.positions[: tokens.shape[1]]
        for layer in range(self.config.layers):
            block = f"transformer.h.{layer}"
            state = state + self._attend(self._norm(state, f"{block}.ln_1"), layer)
            wide = F.gelu(self._linear(self._norm(state, f"{block}.ln_2"), f"{block}.mlp.c_fc"), approximate="tanh")
            state = state + self._linear(wide, f"{block}.mlp.c_proj")
        return self._norm(state, "transformer.ln_f")

    def _attend(self, state: torch.Tensor, layer: int) -> torch.Tensor:
        windows, length, width = state.shape
        name = f"transformer.h.{layer}.attn"
        heads = self._linear(state, f"{name}.c_attn").view(windows, length, 3, self.config.heads, -1)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        scale = 1 / math.sqrt(self.config.head_width)
        if self.config.scale_attn_by_inverse_layer_idx:
            scale /= layer + 1
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scale)
        return self._linear(mixed.transpose(1, 2).reshape(windows, length, width), f"{name}.c_proj")

    def _linear(self, state: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(state, *self.linear[name])

    def _norm(self, state: torch.Tensor, name: str) -> torch.Tensor:
        return F.layer_norm(state, (self.config.width,), *self.norm[name], eps=self.config.epsilon)
