"""The kernels compiled for processors that are not here: which instructions come of them. And for lesser vectors than
this processor's, the model run with them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from amt import decoder, processor
from amt.config import ModelConfig
from amt.kernels.layout import Layout
from amt.processor import Instructions
from amt.quantization import quantization
from amt.weights import write
from tests.amt import checkpoints
from tests.amt.checkpoints import TINY

CONFIG = ModelConfig(2, 64, 2, 128, 128)
# For each kind of processor: what the kernels are written for, LLVM's name of one, and instructions that must come of
# it: products of bytes, of weights and of keys; pairs of positions of values; fused multiplication; float16's reading.
TARGETS = {
    "AVX-512 VNNI": (Instructions(16, "vpdpbusd", 32), "x86_64-linux-gnu", "icelake-server", "vpdpbusd vpdpwssd"),
    "AVX-512": (Instructions(16, "maddubs", 32), "x86_64-linux-gnu", "skylake-avx512", "vpmaddubsw vpmaddwd"),
    "AVX-VNNI": (Instructions(8, "vpdpbusd"), "x86_64-linux-gnu", "alderlake", "vpdpbusd vpdpwssd"),
    "AVX2": (Instructions(8, "maddubs"), "x86_64-linux-gnu", "haswell", "vpmaddubsw vpmaddwd"),
    "ARMv8.2": (Instructions(4, "sdot", 32), "aarch64-linux-gnu", "neoverse-n1", "sdot mla fmla fcvtl"),
    "Apple": (Instructions(4, "sdot", 32), "arm64-apple-macos", "apple-m1", "sdot mla fmla fcvtl"),
    "ARMv8": (Instructions(4, "plain"), "aarch64-linux-gnu", "cortex-a72", "mla fmla fcvtl"),
}


def assembly(instructions: Instructions, triple: str, name: str) -> str:
    import tvm
    from tvm.target import Target
    from tvm.tirx import compilation_pipeline

    from amt.compiling import PIPELINE, kernel_pipeline
    from amt.kernels.step import step

    compilation_pipeline.PIPELINE_MAP[PIPELINE] = kernel_pipeline
    layout = Layout(CONFIG, quantization("q4f32_1"), False, instructions)
    module = tvm.IRModule({"one": step(layout, 1, 1).with_attr("global_symbol", "one")})
    target = Target({"kind": "llvm", "mtriple": triple, "mcpu": name})
    return str(tvm.compile(module, target=target, tir_pipeline=PIPELINE).mod.inspect_source("asm"))


@pytest.mark.parametrize("kind", TARGETS)
def test_kernels_become_the_processor_s_own_instructions(kind: str) -> None:
    instructions, triple, name, wanted = TARGETS[kind]
    text = assembly(instructions, triple, name)
    counts = Counter(re.findall(r"^\s+(?:\{vex\}\s+)?([a-z][a-z0-9]+)(?:\.\w+)?\s", text, re.MULTILINE))
    assert not [each for each in wanted.split() if not counts[each]]
    # conversions of float16 or roundings that the processor cannot do would be calls of functions for each number
    called = set(re.findall(r"\b(?:callq?|bl)\s+(\w+)", text))
    assert not [each for each in called if not each.lstrip("_").startswith(("tvm", "TVM", "one"))]


def lesser() -> list[Instructions]:
    """What this processor could be taken for, beside what it is."""
    has = processor.features()
    found = [Instructions(16, "maddubs", 32)] if {"avx512bw", "avx512vl"} <= has else []
    found += [Instructions(8, "maddubs")] if {"avx2", "fma", "f16c"} <= has else []
    return [each for each in (*found, Instructions(4, "plain")) if each != processor.instructions()]


@pytest.mark.parametrize("instructions", lesser(), ids=lambda each: f"{each.lanes}-{each.dot}")
def test_other_vectors_give_the_same_model(
    instructions: Instructions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "model", TINY, quantization("q4f32_1"), checkpoints.weights(TINY))
    tokens = np.random.default_rng(0).integers(0, 55_028, 100).astype(np.int32)
    hidden = []
    for each in (processor.instructions(), instructions):
        monkeypatch.setattr(processor, "instructions", lambda each=each: each)
        model = decoder.load(tmp_path / "model")
        cache = model.new_cache()
        for start, end in ((0, 90), (90, 93), (93, 94), (94, 100)):
            model.extend(cache, tokens[start:end])
        assert cache.hidden is not None
        hidden.append(cache.hidden)
    # sums are taken in another order, so that some inputs round to another byte
    assert np.corrcoef(*hidden)[0, 1] > 0.9999
