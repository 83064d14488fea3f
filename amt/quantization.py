"""MLC's group quantisation in NumPy, both ways. Knows arrays, not models.

Groups of 32 along the input axis share one scale; a weight is (code - zero) * scale, where zero is 7 for 4 bits and
127 for 8; codes are packed into uint32, the lowest bits first. Source: mlc-llm, quantization/group_quantization.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amt.config import ModelError

GROUP = 32

# Share of the widest weight of a group that the largest code stands for. Clipping the rare widest weight a little
# makes all the others finer; the best share is found by trying these.
SHARES = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)


@dataclass(frozen=True)
class Scheme:
    """How one kind of matrix is stored: bits of a code (0: not quantised) and the type of floats and scales."""

    name: str
    bits: int
    dtype: str

    @property
    def zero(self) -> int:
        """The code of weight 0, and the number of steps on either side."""
        return 2 ** (self.bits - 1) - 1

    @property
    def codes_per_word(self) -> int:
        return 32 // self.bits


SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme("q0f32", 0, "float32"),
        Scheme("q0f16", 0, "float16"),
        Scheme("q8f32_1", 8, "float32"),
        Scheme("q4f32_1", 4, "float32"),
        Scheme("q4f16_1", 4, "float16"),
    )
}


@dataclass(frozen=True)
class Quantization:
    """Schemes of the blocks' matrices and of the embedding, which is the output layer too and may need more bits."""

    blocks: Scheme
    embedding: Scheme

    def __str__(self) -> str:
        same = self.blocks == self.embedding
        return self.blocks.name if same else f"{self.blocks.name} (embedding {self.embedding.name})"


def scheme(name: object) -> Scheme:
    """The scheme of that name; ModelError names those that exist."""
    if not isinstance(name, str) or name not in SCHEMES:
        raise ModelError(f"quantisation {name!r} is not one of {', '.join(SCHEMES)}")
    return SCHEMES[name]


def quantization(name: str, embedding: str | None = None) -> Quantization:
    """The schemes that a model is written in by that name: with 4-bit blocks the embedding keeps 8."""
    blocks = scheme(name)
    if embedding is None:
        embedding = "q8f32_1" if blocks.bits == 4 else name
    return Quantization(blocks, scheme(embedding))


def quantize(weight: NDArray[np.floating], how: Scheme) -> tuple[NDArray[np.uint32], NDArray[np.floating]]:
    """Packs weights (rows, columns) into codes uint32 (rows, columns * bits / 32) and scales (rows, columns / 32).

    Each scale has the least squared error among the clippings of SHARES, refitted to its codes; scales have the
    scheme's type, those of float32 rounded to bfloat16 so that they are stored in two bytes without loss. Raises
    ModelError where the columns do not divide into groups.
    """
    rows, columns = weight.shape
    if columns % GROUP:
        raise ModelError(f"{columns} columns do not divide into groups of {GROUP}; keep this model unquantised (q0f32)")
    packed = np.empty((rows, columns * how.bits // 32), np.uint32)
    scales = np.empty((rows, columns // GROUP), how.dtype)
    step = max(1, (1 << 20) // columns)
    for start in range(0, rows, step):
        part = slice(start, start + step)
        groups = weight[part].astype(np.float32).reshape(-1, columns // GROUP, GROUP)
        codes, best = _fit(groups, how)
        packed[part], scales[part] = pack(codes.reshape(-1, columns), how), best
    return packed, scales


def dequantize(packed: NDArray[np.uint32], scales: NDArray[np.floating], how: Scheme) -> NDArray[np.float32]:
    """Weights float32 (rows, columns) from what `quantize` returned."""
    codes = unpack(packed, how)
    groups = codes.reshape(*scales.shape, GROUP).astype(np.float32)
    groups -= how.zero
    groups *= scales.astype(np.float32)[..., None]
    return groups.reshape(codes.shape)


def pack(codes: NDArray[np.uint8], how: Scheme) -> NDArray[np.uint32]:
    """Codes uint8 (rows, columns) as little-endian uint32 words."""
    octets = codes[:, 0::2] | np.left_shift(codes[:, 1::2], 4, dtype=np.uint8) if how.bits == 4 else codes
    return np.ascontiguousarray(octets).view("<u4")


def unpack(packed: NDArray[np.uint32], how: Scheme) -> NDArray[np.uint8]:
    """Codes uint8 (rows, columns) of packed words."""
    octets = np.ascontiguousarray(packed, dtype="<u4").view(np.uint8)
    if how.bits == 8:
        return octets
    return np.stack((octets & 15, octets >> 4), axis=-1).reshape(len(octets), -1)


def to_bfloat16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper halves of float32 numbers, rounded to nearest, ties to even."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def from_bfloat16(halves: NDArray[np.uint16]) -> NDArray[np.float32]:
    """float32 numbers of their upper halves."""
    return (halves.astype(np.uint32) << 16).view(np.float32)


def _fit(groups: NDArray[np.float32], how: Scheme) -> tuple[NDArray[np.uint8], NDArray[np.floating]]:
    """Codes (rows, groups, 32) and scales (rows, groups) of the least squared error among SHARES."""
    zero = how.zero
    widest = np.abs(groups).max(axis=-1)
    least = np.full(widest.shape, np.inf, np.float32)
    best_scale = np.zeros(widest.shape, np.float32)
    best_codes = np.full(groups.shape, zero, np.uint8)
    for share in SHARES if how.bits == 4 else SHARES[:1]:
        steps = _steps(groups, widest * np.float32(share / zero), zero)
        fitted = np.einsum("rgk,rgk->rg", groups, steps) / np.maximum(np.einsum("rgk,rgk->rg", steps, steps), 1)
        scale = _storable(fitted, how)
        steps = _steps(groups, scale, zero)
        error = np.square(groups - steps * scale[..., None]).sum(axis=-1)
        better = error < least
        least = np.where(better, error, least)
        best_scale = np.where(better, scale, best_scale)
        np.copyto(best_codes, (steps + zero).astype(np.uint8), where=better[..., None])
    return best_codes, best_scale.astype(how.dtype)


def _steps(groups: NDArray[np.float32], scale: NDArray[np.float32], zero: int) -> NDArray[np.float32]:
    safe = np.where(scale > 0, scale, 1)[..., None]
    return np.clip(np.rint(groups / safe), -zero, zero) * (scale > 0)[..., None]


def _storable(scale: NDArray[np.float32], how: Scheme) -> NDArray[np.float32]:
    if how.dtype == "float16":
        return scale.astype(np.float16).astype(np.float32)
    return from_bfloat16(to_bfloat16(scale))
