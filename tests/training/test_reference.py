from pathlib import Path

import pytest
import torch

from amt import huggingface, weights
from amt.config import ModelConfig
from tests.amt import checkpoints
from training.reference import Reference


@pytest.mark.parametrize("scaled", [True, False])
def test_hidden_states_are_those_of_transformers(tmp_path: Path, scaled: bool) -> None:
    model = checkpoints.gpt2(ModelConfig(3, 64, 4, 32, 96, 1e-5, scaled))
    model.save_pretrained(tmp_path / "source")
    huggingface.import_checkpoint(tmp_path / "source", tmp_path / "model", "q0f32")
    tokens = torch.randint(55_028, (2, 32), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model.transformer(tokens).last_hidden_state
    found = Reference(weights.read(tmp_path / "model")).hidden(tokens)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)
