"""One GPT-2 with random weights in every engine's format, so that all engines compute the same function.

Speed does not depend on the weights' values. Models are made once and kept in a folder of the caller's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from amt import huggingface
from amt.config import ModelConfig

# Scores are not divided by the layer's number, which llama.cpp and CTranslate2 do not know. That costs nothing in any
# engine: it is a factor of the query's weights.
SHAPES = {
    "small": ModelConfig(layers=12, width=768, heads=12, positions=1_024, inner=3_072),
    "medium": ModelConfig(layers=24, width=1_024, heads=16, positions=1_024, inner=4_096),
    "embedded": ModelConfig(layers=8, width=512, heads=8, positions=1_024, inner=2_048),
    "tiny": ModelConfig(layers=2, width=64, heads=2, positions=1_024, inner=128),
}


def checkpoint(folder: Path, config: ModelConfig) -> Path:
    """A Hugging Face checkpoint folder: normal weights of deviation 0.02, as GPT-2 is initialised."""

    def make(target: Path) -> None:
        import torch
        import transformers

        torch.manual_seed(0)
        transformers.GPT2LMHeadModel(transformers.GPT2Config(**config.to_huggingface())).save_pretrained(target)

    return _once(folder / "checkpoint", make)


def compiled(folder: Path, config: ModelConfig) -> Path:
    """Our model folder, 4-bit blocks."""
    source = checkpoint(folder, config)
    return _once(folder / "midinfinite", lambda target: huggingface.import_checkpoint(source, target))


def gguf(folder: Path, config: ModelConfig, kind: str) -> Path:
    """llama.cpp's file; every matrix, the embedding too, in `kind` (q4_0 or q8_0): the least it can read."""
    source = checkpoint(folder, config)
    return _once(folder / f"{kind}.gguf", lambda target: _write_gguf(source, target, config, kind))


def ctranslate2(folder: Path, config: ModelConfig) -> Path:
    """CTranslate2's folder in int8."""
    source = checkpoint(folder, config)

    def make(target: Path) -> None:
        import transformers
        from ctranslate2.converters.transformers import GPT2Loader

        model = transformers.GPT2LMHeadModel.from_pretrained(source)
        spec = GPT2Loader().get_model_spec(model)
        spec.register_vocabulary([str(token) for token in range(config.vocabulary)])
        spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = str(config.vocabulary - 1)
        spec.config.layer_norm_epsilon = config.epsilon
        spec.validate()
        spec.optimize(quantization="int8")
        target.mkdir()
        spec.save(str(target))

    return _once(folder / "ctranslate2", make)


def _once(path: Path, make: Callable[[Path], Any]) -> Path:
    """The path, made under a temporary name first where it does not exist yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{os.getpid()}.{path.name}")
        make(temporary)
        temporary.rename(path)
    return path


def _write_gguf(source: Path, target: Path, config: ModelConfig, kind: str) -> None:
    import gguf
    from safetensors.numpy import load_file

    form = gguf.GGMLQuantizationType[kind.upper()]
    writer = gguf.GGUFWriter(target, "gpt2")
    writer.add_context_length(config.positions)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.inner)
    writer.add_head_count(config.heads)
    writer.add_layer_norm_eps(config.epsilon)
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{kind.upper()}"])
    writer.add_vocab_size(config.vocabulary)
    writer.add_tokenizer_model("none")
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.GPT2, config.layers)
    for name, tensor in load_file(source / "model.safetensors").items():
        stored = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if stored is None:
            raise ValueError(f"llama.cpp's GPT-2 has no {name}")
        if tensor.ndim < 2 or name == "transformer.wpe.weight":
            writer.add_tensor(stored, tensor.astype(np.float32))
            continue
        matrix = tensor if name == "transformer.wte.weight" else np.ascontiguousarray(tensor.T)
        writer.add_tensor(stored, gguf.quants.quantize(matrix, form), raw_dtype=form)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
