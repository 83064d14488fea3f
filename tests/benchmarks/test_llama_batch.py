"""What llama.cpp computes in a batch is what it computes for one stream."""

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


def test_each_sequence_of_a_batch_has_the_logits_that_it_has_alone(tmp_path: Path) -> None:
    config = models.SHAPES["tiny"]
    engine = LlamaCppQ8(tmp_path, config, threads=1)
    context, other = passage(90), passage(30)[::-1]
    alone = []
    for tokens in (context, other):
        engine.truncate(0)
        engine.extend(np.append(tokens, 7).astype(np.int32))
        alone.append(engine.logits(ROWS))
    batch = LlamaBatch(engine._model, 2, config.vocabulary)
    batch.read(0, context)
    batch.read(1, other)
    batch.step([7, 7])
    for stream, expected in enumerate(alone):
        assert np.corrcoef(batch.logits(stream)[ROWS], expected)[0, 1] > 0.999
    batch.truncate(0)
    batch.read(1, context)
    batch.step([7, 7])
    assert np.corrcoef(batch.logits(1)[ROWS], alone[0])[0, 1] > 0.999
