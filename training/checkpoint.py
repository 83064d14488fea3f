"""A run's state on disk, from which it goes on, and what comes of it: Hugging Face checkpoint and model folder."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn

from amt import checkpoint as huggingface
from amt.huggingface import DEFAULT_QUANTIZATION, import_checkpoint
from amt.weights import Weights, compact
from amt.weights.names import EMBEDDING, POSITIONS
from amt.weights.writer import replaced, write_json
from training.config import ConfigError, Network
from training.network import FactorisedEmbedding, Model, model_config

NAMES = {
    "ln_1": "ln_1",
    "c_attn": "attn.c_attn",
    "attn_proj": "attn.c_proj",
    "ln_2": "ln_2",
    "c_fc": "mlp.c_fc",
    "mlp_proj": "mlp.c_proj",
}
"""Of a block's layers, here and in a GPT-2."""


@dataclass
class State:
    """Where a run stands: steps done, its model's and its optimisers' states."""

    step: int
    network: Network
    model: Mapping[str, Tensor]
    optimisers: list[dict[str, Any]]


def save(path: Path, state: State) -> None:
    """Whole or not at all: an interruption leaves the file that was there."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
        temporary = Path(file.name)
        try:
            torch.save(dataclasses.asdict(state), file)
        except BaseException:
            temporary.unlink()
            raise
    temporary.replace(path)


def load(path: Path, device: str = "cpu") -> State:
    """Raises ConfigError for a file that no run wrote."""
    try:
        fields = torch.load(path, map_location=device, weights_only=True)
        return State(**{**fields, "network": Network(**fields["network"])})
    except FileNotFoundError:
        raise
    except Exception as error:
        raise ConfigError(f"{path}: is no state of a training run ({type(error).__name__}: {error})") from error


def layers(model: Model) -> dict[str, nn.Module]:
    """Linear layers and layer norms by their GPT-2 names."""
    found: dict[str, nn.Module] = {"transformer.ln_f": model.ln_f}
    for number, block in enumerate(model.blocks):
        found |= {f"transformer.h.{number}.{name}": getattr(block, mine) for mine, name in NAMES.items()}
    return found


@torch.no_grad()
def copy_weights(source: Weights, model: Model) -> None:
    """A model's weights from those of a folder, dequantised. Raises ConfigError for one of other sizes, or one whose
    controls are no events plus an offset."""
    if replace(source.config, lineups=model.sizes.lineups) != model_config(model.sizes):
        raise ConfigError(f"a model of another size: {source.config}")
    model.positions.copy_(torch.tensor(source.tensors[f"{POSITIONS}.weight"]))
    for name, layer in layers(model).items():
        is_norm = isinstance(layer, nn.LayerNorm)
        weight = source.tensors[f"{name}.weight"] if is_norm else source.matrix(name)
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(source.tensors[f"{name}.bias"]))
    rows = source.matrix(EMBEDDING)
    if isinstance(model.embedding, FactorisedEmbedding):
        parts = compact(rows)
        if parts is None:
            raise ConfigError("the model's control rows are no event rows plus an offset")
        model.embedding.take(torch.tensor(rows, device=model.positions.device), torch.tensor(parts[1]))
    else:
        model.embedding.rows.copy_(torch.tensor(rows))


def tensors(model: Model) -> dict[str, np.ndarray]:
    """The model's tensors by their GPT-2 names, float32, matrices as (in, out) as GPT-2's Conv1D keeps them."""
    with torch.no_grad():
        found = {f"{EMBEDDING}.weight": model.embedding(), f"{POSITIONS}.weight": model.positions}
        found |= {f"transformer.ln_f.{kind}": weight for kind, weight in model.ln_f.named_parameters()}
        for layer, block in enumerate(model.blocks):
            for name, weight in block.named_parameters():
                mine, kind = name.rsplit(".", 1)
                found[f"transformer.h.{layer}.{NAMES[mine]}.{kind}"] = weight.T if weight.ndim == 2 else weight
        return {name: np.ascontiguousarray(weight.detach().float().cpu().numpy()) for name, weight in found.items()}


def write_huggingface(model: Model, target: Path) -> None:
    """A folder (config.json, model.safetensors in float32) that transformers loads as GPT2LMHeadModel."""
    with replaced(target) as temporary:
        save_file(tensors(model), temporary / "model.safetensors", metadata={"format": "pt"})
        fields = model_config(model.sizes).to_huggingface() | {"dtype": "float32"}
        write_json(temporary / huggingface.CONFIG, fields)


def write_model(model: Model, target: Path, quantization: str = DEFAULT_QUANTIZATION) -> None:
    """A model folder that `serve --model` takes."""
    with tempfile.TemporaryDirectory() as folder:
        write_huggingface(model, Path(folder) / "checkpoint")
        import_checkpoint(Path(folder) / "checkpoint", target, quantization)
