"""What llama.cpp computes in a batch is what it computes for one stream."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("llama_cpp", reason="llama.cpp is not installed")
pytest.importorskip("gguf", reason="gguf is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from amt.streams import passage
from benchmarks import models
from benchmarks.engines import LlamaCppQ8
from benchmarks.llama_batch import LlamaBatch

ROWS = np.arange(1_000, dtype=np.int32)


def correlations(folder: Path) -> list[float]:
    """Of logits in a batch of two sequences with those of each alone, before and after the batch was cut."""
    config = models.SHAPES["tiny"]
    engine = LlamaCppQ8(folder, config, threads=1)
    contexts = passage(90), passage(30)[::-1]
    alone = []
    for tokens in contexts:
        engine.truncate(0)
        engine.extend(np.append(tokens, 7).astype(np.int32))
        alone.append(engine.logits(ROWS))
    batch = LlamaBatch(engine.contexts[0].model, 2, config.vocabulary)
    for stream, tokens in enumerate(contexts):
        batch.read(stream, tokens)
    batch.step([7, 7])
    found = [float(np.corrcoef(batch.logits(stream)[ROWS], alone[stream])[0, 1]) for stream in (0, 1)]
    batch.truncate(0)
    batch.read(1, contexts[0])
    batch.step([7, 7])
    return [*found, float(np.corrcoef(batch.logits(1)[ROWS], alone[0])[0, 1])]


def test_each_sequence_of_a_batch_has_the_logits_that_it_has_alone(tmp_path: Path) -> None:
    # engines do not share a process, and one that was built badly may crash
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        assert min(process.submit(correlations, tmp_path).result()) > 0.999
