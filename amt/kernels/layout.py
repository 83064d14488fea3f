"""How weights and the key/value cache lie in memory for the kernels: shapes, and packing from MLC's layout. NumPy only.

A matrix (out, in) is cut into blocks of BLOCK output rows, which become the vector lanes; along the input axis a
block is contiguous, so that a kernel streams through it:

    float      values (out/BLOCK, in, BLOCK)                     float32 or float16
    quantised  words  (out/BLOCK, in/codes_per_word, BLOCK)      int32, MLC's words as they are
               scales (out/BLOCK, in/32, BLOCK)                  float16

Matrices of all layers are stacked. The embedding keeps its rows (a token is one row), and is the output layer too:

    row of a token = table[base[token]] + extra[kind[token]]

so that a compact embedding (amt.weights) is never expanded. Keys lie in blocks of `lanes` positions, because scores
are computed for `lanes` positions at once; values lie by position, or as bytes by pairs of positions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amt import vocabulary
from amt.config import ModelConfig
from amt.processor import Instructions
from amt.quantization import GROUP, Quantization, Scheme
from amt.weights import CONTROLS, EVENTS, FLAGS, Weights

BLOCK = 32
# Blocks of keys whose scores are computed together.
KEY_BLOCKS = 4
# Rows (tokens) whose products share each unpacked weight, where there are many and where there are few.
TILE, FEW = 8, 4
# Tokens read in one pass at most.
CHUNK = 64


@dataclass(frozen=True)
class Array:
    """Shape and type of one argument of the kernels."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


Arrays = dict[str, Array]
Packed = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Matrix:
    """One of the four matrices of a block: outputs, inputs, rows in a block of lanes."""

    name: str
    outputs: int
    inputs: int
    block: int
    scheme: Scheme

    @property
    def blocks(self) -> int:
        return self.outputs // self.block


@dataclass(frozen=True)
class Layout:
    """Everything about memory that the kernels of one model on one processor agree on."""

    config: ModelConfig
    quantization: Quantization
    compact: bool
    instructions: Instructions

    @property
    def lanes(self) -> int:
        """float32 numbers in a vector: what the processor has, or less where heads or the inner layer do not fit it."""
        return math.gcd(self.instructions.lanes, self.config.head_width, self.config.inner)

    @property
    def vectors(self) -> int:
        """Vectors of output rows that are computed together: with a tile of rows their sums fill half the registers."""
        return self.instructions.registers // 2 // TILE

    @property
    def dot(self) -> str:
        return self.instructions.dot if self.lanes == self.instructions.lanes else "plain"

    @property
    def positions(self) -> int:
        """Positions in a cache: the window, rounded up to what is scored at once."""
        step = self.lanes * KEY_BLOCKS
        return -(-self.config.positions // step) * step

    @property
    def matrices(self) -> dict[str, Matrix]:
        width, inner, scheme = self.config.width, self.config.inner, self.quantization.blocks
        return {
            "attention": Matrix("attn.c_attn", 3 * width, width, math.gcd(BLOCK, self.config.head_width), scheme),
            "projection": Matrix("attn.c_proj", width, width, math.gcd(BLOCK, width), scheme),
            "widening": Matrix("mlp.c_fc", inner, width, math.gcd(BLOCK, inner), scheme),
            "narrowing": Matrix("mlp.c_proj", width, inner, math.gcd(BLOCK, width), scheme),
        }

    @property
    def byte_cache(self) -> bool:
        """Whether keys and values are rounded to bytes; it would cost an unquantised model the exactness that it is
        kept for."""
        return self.quantization.blocks.bits > 0 and self.lanes % 4 == 0

    @property
    def cache(self) -> Arrays:
        """The arrays of one cache; many of them lie one after another along one more, first axis.

        float   keys, values      float32
        bytes   keys              int32, four columns (plus 128) of one position in a word
                values            int16, one column of two positions in a word
                scales            float32, of keys (0) and of values (1)
        """
        config, lanes = self.config, self.lanes
        outer = (config.layers, config.heads)
        blocks = self.positions // lanes
        if not self.byte_cache:
            return {
                "keys": Array((*outer, blocks, config.head_width, lanes), "float32"),
                "values": Array((*outer, self.positions, config.head_width), "float32"),
            }
        return {
            "keys": Array((*outer, blocks, config.head_width // 4, lanes), "int32"),
            "values": Array((*outer, self.positions // 2, config.head_width), "int16"),
            "scales": Array((*outer, 2, self.positions), "float32"),
        }

    @property
    def bytes_per_position(self) -> int:
        """What a token has to read for each token before it."""
        return sum(array.nbytes for array in self.cache.values()) // self.positions

    @property
    def table(self) -> Arrays:
        """The arguments that embed tokens and compute logits."""
        scheme, width = self.quantization.embedding, self.config.width
        rows = vocabulary.CONTROL + 1 if self.compact else self.config.vocabulary
        if scheme.bits:
            table = {
                "table": Array((rows, width * scheme.bits // 8), "uint8"),
                "table_scale": Array((rows, width // GROUP), "float16"),
            }
        else:
            table = {"table": Array((rows, width), scheme.dtype)}
        return table | {
            "base": Array((self.config.vocabulary,), "int32"),
            "kind": Array((self.config.vocabulary,), "int32"),
            "extra": Array((7 if self.compact else 1, width), "float32"),
        }

    @property
    def parameters(self) -> Arrays:
        """All parameters of the model in the order in which the compiled functions take them."""
        config = self.config
        layers, width = config.layers, config.width
        arrays = self.table | {"position": Array((config.positions, width), "float32")}
        for norm in ("norm_1", "norm_2"):
            arrays |= {f"{norm}_{part}": Array((layers, width), "float32") for part in ("weight", "bias")}
        for name, matrix in self.matrices.items():
            shape = (layers, matrix.blocks)
            if matrix.scheme.bits:
                words = matrix.inputs // matrix.scheme.codes_per_word
                arrays[f"{name}_weight"] = Array((*shape, words, matrix.block), "int32")
                arrays[f"{name}_scale"] = Array((*shape, matrix.inputs // GROUP, matrix.block), "float16")
            else:
                arrays[f"{name}_weight"] = Array((*shape, matrix.inputs, matrix.block), matrix.scheme.dtype)
            arrays[f"{name}_bias"] = Array((layers, matrix.outputs), "float32")
        return arrays | {f"norm_{part}": Array((width,), "float32") for part in ("weight", "bias")}


def pack(weights: Weights, layout: Layout) -> Packed:
    """The parameters of `layout.parameters`, from a model on disk."""
    tensors, config = weights.tensors, layout.config
    packed = _table(weights, layout)
    packed["position"] = tensors["transformer.wpe.weight"]
    layers = [f"transformer.h.{layer}" for layer in range(config.layers)]
    for norm in ("1", "2"):
        for part in ("weight", "bias"):
            packed[f"norm_{norm}_{part}"] = np.stack([tensors[f"{layer}.ln_{norm}.{part}"] for layer in layers])
    for name, matrix in layout.matrices.items():
        parts = {"q_weight": "weight", "q_scale": "scale"} if matrix.scheme.bits else {"weight": "weight"}
        for theirs, ours in parts.items():
            array = layout.parameters[f"{name}_{ours}"]
            target = np.empty(array.shape, array.dtype)
            for layer, prefix in enumerate(layers):
                source = tensors[f"{prefix}.{matrix.name}.{theirs}"]
                blocks = source.reshape(matrix.blocks, matrix.block, -1).transpose(0, 2, 1)
                target[layer] = blocks.view("int32") if theirs == "q_weight" else blocks
            packed[f"{name}_{ours}"] = target
        packed[f"{name}_bias"] = np.stack([tensors[f"{layer}.{matrix.name}.bias"] for layer in layers])
    for part in ("weight", "bias"):
        packed[f"norm_{part}"] = tensors[f"transformer.ln_f.{part}"]
    return {name: packed[name] for name in layout.parameters}


def _table(weights: Weights, layout: Layout) -> Packed:
    tensors, scheme = weights.tensors, layout.quantization.embedding
    prefix = EVENTS if layout.compact else "transformer.wte"
    names = {"table": f"{prefix}.q_weight", "table_scale": f"{prefix}.q_scale"}
    packed: Packed = {}
    for ours, theirs in names.items() if scheme.bits else [("table", f"{prefix}.weight")]:
        array = layout.table[ours]
        source = tensors[theirs].view(np.uint8) if theirs.endswith("q_weight") else tensors[theirs]
        packed[ours] = np.zeros(array.shape, array.dtype)
        packed[ours][: len(source)] = source
    packed["base"] = np.arange(layout.config.vocabulary, dtype=np.int32)
    packed["kind"] = np.zeros(layout.config.vocabulary, np.int32)
    packed["extra"] = np.zeros(layout.table["extra"].shape, np.float32)
    if layout.compact:
        _point_controls_at_events(packed)
        packed["extra"][1:4], packed["extra"][4:7] = tensors[CONTROLS], tensors[FLAGS]
    return packed


def _point_controls_at_events(packed: Packed) -> None:
    """A control is its event plus its block's offset; a flag stands alone, on the table's last row, which is zero."""
    base, kind = packed["base"], packed["kind"]
    base[vocabulary.CONTROL :] -= vocabulary.CONTROL
    starts = (vocabulary.TIME, vocabulary.DURATION, vocabulary.NOTE, vocabulary.REST)
    for block, (start, end) in enumerate(pairwise(starts)):
        kind[vocabulary.CONTROL + start : vocabulary.CONTROL + end] = 1 + block
    base[vocabulary.SPECIAL :] = len(packed["table"]) - 1
    kind[vocabulary.SPECIAL :] = 4, 5, 6
