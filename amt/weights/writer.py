"""Writes a model folder as a whole or not at all. Knows no checkpoint formats."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amt.config import ModelConfig, ModelError
from amt.quantization import Quantization, Scheme, quantize, to_bfloat16
from amt.weights import manifest
from amt.weights.embedding import CONTROLS, EVENTS, FLAGS, compact
from amt.weights.names import EMBEDDING, Shapes, linear_layers, small_shapes
from amt.weights.reader import CONFIG, Weights

SHARD_BYTES = 32 << 20
ALIGNMENT = 64
# A folder that holds anything else is no model and is never replaced.
OWN_FILES = (CONFIG, *manifest.NAMES, "params_shard_*.bin")


Progress = Callable[[int, int], None]


def write(
    folder: Path,
    config: ModelConfig,
    quantization: Quantization,
    weights: Mapping[str, NDArray[np.floating]],
    progress: Progress | None = None,
) -> None:
    """Writes float matrices (out, in), positions, layer norms and biases, named as in MLC, into a model folder.

    Matrices are quantised on the way; where the embedding is quantised and its control rows are event rows plus an
    offset, it is stored compactly. `progress(done, all)` counts tensors. The folder appears when it is complete; a
    model that stood there before is replaced. Raises ModelError where weights are missing, do not fit the sizes, or the
    folder is something else or cannot be written.
    """
    check(config, weights)
    table = weights[f"{EMBEDDING}.weight"]
    parts = compact(table) if quantization.embedding.bits else None
    matrices = [(name, quantization.blocks) for name, _, _ in linear_layers(config)]

    def stored() -> Iterator[tuple[str, NDArray[Any]]]:
        if parts is None:
            yield from store_matrix(EMBEDDING, table, quantization.embedding)
        else:
            yield from store_matrix(EVENTS, parts[0], quantization.embedding)
            yield from ((CONTROLS, parts[1]), (FLAGS, parts[2]))
        for name in small_shapes(config):
            yield name, weights[name].astype(quantization.blocks.dtype)
        for done, (name, how) in enumerate(matrices):
            if progress is not None:
                progress(done, len(matrices))
            yield from store_matrix(name, weights[f"{name}.weight"], how)
        if progress is not None:
            progress(len(matrices), len(matrices))

    _write(Path(folder), stored(), _chat_config(config, quantization, parts is not None))


def store(folder: Path, model: Weights) -> None:
    """Writes a model as it was read, or with some of its tensors exchanged for others of their shapes.

    Nothing is quantised anew: codes stay as they are, scales are rounded to what is stored of them. The folder appears
    and is refused as in `write`.
    """
    blocks = model.quantization.blocks
    small = small_shapes(model.config)

    def stored() -> Iterator[tuple[str, NDArray[Any]]]:
        for name, tensor in model.tensors.items():
            how = model.quantization.embedding if name.startswith(EMBEDDING) else blocks
            is_float = name in small or name.endswith(".q_scale")
            yield name, tensor.astype(how.dtype) if is_float else tensor

    _write(Path(folder), stored(), _chat_config(model.config, model.quantization, model.compact))


def check(config: ModelConfig, weights: Mapping[str, NDArray[np.floating]]) -> None:
    """Raises ModelError unless the tensors are those of the model, in their shapes and finite."""
    expected: Shapes = {f"{name}.weight": (outputs, inputs) for name, outputs, inputs in linear_layers(config)}
    expected |= {f"{EMBEDDING}.weight": (config.vocabulary, config.width), **small_shapes(config)}
    for name, shape in expected.items():
        if name not in weights:
            raise ModelError(f"{name} is missing")
        if weights[name].shape != shape:
            raise ModelError(f"{name} has the shape {weights[name].shape} and the configuration asks for {shape}")
        if not np.isfinite(weights[name]).all():
            raise ModelError(f"{name} holds numbers that are not finite: the checkpoint is damaged")
    for name in weights:
        if name not in expected:
            raise ModelError(f"{name} belongs to no GPT-2 of these sizes")


def store_matrix(name: str, weight: NDArray[np.floating], how: Scheme) -> Iterator[tuple[str, NDArray[Any]]]:
    """The tensors that a matrix is stored as."""
    if not how.bits:
        yield f"{name}.weight", weight.astype(how.dtype, copy=False)
        return
    try:
        codes, scales = quantize(weight, how)
    except ModelError as error:
        raise ModelError(f"{name}: {error}") from error
    yield f"{name}.q_weight", codes
    yield f"{name}.q_scale", scales


def check_place(folder: Path, own: Sequence[str] = OWN_FILES) -> None:
    """Raises ModelError where something stands that a model, or what else has files `own`, is not to replace."""
    if folder.exists() and not (folder.is_dir() and _holds_only(folder, own)):
        what = "holds other files" if folder.is_dir() else "is a file"
        raise ModelError(f"{folder.absolute()}: exists and {what}; name another folder")


@contextmanager
def replaced(folder: Path, own: Sequence[str] = ()) -> Iterator[Path]:
    """A temporary sibling that takes the folder's place when the block ends well, and vanishes when it does not.

    An existing folder is replaced only if each file in it matches one of the patterns in `own`; else ModelError.
    """
    folder = folder.absolute()
    check_place(folder, own)
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    old = temporary.with_suffix(".old")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror or error})") from error
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def write_json(path: Path, fields: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


def _write(folder: Path, tensors: Iterable[tuple[str, NDArray[Any]]], config: Mapping[str, Any]) -> None:
    with replaced(folder, OWN_FILES) as temporary:
        shards = list(_write_shards(temporary, tensors))
        write_json(temporary / manifest.NAMES[0], manifest.render(shards))
        write_json(temporary / CONFIG, config)


def _holds_only(folder: Path, own: Sequence[str]) -> bool:
    return all(any(file.match(pattern) for pattern in own) for file in folder.iterdir())


def _write_shards(folder: Path, tensors: Iterable[tuple[str, NDArray[Any]]]) -> Iterator[manifest.Shard]:
    """Fills shards of at most SHARD_BYTES in order; only a single larger tensor makes a larger one."""
    pieces: list[bytes] = []
    records: list[manifest.Record] = []
    used = count = 0
    for name, tensor in tensors:
        octets, form = _encode(name, tensor)
        if records and used + len(octets) > SHARD_BYTES:
            yield _write_shard(folder / f"params_shard_{count}.bin", pieces, records)
            pieces, records, used, count = [], [], 0, count + 1
        padded = octets + bytes(-len(octets) % ALIGNMENT)
        records.append(manifest.Record(name, tensor.shape, str(tensor.dtype), form, len(octets), used))
        pieces.append(padded)
        used += len(padded)
    yield _write_shard(folder / f"params_shard_{count}.bin", pieces, records)


def _write_shard(path: Path, pieces: list[bytes], records: list[manifest.Record]) -> manifest.Shard:
    checksum = hashlib.md5(usedforsecurity=False)
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)
            checksum.update(piece)
        file.flush()
        os.fsync(file.fileno())
    return manifest.Shard(path.name, sum(map(len, pieces)), checksum.hexdigest(), tuple(records))


def _encode(name: str, tensor: NDArray[Any]) -> tuple[bytes, str]:
    """Bytes and format; float32 scales are bfloat16 numbers already (amt.quantization) and need only two bytes."""
    if name.endswith(".q_scale") and tensor.dtype == np.float32:
        return to_bfloat16(tensor).astype("<u2").tobytes(), "f32-to-bf16"
    return np.ascontiguousarray(tensor).astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes(), "raw"


def _chat_config(config: ModelConfig, quantization: Quantization, is_compact: bool) -> dict[str, Any]:
    return {
        "model_type": "gpt2",
        "quantization": quantization.blocks.name,
        "embedding_quantization": quantization.embedding.name,
        "embedding_layout": "compact" if is_compact else "full",
        "model_config": config.to_mlc(),
        "vocab_size": config.vocabulary,
        "context_window_size": config.positions,
        "sliding_window_size": -1,
        "prefill_chunk_size": config.positions,
        "attention_sink_size": -1,
        "tensor_parallel_shards": 1,
    }
