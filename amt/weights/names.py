"""Names and shapes of a GPT-2's tensors as MLC names them: (out, in) matrices, embedding and output layer as one."""

from __future__ import annotations

from collections.abc import Iterator

from amt.config import ModelConfig
from amt.quantization import GROUP, Quantization, Scheme
from amt.vocabulary import SPECIAL, VOCABULARY
from amt.weights.embedding import CONTROLS, EVENT_ROWS, EVENTS, FLAGS, OFFSETS

EMBEDDING = "transformer.wte"
POSITIONS = "transformer.wpe"

Shapes = dict[str, tuple[int, ...]]


def linear_layers(config: ModelConfig) -> Iterator[tuple[str, int, int]]:
    """Name, outputs, inputs of every matrix of the blocks."""
    width, inner = config.width, config.inner
    for layer in range(config.layers):
        block = f"transformer.h.{layer}"
        yield f"{block}.attn.c_attn", 3 * width, width
        yield f"{block}.attn.c_proj", width, width
        yield f"{block}.mlp.c_fc", inner, width
        yield f"{block}.mlp.c_proj", width, inner


def layer_norms(config: ModelConfig) -> Iterator[str]:
    """Names of the layer norms, each with a weight and a bias as wide as the model."""
    for layer in range(config.layers):
        yield f"transformer.h.{layer}.ln_1"
        yield f"transformer.h.{layer}.ln_2"
    yield "transformer.ln_f"


def small_shapes(config: ModelConfig) -> Shapes:
    """Tensors that are never quantised: positions, layer norms, biases."""
    shapes: Shapes = {f"{POSITIONS}.weight": (config.positions, config.width)}
    for name in layer_norms(config):
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (config.width,)
    for name, outputs, _ in linear_layers(config):
        shapes[f"{name}.bias"] = (outputs,)
    return shapes


def matrix_shapes(name: str, rows: int, columns: int, how: Scheme) -> Shapes:
    """The one or two tensors in which a matrix is stored."""
    if not how.bits:
        return {f"{name}.weight": (rows, columns)}
    return {
        f"{name}.q_weight": (rows, columns * how.bits // 32),
        f"{name}.q_scale": (rows, columns // GROUP),
    }


def all_shapes(config: ModelConfig, quantization: Quantization, compact: bool) -> Shapes:
    """Every tensor of a model with its shape."""
    if compact:
        shapes = matrix_shapes(EVENTS, EVENT_ROWS, config.width, quantization.embedding)
        shapes |= {CONTROLS: (OFFSETS, config.width), FLAGS: (VOCABULARY - SPECIAL, config.width)}
    else:
        shapes = matrix_shapes(EMBEDDING, config.vocabulary, config.width, quantization.embedding)
    for name, outputs, inputs in linear_layers(config):
        shapes |= matrix_shapes(name, outputs, inputs, quantization.blocks)
    return shapes | small_shapes(config)
