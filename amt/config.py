"""Sizes of a GPT-2 over the Anticipatory Music Transformer's vocabulary, read from JSON. Knows no weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amt.vocabulary import SEPARATOR, VOCABULARY

# The exact tanh approximation of GELU goes by both names in Hugging Face configurations.
ACTIVATIONS = ("gelu_new", "gelu_pytorch_tanh")


class ModelError(Exception):
    """A model that cannot be used; the text is one line that names the file and what to do."""


MOST_LAYERS = 1000
"""Of a file that is not damaged."""


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of one model.

    layers, width (of the hidden state), heads, positions (tokens in a window), inner (width of the feed-forward
    layer), epsilon (of every layer norm); with `scale_attn_by_inverse_layer_idx` the attention scores of layer i
    are divided by i + 1; with `lineups` it was trained to be told who plays (amt.lineup). Raises ModelError where the
    sizes do not fit together.
    """

    layers: int
    width: int
    heads: int
    positions: int
    inner: int
    epsilon: float = 1e-5
    scale_attn_by_inverse_layer_idx: bool = False
    vocabulary: int = VOCABULARY
    lineups: bool = False

    def __post_init__(self) -> None:
        for name, least in (("layers", 1), ("width", 1), ("heads", 1), ("positions", 4), ("inner", 1)):
            value = getattr(self, name)
            if not _is_integer(value) or value < least:
                raise ModelError(f"{name} is {value!r} and must be a whole number of at least {least}")
        if self.layers > MOST_LAYERS:
            raise ModelError(f"layers is {self.layers} and must be at most {MOST_LAYERS}")
        if self.width % self.heads:
            raise ModelError(f"a width of {self.width} cannot be shared by {self.heads} attention heads")
        if isinstance(self.epsilon, bool) or not isinstance(self.epsilon, (int, float)) or not 0 < self.epsilon < 1:
            raise ModelError(f"layer_norm_epsilon is {self.epsilon!r} and must lie between 0 and 1")
        for name in ("scale_attn_by_inverse_layer_idx", "lineups"):
            if not isinstance(getattr(self, name), bool):
                raise ModelError(f"{name} is {getattr(self, name)!r} and must be true or false")
        if self.vocabulary != VOCABULARY:
            raise ModelError(
                f"the vocabulary has {self.vocabulary!r} tokens where the Anticipatory Music Transformer has "
                f"{VOCABULARY:,}: this is not a model of its family"
            )

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @classmethod
    def from_file(cls, path: Path) -> ModelConfig:
        """Reads a Hugging Face config.json or an mlc-chat-config.json; ModelError names the file."""
        try:
            return cls.from_json(read_json(path))
        except ModelError as error:
            raise error if str(path) in str(error) else ModelError(f"{path}: {error}") from error

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> ModelConfig:
        """Reads the fields of either file. Raises ModelError for a model that this program cannot run."""
        if fields.get("model_type") != "gpt2":
            raise ModelError(f"model_type is {fields.get('model_type')!r} and only gpt2 is supported")
        if "model_config" in fields:
            fields = fields["model_config"]
            if not isinstance(fields, Mapping):
                raise ModelError("model_config is not a JSON object")
        _refuse_variants(fields)
        width = _required(fields, "n_embd")
        inner = fields.get("n_inner")
        if inner in (None, -1):
            inner = 4 * width if _is_integer(width) else width
        return cls(
            layers=_required(fields, "n_layer"),
            width=width,
            heads=_required(fields, "n_head"),
            positions=_required(fields, "n_positions", "context_window_size"),
            inner=inner,
            epsilon=fields.get("layer_norm_epsilon", 1e-5),
            scale_attn_by_inverse_layer_idx=fields.get("scale_attn_by_inverse_layer_idx", False),
            vocabulary=_required(fields, "vocab_size"),
            lineups=fields.get("lineups", False),
        )

    def to_mlc(self) -> dict[str, Any]:
        """The `model_config` object of an mlc-chat-config.json."""
        return {
            "vocab_size": self.vocabulary,
            "n_embd": self.width,
            "n_layer": self.layers,
            "n_head": self.heads,
            "layer_norm_epsilon": self.epsilon,
            "n_inner": self.inner,
            "context_window_size": self.positions,
            "prefill_chunk_size": self.positions,
            "scale_attn_by_inverse_layer_idx": self.scale_attn_by_inverse_layer_idx,
            "tensor_parallel_shards": 1,
            "head_dim": self.head_width,
            "tie_word_embeddings": True,
            "lineups": self.lineups,
        }

    def to_huggingface(self) -> dict[str, Any]:
        """The fields of a Hugging Face config.json from which transformers builds the same model."""
        return {
            "architectures": ["GPT2LMHeadModel"],
            "model_type": "gpt2",
            "activation_function": "gelu_new",
            "vocab_size": self.vocabulary,
            "n_positions": self.positions,
            "n_embd": self.width,
            "n_layer": self.layers,
            "n_head": self.heads,
            "n_inner": self.inner,
            "layer_norm_epsilon": self.epsilon,
            "scale_attn_by_inverse_layer_idx": self.scale_attn_by_inverse_layer_idx,
            "tie_word_embeddings": True,
            "bos_token_id": SEPARATOR,
            "eos_token_id": SEPARATOR,
            "lineups": self.lineups,
        }


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises ModelError where it is missing, unreadable or something else."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file; is this the folder of a model?") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ModelError(f"{path}: not valid JSON ({error}); fetch or import the model again") from error
    if not isinstance(fields, dict):
        raise ModelError(f"{path}: holds no JSON object; fetch or import the model again")
    return fields


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _required(fields: Mapping[str, Any], *names: str) -> Any:
    for name in names:
        if name in fields:
            return fields[name]
    raise ModelError(f"{' or '.join(names)} is missing")


def _refuse_variants(fields: Mapping[str, Any]) -> None:
    activation = fields.get("activation_function", "gelu_new")
    if activation not in ACTIVATIONS:
        raise ModelError(f"activation_function is {activation!r} and only gelu_new is supported")
    for name, expected, why in (
        ("reorder_and_upcast_attn", False, "attention is computed in one precision here"),
        ("add_cross_attention", False, "the model must be a decoder alone"),
        ("scale_attn_weights", True, "attention is always scaled by the square root of a head's width"),
        ("tie_word_embeddings", True, "the output layer must be the embedding"),
        ("quantization_config", None, "import the unquantised checkpoint and let this program quantise it"),
    ):
        if fields.get(name, expected) != expected:
            raise ModelError(f"{name} is {fields[name]!r} and not supported: {why}")
    shards = fields.get("tensor_parallel_shards", 1)
    if shards != 1:
        raise ModelError(f"tensor_parallel_shards is {shards!r}: a model split for several devices is not supported")
