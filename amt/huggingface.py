"""Models from and to Hugging Face: checkpoint folders in, checkpoint folders out, names on the hub pulled."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import numpy as np
from huggingface_hub import errors
from safetensors.numpy import save_file

from amt import checkpoint, weights
from amt.checkpoint import Checkpoint
from amt.config import ModelConfig, ModelError
from amt.quantization import quantization as named
from amt.weights.names import EMBEDDING, linear_layers, small_shapes
from amt.weights.writer import replaced, write_json

DEFAULT_QUANTIZATION = "q4f32_1"
# Seconds to wait for the hub's answer to the first question.
TIMEOUT = 10

Progress = Callable[[int, int], None]


def import_checkpoint(
    source: Path, target: Path, quantization: str = DEFAULT_QUANTIZATION, progress: Progress | None = None
) -> None:
    """Turns a Hugging Face GPT-2 checkpoint folder into a model folder; `progress(done, all)` counts matrices.

    Raises ModelError that names the file and what to do.
    """
    how = named(quantization)
    model = Checkpoint(source)
    try:
        weights.write(target, model.config, how, model, progress)
    except ModelError as error:
        text = str(error)
        places = str(Path(source)), str(Path(target).absolute())
        raise error if text.startswith(places) else ModelError(f"{source}: {text}") from error


def export_checkpoint(model: Path, target: Path) -> None:
    """Writes a model folder as a Hugging Face checkpoint (config.json, model.safetensors) that transformers loads.

    Weights are float16 where the model holds them so, else float32; quantised ones are dequantised. Raises ModelError.
    """
    read = weights.read(model)
    weights.verify(model)
    dtype = np.dtype(read.quantization.blocks.dtype if not read.quantization.blocks.bits else "float32")
    tensors = {name: read.tensors[name].astype(dtype) for name in small_shapes(read.config)}
    tensors[f"{EMBEDDING}.weight"] = read.matrix(EMBEDDING).astype(dtype)
    for name, _, _ in linear_layers(read.config):
        tensors[f"{name}.weight"] = np.ascontiguousarray(read.matrix(name).T, dtype=dtype)
    with replaced(Path(target)) as temporary:
        save_file(tensors, temporary / "model.safetensors", metadata={"format": "pt"})
        write_json(temporary / checkpoint.CONFIG, read.config.to_huggingface() | {"dtype": str(dtype)})
        shutil.copymode(temporary / checkpoint.CONFIG, temporary / "model.safetensors")  # made for its owner alone


def pull(
    name: str,
    target: Path,
    quantization: str = DEFAULT_QUANTIZATION,
    revision: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Downloads a GPT-2 checkpoint from the Hugging Face hub and imports it into a model folder.

    The hub's own progress bars go to stderr; an interrupted download resumes when it is asked for again. Without a
    network, what was downloaded before is used. Raises ModelError for an unknown or private name, a model that this
    program cannot run (before its weights are downloaded), no network, a full disk.
    """
    named(quantization)
    try:
        folder = _download(name, revision)
    except errors.GatedRepoError as error:
        raise ModelError(f"{name}: its owners grant access one by one; ask there, then run hf auth login") from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            f"{name}: no such model on the hub (or a private one); names look like stanford-crfm/music-small-800k"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ModelError(f"{name}: has no revision {revision!r}; leave it out for the newest") from error
    except errors.HFValidationError as error:
        raise ModelError(f"{name!r} is not a name on the hub; they look like stanford-crfm/music-small-800k") from error
    except errors.LocalEntryNotFoundError as error:
        raise ModelError(
            f"{name}: the hub cannot be reached and the model is not all here from before; connect to the internet "
            "and unset HF_HUB_OFFLINE, or import a checkpoint folder that you copied here"
        ) from error
    except (errors.HTTPError, OSError) as error:
        raise ModelError(f"{name}: the download failed ({error}); ask again to resume it") from error
    import_checkpoint(folder, target, quantization, progress)


def _download(name: str, revision: str | None) -> Path:
    """Brings config.json and one set of weights into the hub's cache and returns their folder there."""
    available = _online(name, revision)
    offline = available is None
    if available is None:
        available = _cached(name, revision)

    def fetch(file: str) -> Path:
        return Path(huggingface_hub.hf_hub_download(name, file, revision=revision, local_files_only=offline))

    if checkpoint.CONFIG not in available and not offline:
        raise ModelError(f"{name}: has no {checkpoint.CONFIG}, so it is not a transformers checkpoint")
    config = fetch(checkpoint.CONFIG)
    try:
        ModelConfig.from_file(config)
    except ModelError as error:
        raise ModelError(f"{name}: {error}") from error
    source = next((file for file in checkpoint.WEIGHT_FILES if file in available), None)
    if source is None:
        raise ModelError(f"{name}: holds no weights; one of {', '.join(checkpoint.WEIGHT_FILES)} is needed")
    path = fetch(source)
    if path.suffix == ".json":
        for shard in sorted({shard.name for shard in checkpoint.shards(path).values()}):
            fetch(shard)
    return config.parent


def _online(name: str, revision: str | None) -> set[str] | None:
    """Files of a model on the hub, or None where the hub cannot be reached."""
    try:
        siblings = huggingface_hub.HfApi().model_info(name, revision=revision, timeout=TIMEOUT).siblings
    except errors.HfHubHTTPError:
        raise
    except (errors.HTTPError, OSError):
        return None
    return {sibling.rfilename for sibling in siblings or ()}


def _cached(name: str, revision: str | None) -> set[str]:
    """Files of a model that were downloaded before."""
    wanted = (checkpoint.CONFIG, *checkpoint.WEIGHT_FILES)
    return {
        file
        for file in wanted
        if isinstance(huggingface_hub.try_to_load_from_cache(name, file, revision=revision), str)
    }
