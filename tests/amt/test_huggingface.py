import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from amt import huggingface, weights
from amt.config import ModelError
from amt.weights.names import EMBEDDING, linear_layers
from tests.amt import checkpoints, hub

PULL = """
import sys
from pathlib import Path
from amt.config import ModelError
from amt.huggingface import pull
try:
    pull(sys.argv[1], Path(sys.argv[2]), "q0f32", *sys.argv[3:])
except ModelError as error:
    sys.exit(f"ModelError: {error}")
"""


def run_pull(tmp_path: Path, endpoint: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Pulls in a process of its own, because huggingface_hub reads its settings when it is imported."""
    own = {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
    return subprocess.run(
        [sys.executable, "-c", PULL, *arguments],
        env=os.environ | own | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def closed_endpoint() -> str:
    """An address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_a_round_trip_is_equal_bit_by_bit(tmp_path: Path) -> None:
    original = checkpoints.save(tmp_path / "source")
    huggingface.import_checkpoint(tmp_path / "source", tmp_path / "model", "q0f32")
    huggingface.export_checkpoint(tmp_path / "model", tmp_path / "back")
    back = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "back").eval()
    expected, found = original.state_dict(), back.state_dict()
    assert set(expected) == set(found)
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name
    tokens = torch.arange(0, 55_028, 1_000)[None]
    with torch.no_grad():
        assert torch.equal(original(tokens).logits, back(tokens).logits)


def test_half_precision_stays_half_precision(tmp_path: Path) -> None:
    checkpoints.gpt2().half().save_pretrained(tmp_path / "source")
    huggingface.import_checkpoint(tmp_path / "source", tmp_path / "model", "q0f16")
    huggingface.export_checkpoint(tmp_path / "model", tmp_path / "back")
    back = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "back", dtype="auto")
    assert back.dtype == torch.float16
    source = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "source", dtype="auto")
    for name, tensor in source.state_dict().items():
        assert torch.equal(tensor, back.state_dict()[name]), name


def test_a_quantised_model_is_exported_as_it_sounds(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "source")
    huggingface.import_checkpoint(tmp_path / "source", tmp_path / "model")
    huggingface.export_checkpoint(tmp_path / "model", tmp_path / "back")
    assert len({file.stat().st_mode for file in (tmp_path / "back").iterdir()}) == 1, "who may read one may read all"
    model = weights.read(tmp_path / "model")
    assert str(model.quantization) == "q4f32_1 (embedding q8f32_1)"
    back = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "back").state_dict()
    np.testing.assert_array_equal(back[f"{EMBEDDING}.weight"].numpy(), model.matrix(EMBEDDING))
    for name, _, _ in linear_layers(model.config):
        np.testing.assert_array_equal(back[f"{name}.weight"].numpy().T, model.matrix(name))


def test_an_unknown_quantisation_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'q5f32' is not one of"):
        huggingface.import_checkpoint(tmp_path / "none", tmp_path / "model", "q5f32")


def test_weights_that_do_not_fit_name_the_checkpoint_and_leave_nothing(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "source")
    config = tmp_path / "source" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"n_layer": 3}))
    with pytest.raises(ModelError, match=r"transformer\.h\.2.* is missing") as caught:
        huggingface.import_checkpoint(tmp_path / "source", tmp_path / "model")
    assert str(caught.value).startswith(str(tmp_path / "source"))
    assert not (tmp_path / "model").exists()


def test_a_damaged_model_is_not_exported(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "source")
    huggingface.import_checkpoint(tmp_path / "source", tmp_path / "model")
    shard = tmp_path / "model" / "params_shard_0.bin"
    content = bytearray(shard.read_bytes())
    content[1_000] ^= 1
    shard.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        huggingface.export_checkpoint(tmp_path / "model", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_an_export_keeps_what_is_not_a_model(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "source")
    huggingface.import_checkpoint(tmp_path / "source", tmp_path / "model")
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "thesis.txt").write_text("mine")
    with pytest.raises(ModelError, match="holds other files"):
        huggingface.export_checkpoint(tmp_path / "model", tmp_path / "back")
    assert (tmp_path / "back" / "thesis.txt").read_text() == "mine"
    with pytest.raises(ModelError, match=r"thesis\.txt: exists and is a file"):
        huggingface.export_checkpoint(tmp_path / "model", tmp_path / "back" / "thesis.txt")


def test_an_import_into_the_checkpoint_itself_keeps_it(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "source")
    (tmp_path / "source" / "generation_config.json").unlink()
    with pytest.raises(ModelError, match="holds other files"):
        huggingface.import_checkpoint(tmp_path / "source", tmp_path / "source")
    assert (tmp_path / "source" / "model.safetensors").is_file()


def test_pull_fetches_imports_and_then_works_without_a_network(tmp_path: Path) -> None:
    original = checkpoints.save(tmp_path / "source", max_shard_size="1MB")
    torch.save(original.state_dict(), tmp_path / "source" / "pytorch_model.bin")
    (tmp_path / "source" / "optimizer.pt").write_bytes(b"large and of no use")
    with hub.serving("someone/music", tmp_path / "source") as (endpoint, sent):
        done = run_pull(tmp_path, endpoint, "someone/music", str(tmp_path / "model"))
    assert done.returncode == 0, done.stderr
    assert {"config.json", "model.safetensors.index.json"} < set(sent)
    assert not {"pytorch_model.bin", "optimizer.pt", "generation_config.json"} & set(sent)
    expected = original.state_dict()[f"{EMBEDDING}.weight"].numpy()
    np.testing.assert_array_equal(weights.read(tmp_path / "model").matrix(EMBEDDING), expected)

    for address, offline in ((closed_endpoint(), "0"), (endpoint, "1")):
        target = tmp_path / f"again{offline}"
        done = run_pull(tmp_path, address, "someone/music", str(target), HF_HUB_OFFLINE=offline)
        assert done.returncode == 0, done.stderr
        np.testing.assert_array_equal(weights.read(target).matrix(EMBEDDING), expected)


@pytest.mark.parametrize("offline", ["0", "1"])
def test_pull_without_a_network_says_so(tmp_path: Path, offline: str) -> None:
    done = run_pull(tmp_path, closed_endpoint(), "someone/music", str(tmp_path / "model"), HF_HUB_OFFLINE=offline)
    assert done.returncode == 1
    assert "ModelError: someone/music: the hub cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["someone/else"], "no such model on the hub"),
        (["not a name"], "'not a name' is not a name on the hub"),
        (["someone/music", "v9"], "has no revision 'v9'"),
    ],
)
def test_pull_of_what_is_not_there_says_what_is_wrong(tmp_path: Path, arguments: list[str], message: str) -> None:
    checkpoints.save(tmp_path / "source")
    name, *rest = arguments
    with hub.serving("someone/music", tmp_path / "source") as (endpoint, _):
        done = run_pull(tmp_path, endpoint, name, str(tmp_path / "model"), *rest)
    assert done.returncode == 1
    assert f"ModelError: {name}: {message}" in done.stderr or f"ModelError: {message}" in done.stderr
    assert not (tmp_path / "model").exists()


def test_pull_of_a_gated_model_says_how_to_get_in(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with hub.serving("someone/music", tmp_path / "source", gated="manual") as (endpoint, _):
        done = run_pull(tmp_path, endpoint, "someone/music", str(tmp_path / "model"))
    assert "grant access one by one" in done.stderr


def test_pull_refuses_a_model_that_cannot_run_before_its_weights(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "source")
    config = tmp_path / "source" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"vocab_size": 50_257}))
    with hub.serving("someone/words", tmp_path / "source") as (endpoint, sent):
        done = run_pull(tmp_path, endpoint, "someone/words", str(tmp_path / "model"))
    assert "50257 tokens where" in done.stderr
    assert sent == ["config.json"]


def test_pull_of_a_repository_without_weights_names_what_is_needed(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "source")
    (tmp_path / "source" / "model.safetensors").unlink()
    with hub.serving("someone/music", tmp_path / "source") as (endpoint, _):
        done = run_pull(tmp_path, endpoint, "someone/music", str(tmp_path / "model"))
    assert "holds no weights; one of model.safetensors" in done.stderr
