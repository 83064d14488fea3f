import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from amt.checkpoint import Checkpoint
from amt.config import ModelError
from amt.quantization import quantization
from amt.weights.names import EMBEDDING, all_shapes
from tests.amt import checkpoints
from tests.amt.checkpoints import CONFIG

Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="session")
def tensors() -> Tensors:
    return checkpoints.gpt2().state_dict()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint folder that has no weights yet."""
    (tmp_path / "config.json").write_text(json.dumps(CONFIG.to_huggingface()))
    return tmp_path


def save_safetensors(folder: Path, tensors: Tensors) -> None:
    own = {name: tensor.clone().contiguous() for name, tensor in tensors.items()}
    save_file(own, folder / "model.safetensors")


def save_pytorch(folder: Path, tensors: Tensors) -> None:
    torch.save(tensors, folder / "pytorch_model.bin")


def save_sharded(folder: Path, tensors: Tensors) -> None:
    names = sorted(tensors)
    files = {name: f"pytorch_model-{1 + (index % 2):05}-of-00002.bin" for index, name in enumerate(names)}
    for file in set(files.values()):
        torch.save({name: tensors[name] for name in names if files[name] == file}, folder / file)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": files}))


def assert_same(found: Checkpoint, tensors: Tensors) -> None:
    assert {name: found[name].shape for name in found} == all_shapes(CONFIG, quantization("q0f32"), compact=False)
    for name in found:
        expected = tensors[name].float().numpy()
        conv1d = name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight"))
        np.testing.assert_array_equal(found[name], expected.T if conv1d else expected)


@pytest.mark.parametrize("save", [save_safetensors, save_pytorch, save_sharded])
@pytest.mark.parametrize("prefix", ["transformer.", ""])
def test_every_layout_gives_the_same_weights(
    folder: Path, tensors: Tensors, save: Callable[[Path, Tensors], None], prefix: str
) -> None:
    save(folder, {name.replace("transformer.", prefix): tensor for name, tensor in tensors.items()})
    assert_same(Checkpoint(folder), tensors)


def test_the_output_layer_alone_is_the_embedding(folder: Path, tensors: Tensors) -> None:
    save_safetensors(folder, {name: tensor for name, tensor in tensors.items() if name != f"{EMBEDDING}.weight"})
    assert_same(Checkpoint(folder), tensors)


def test_causal_masks_of_older_checkpoints_are_passed_over(folder: Path, tensors: Tensors) -> None:
    masks = {
        "transformer.h.0.attn.bias": torch.ones(1, 1, 64, 64, dtype=torch.bool),
        "transformer.h.0.attn.masked_bias": torch.tensor(-1e4),
    }
    save_pytorch(folder, tensors | masks)
    assert_same(Checkpoint(folder), tensors)


@pytest.mark.parametrize("save", [save_safetensors, save_pytorch])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_every_floating_type_is_read(
    folder: Path, tensors: Tensors, save: Callable[[Path, Tensors], None], dtype: torch.dtype
) -> None:
    converted = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    save(folder, converted)
    assert_same(Checkpoint(folder), converted)


def test_safetensors_are_preferred(folder: Path, tensors: Tensors) -> None:
    save_safetensors(folder, tensors)
    (folder / "pytorch_model.bin").write_bytes(b"not read")
    assert_same(Checkpoint(folder), tensors)


def test_integers_are_refused(folder: Path, tensors: Tensors) -> None:
    save_safetensors(folder, tensors | {"transformer.ln_f.bias": torch.zeros(32, dtype=torch.int8)})
    with pytest.raises(ModelError, match=r"transformer\.ln_f\.bias holds int8"):
        _ = Checkpoint(folder)["transformer.ln_f.bias"]


def test_an_output_layer_of_its_own_is_refused(folder: Path, tensors: Tensors) -> None:
    save_safetensors(folder, tensors | {"lm_head.weight": tensors["lm_head.weight"] + 1})
    with pytest.raises(ModelError, match="output layer differs"):
        Checkpoint(folder)


def test_without_pytorch_the_message_says_what_to_install(
    folder: Path, tensors: Tensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_pytorch(folder, tensors)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModelError, match="pip install torch") as caught:
        Checkpoint(folder)
    assert str(folder / "pytorch_model.bin") in str(caught.value)


class Mischief:
    """Would run code where pickles are trusted."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return Path("mischief").write_text, ("done",)  # type: ignore[return-value]


def test_a_pickle_with_code_in_it_is_refused_and_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    torch.save({"wte.weight": Mischief()}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot be read as PyTorch weights"):
        Checkpoint(folder)
    assert not (folder / "mischief").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", b""),
        ("model.safetensors", b"\xff" * 64),
        ("model.safetensors.index.json", b"{}"),
        ("model.safetensors.index.json", b'{"weight_map": {"wte.weight": "../x.safetensors"}}'),
        ("model.safetensors.index.json", b'{"weight_map": {"wte.weight": "gone.safetensors"}}'),
        ("pytorch_model.bin", b""),
        ("pytorch_model.bin", b"garbage" * 9),
        ("pytorch_model.bin", pickle.dumps({"wte.weight": 3}, protocol=2)),
        ("pytorch_model.bin.index.json", b"{"),
    ],
)
def test_damaged_files_are_named_in_one_line(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match="again") as caught:
        Checkpoint(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_named(folder: Path, tensors: Tensors) -> None:
    for save, name in ((save_safetensors, "model.safetensors"), (save_pytorch, "pytorch_model.bin")):
        save(folder, tensors)
        path = folder / name
        path.write_bytes(path.read_bytes()[:-1_000])
        with pytest.raises(ModelError, match=name):
            Checkpoint(folder)
        path.unlink()


def test_a_shard_that_lacks_a_tensor_is_named(folder: Path, tensors: Tensors) -> None:
    save_safetensors(folder, tensors)
    (folder / "model.safetensors").rename(folder / "part.safetensors")
    index = {"weight_map": dict.fromkeys([*load_file(folder / "part.safetensors"), "extra"], "part.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"part\.safetensors: extra is missing"):
        Checkpoint(folder)


def test_a_folder_without_weights_says_which_it_needs(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.safetensors, .*pytorch_model\.bin"):
        Checkpoint(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        Checkpoint(tmp_path / "none")
