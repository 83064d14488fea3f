import json
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
import transformers

from amt.config import ModelConfig, ModelError

HUGGINGFACE = {
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "vocab_size": 55_028,
    "n_positions": 1_024,
    "n_embd": 768,
    "n_layer": 12,
    "n_head": 12,
    "n_inner": None,
    "layer_norm_epsilon": 1e-5,
    "scale_attn_by_inverse_layer_idx": True,
}
SMALL = ModelConfig(12, 768, 12, 1_024, 3_072, 1e-5, True)


def test_huggingface_fields_are_read() -> None:
    assert ModelConfig.from_json(HUGGINGFACE) == SMALL
    assert SMALL.head_width == 64


def test_a_value_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        SMALL.layers = 3  # type: ignore[misc]


def test_mlc_fields_are_read_back() -> None:
    assert ModelConfig.from_json({"model_type": "gpt2", "model_config": SMALL.to_mlc()}) == SMALL


def test_transformers_reads_the_same_sizes() -> None:
    fields = transformers.GPT2Config(**SMALL.to_huggingface()).to_dict()
    assert ModelConfig.from_json(fields) == SMALL


def test_a_width_of_its_own_for_the_inner_layer_is_kept() -> None:
    assert ModelConfig.from_json(HUGGINGFACE | {"n_inner": 1_000}).inner == 1_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "llama"}, "only gpt2"),
        ({"activation_function": "relu"}, "only gelu_new"),
        ({"reorder_and_upcast_attn": True}, "one precision"),
        ({"add_cross_attention": True}, "a decoder alone"),
        ({"scale_attn_weights": False}, "always scaled"),
        ({"tie_word_embeddings": False}, "must be the embedding"),
        ({"quantization_config": {"bits": 4}}, "unquantised checkpoint"),
        ({"tensor_parallel_shards": 2}, "several devices"),
        ({"n_layer": 10**9}, "at most 1000"),
        ({"vocab_size": 50_257}, "50257 tokens where"),
        ({"n_layer": 0}, "layers is 0"),
        ({"n_layer": True}, "layers is True"),
        ({"n_layer": "12"}, "layers is '12'"),
        ({"n_embd": None}, "width is None"),
        ({"n_embd": [768]}, "width is"),
        ({"n_head": 7}, "cannot be shared by 7"),
        ({"n_positions": 1}, "positions is 1"),
        ({"n_inner": -5}, "inner is -5"),
        ({"layer_norm_epsilon": 0}, "between 0 and 1"),
        ({"layer_norm_epsilon": "1e-5"}, "between 0 and 1"),
        ({"scale_attn_by_inverse_layer_idx": "yes"}, "true or false"),
        ({"model_config": []}, "not a JSON object"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_reason(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        ModelConfig.from_json(HUGGINGFACE | change)


@pytest.mark.parametrize("field", ["vocab_size", "n_positions", "n_embd", "n_layer", "n_head", "model_type"])
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(ModelError, match=field):
        ModelConfig.from_json({name: value for name, value in HUGGINGFACE.items() if name != field})


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{", "not valid JSON"), (b"[]", "no JSON object"), (b"\xff\xfe", "not valid JSON"), (b"{}", "model_type")],
)
def test_a_file_that_is_not_a_configuration_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        ModelConfig.from_file(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        ModelConfig.from_file(tmp_path / "config.json")


def test_from_file_reads_what_from_json_reads(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(HUGGINGFACE))
    assert ModelConfig.from_file(tmp_path / "config.json") == SMALL
