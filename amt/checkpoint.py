"""GPT-2 checkpoints as Hugging Face keeps them, read as float matrices (out, in) under MLC's names. Writes nothing.

Read are model.safetensors and pytorch_model.bin, whole or in shards with an index; names with and without
"transformer."; weights in float16, bfloat16, float32 or float64.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from amt.config import ModelConfig, ModelError, read_json
from amt.quantization import from_bfloat16
from amt.weights.names import EMBEDDING, linear_layers

CONFIG = "config.json"
# Single files and indices in the order in which they are preferred.
WEIGHT_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
OUTPUT = "lm_head.weight"
PREFIX = "transformer."
# Causal masks that older versions of transformers saved with the weights.
MASKS = re.compile(r"transformer\.h\.\d+\.attn\.(bias|masked_bias)")
DAMAGED = "fetch the checkpoint again"

Load = Callable[[], NDArray[Any]]


class Checkpoint(Mapping[str, NDArray[np.floating]]):
    """Float tensors of a checkpoint folder by MLC's names, each read when it is asked for.

    Raises ModelError that names the file: no weights, damaged files, tensors that GPT-2 does not have, an output
    layer that is not the embedding.
    """

    def __init__(self, folder: Path) -> None:
        folder = Path(folder)
        if not folder.is_dir():
            raise ModelError(f"{folder}: no such folder; name the folder of a Hugging Face checkpoint")
        self.config = ModelConfig.from_file(folder / CONFIG)
        self._source = weight_file(folder)
        self._loads = {_mlc_name(name): load for name, load in _loads(self._source).items()}
        self._loads = {name: load for name, load in self._loads.items() if not MASKS.fullmatch(name)}
        self._transposed = {f"{name}.weight" for name, _, _ in linear_layers(self.config)}
        self._check_output()

    def __getitem__(self, name: str) -> NDArray[np.floating]:
        tensor = self._loads[name]()
        if tensor.dtype.kind != "f":
            raise ModelError(f"{self._source}: {name} holds {tensor.dtype} and weights must be floating-point numbers")
        # Hugging Face's Conv1D keeps (in, out).
        return tensor.T if name in self._transposed else tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._loads)

    def __len__(self) -> int:
        return len(self._loads)

    def _check_output(self) -> None:
        output = self._loads.pop(OUTPUT, None)
        embedding = f"{EMBEDDING}.weight"
        if output is None:
            return
        if embedding not in self._loads:
            self._loads[embedding] = output
        elif not np.array_equal(output(), self._loads[embedding]()):
            raise ModelError(f"{self._source}: the output layer differs from the embedding, which is not supported")


def weight_file(folder: Path) -> Path:
    """The file or index of weights in a checkpoint folder."""
    for name in WEIGHT_FILES:
        if (folder / name).is_file():
            return folder / name
    raise ModelError(f"{folder}: holds no weights; one of {', '.join(WEIGHT_FILES)} is needed")


def shards(index: Path) -> dict[str, Path]:
    """Tensor names and the shards that an index says hold them."""
    table = read_json(index).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise ModelError(f"{index}: has no weight_map; {DAMAGED}")
    for file in table.values():
        if not isinstance(file, str) or Path(file).name != file:
            raise ModelError(f"{index}: {file!r} does not name a file beside it; {DAMAGED}")
    return {name: index.with_name(file) for name, file in table.items()}


def _mlc_name(name: str) -> str:
    return name if name.startswith(PREFIX) or name == OUTPUT else PREFIX + name


def _loads(source: Path) -> dict[str, Load]:
    """What to call for each tensor of a file, or of all files of an index."""
    if source.suffix != ".json":
        return _file_loads(source)
    table = shards(source)
    files: dict[Path, dict[str, Load]] = {}
    for name, path in table.items():
        if path not in files:
            files[path] = _file_loads(path)
        if name not in files[path]:
            raise ModelError(f"{path}: {name} is missing; {DAMAGED}")
    return {name: files[path][name] for name, path in table.items()}


def _file_loads(path: Path) -> dict[str, Load]:
    if not path.is_file():
        raise ModelError(f"{path}: missing; {DAMAGED}")
    return _safetensors(path) if path.suffix == ".safetensors" else _pytorch(path)


def _safetensors(path: Path) -> dict[str, Load]:
    try:
        with safe_open(path, framework="np") as file:
            names = list(file.keys())
            halves = {name for name in names if file.get_slice(name).get_dtype() == "BF16"}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: cannot be read as safetensors ({error}); {DAMAGED}") from error

    def load(name: str) -> NDArray[Any]:
        if name in halves:
            return _bfloat16(path, name)
        with safe_open(path, framework="np") as file:
            return file.get_tensor(name)

    return {name: partial(load, name) for name in names}


def _bfloat16(path: Path, name: str) -> NDArray[np.float32]:
    """NumPy has no bfloat16; a safetensors file is the header's length (8 bytes), a JSON header, the tensors."""
    octets = np.memmap(path, np.uint8, mode="r")
    start = 8 + int(octets[:8].view("<u8")[0])
    record = json.loads(octets[8:start].tobytes())[name]
    first, last = record["data_offsets"]
    return from_bfloat16(octets[start + first : start + last].copy().view("<u2")).reshape(record["shape"])


def _pytorch(path: Path) -> dict[str, Load]:
    try:
        import torch
    except ImportError as error:
        raise ModelError(
            f"{path}: reading this format needs PyTorch, which is not installed: pip install torch, "
            "or get the checkpoint as model.safetensors"
        ) from error
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path}: cannot be read as PyTorch weights ({reason}); {DAMAGED}") from error
    if not isinstance(tensors, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in tensors.values()):
        raise ModelError(f"{path}: holds something else than named weights; {DAMAGED}")

    def load(name: str) -> NDArray[Any]:
        tensor = tensors[name]
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()

    return {name: partial(load, name) for name in tensors}
