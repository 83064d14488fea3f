"""Reads and checks a model folder; the large tensors stay on disk and are mapped into memory. Runs nothing."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amt.config import ModelConfig, ModelError, read_json
from amt.quantization import SCHEMES, Quantization, dequantize, from_bfloat16, scheme
from amt.weights import manifest
from amt.weights.embedding import CONTROLS, EVENTS, FLAGS, expand
from amt.weights.names import EMBEDDING, POSITIONS, Shapes, all_shapes, matrix_shapes, small_shapes

CONFIG = "mlc-chat-config.json"
OUTPUT = "lm_head"

DTYPES = ("float32", "float16", "uint32")

Tensors = dict[str, NDArray[Any]]


class Weights(NamedTuple):
    """A model as it lies on disk.

    Matrices (out, in) are `NAME.weight` in float32 or float16, or `NAME.q_weight` uint32 with `NAME.q_scale`
    (amt.quantization). The embedding, which is the output layer too, is `transformer.wte`; in a compact model it is
    `transformer.wte.events` with `transformer.wte.controls` and `transformer.wte.flags` (amt.weights.embedding).
    Positions, layer norms, biases, scales, controls and flags are float32. Arrays are read-only.
    """

    config: ModelConfig
    quantization: Quantization
    tensors: Tensors

    @property
    def compact(self) -> bool:
        """Whether control rows of the embedding are stored as event rows plus one offset per block."""
        return CONTROLS in self.tensors

    def matrix(self, name: str) -> NDArray[np.float32]:
        """A matrix by its name without ending, dequantised, float32 (out, in)."""
        if name == EMBEDDING and self.compact:
            return expand(self.matrix(EVENTS), self.tensors[CONTROLS], self.tensors[FLAGS])
        if f"{name}.weight" in self.tensors:
            return self.tensors[f"{name}.weight"].astype(np.float32)
        inside = name in (EMBEDDING, EVENTS)
        how = self.quantization.embedding if inside else self.quantization.blocks
        return dequantize(self.tensors[f"{name}.q_weight"], self.tensors[f"{name}.q_scale"], how)


def read(folder: Path) -> Weights:
    """Reads a model folder without reading its large tensors; sizes and names are checked, checksums by `verify`.

    Raises ModelError that names the file and what to do about it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder; name the folder of a model")
    path = manifest.find(folder)
    fields = read_json(folder / CONFIG)
    config = ModelConfig.from_file(folder / CONFIG)
    quantization, is_compact = _storage(folder / CONFIG, fields)
    tensors: Tensors = {}
    for shard in manifest.parse(path):
        octets = _map(folder / shard.dataPath, shard.nbytes)
        for record in shard.records:
            tensors[record.name] = _tensor(octets, record, path)
    _drop_tied_output(tensors, path)
    _unpack_positions(tensors, config)
    _check(tensors, all_shapes(config, quantization, is_compact), path)
    return Weights(config, quantization, _widen(tensors, config))


def verify(folder: Path) -> None:
    """Reads every shard and compares its checksum; ModelError names the damaged one."""
    for shard in manifest.parse(manifest.find(Path(folder))):
        path = Path(folder) / shard.dataPath
        octets = _map(path, shard.nbytes)
        if shard.md5sum is not None and hashlib.md5(octets.data, usedforsecurity=False).hexdigest() != shard.md5sum:
            raise ModelError(f"{path}: damaged (its checksum differs from the manifest's); {manifest.DAMAGED}")


def _storage(path: Path, fields: dict[str, Any]) -> tuple[Quantization, bool]:
    blocks = fields.get("quantization")
    try:
        schemes = Quantization(scheme(blocks), scheme(fields.get("embedding_quantization", blocks)))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    layout = fields.get("embedding_layout", "full")
    if layout not in ("full", "compact"):
        raise ModelError(f"{path}: embedding_layout is {layout!r} and must be full or compact")
    return schemes, layout == "compact"


def _map(path: Path, nbytes: int) -> NDArray[np.uint8]:
    try:
        size = path.stat().st_size
        if size != nbytes:
            found = "truncated" if size < nbytes else "not the file the manifest names"
            raise ModelError(f"{path}: {found} ({size:,} bytes instead of {nbytes:,}); {manifest.DAMAGED}")
        if not size:
            return np.empty(0, np.uint8)
        return np.memmap(path, np.uint8, mode="r")
    except FileNotFoundError as error:
        raise ModelError(f"{path}: missing; {manifest.DAMAGED}") from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error


def _tensor(octets: NDArray[np.uint8], record: manifest.Record, path: Path) -> NDArray[Any]:
    halved = record.format == "f32-to-bf16" and record.dtype == "float32"
    dtype = "uint16" if halved else record.dtype
    if record.dtype not in DTYPES:
        raise ModelError(f"{path}: {record.name} has the type {record.dtype}, which no supported quantisation uses")
    if math.prod(record.shape) * np.dtype(dtype).itemsize != record.nbytes:
        raise ModelError(
            f"{path}: {record.name} has {record.nbytes:,} bytes, which its shape denies; {manifest.DAMAGED}"
        )
    stored = octets[record.byteOffset : record.byteOffset + record.nbytes]
    if record.byteOffset % np.dtype(dtype).itemsize:
        stored = stored.copy()
    tensor = np.asarray(stored).view(dtype).reshape(record.shape)
    return from_bfloat16(tensor) if halved else tensor


def _drop_tied_output(tensors: Tensors, path: Path) -> None:
    """MLC stores the output layer a second time; it must be the embedding."""
    for name in [name for name in tensors if name.startswith(f"{OUTPUT}.")]:
        other = tensors.get(name.replace(OUTPUT, EMBEDDING))
        if other is None or not np.array_equal(tensors.pop(name), other):
            raise ModelError(f"{path}: the output layer differs from the embedding, which is not supported")


def _unpack_positions(tensors: Tensors, config: ModelConfig) -> None:
    """MLC quantises the small table of positions too; it is kept as floats here."""
    codes, scales = tensors.pop(f"{POSITIONS}.q_weight", None), tensors.pop(f"{POSITIONS}.q_scale", None)
    for how in SCHEMES.values():
        shapes = matrix_shapes(POSITIONS, config.positions, config.width, how)
        if codes is not None and scales is not None and [codes.shape, scales.shape] == list(shapes.values()):
            tensors[f"{POSITIONS}.weight"] = dequantize(codes, scales, how)
            return


def _check(tensors: Tensors, expected: Shapes, path: Path) -> None:
    for name, shape in expected.items():
        if name not in tensors:
            raise ModelError(f"{path}: {name} is missing; {manifest.DAMAGED}")
        if tensors[name].shape != shape:
            raise ModelError(f"{path}: {name} has the shape {tensors[name].shape} and {CONFIG} asks for {shape}")
        if (tensors[name].dtype == np.uint32) != name.endswith(".q_weight"):
            raise ModelError(f"{path}: {name} has the type {tensors[name].dtype}; {manifest.DAMAGED}")
    for name in tensors:
        if name not in expected:
            raise ModelError(f"{path}: {name} belongs to no tensor of the model that {CONFIG} describes")


def _widen(tensors: Tensors, config: ModelConfig) -> Tensors:
    small = {*small_shapes(config), CONTROLS, FLAGS}
    return {
        name: tensor.astype(np.float32, copy=False) if name in small or name.endswith(".q_scale") else tensor
        for name, tensor in tensors.items()
    }
