"""The compiled model where training.reference has PyTorch: what the kernels themselves cost in loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from amt import decoder
from amt.weights import read
from amt.weights.names import EMBEDDING


class Compiled:
    """Hidden states of whole windows, read token by token as in serving; the interface of Reference."""

    def __init__(self, folder: Path) -> None:
        self._decoder = decoder.load(folder)
        self.embedding = torch.tensor(read(folder).matrix(EMBEDDING))

    def hidden(self, tokens: torch.Tensor) -> torch.Tensor:
        """Last hidden states (windows, positions, width) after tokens (windows, positions)."""
        return torch.stack([torch.tensor(self._window(window)) for window in tokens.numpy().astype(np.int32)])

    def _window(self, tokens: np.ndarray) -> np.ndarray:
        cache = self._decoder.new_cache()
        states = np.empty((len(tokens), self._decoder.config.width), np.float32)
        for position in range(len(tokens)):
            self._decoder.extend(cache, tokens[position : position + 1])
            states[position] = cache.hidden
        return states
