from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from amt import embedded, weights
from training.embed_bootstrap import embed

BOOTSTRAP = Path(__file__).parents[2].parent / "shared" / "bootstrap_model"


@pytest.mark.skipif(not BOOTSTRAP.is_dir(), reason="the bootstrap's weights are not here")
def test_the_bootstrap_becomes_a_model_of_the_shipped_ones_size(tmp_path: Path) -> None:
    size = embed(BOOTSTRAP, tmp_path / "model")
    weights.verify(tmp_path / "model")
    made, shipped = weights.read(tmp_path / "model"), weights.read(embedded.PATH)
    untold = replace(shipped.config, lineups=False)  # the bootstrap was never told who plays
    assert (made.config, made.quantization, made.compact) == (untold, shipped.quantization, shipped.compact)
    assert size == pytest.approx(sum(file.stat().st_size for file in embedded.PATH.iterdir()), rel=1e-3)
