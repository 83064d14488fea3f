import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tvm
from numpy.typing import NDArray
from tvm.contrib import tvmjs

from amt import weights
from amt.config import ModelConfig, ModelError
from amt.quantization import SCHEMES, dequantize, from_bfloat16, quantization, quantize
from amt.vocabulary import ANTICIPATE, CONTROL, NOTE, REST, VOCABULARY
from amt.weights import writer
from amt.weights.names import EMBEDDING, POSITIONS, all_shapes, linear_layers
from tests.amt import checkpoints
from tests.amt.checkpoints import CONFIG

FLOATS = checkpoints.weights()
MATRIX = "transformer.h.1.mlp.c_proj"


def constant_offsets() -> NDArray[np.float32]:
    """An embedding whose control rows are event rows plus one offset per block, rounded to float16."""
    random = np.random.default_rng(7)
    events, controls, flags = (
        random.standard_normal((rows, CONFIG.width)).astype(np.float32) * 0.1 for rows in (CONTROL, 3, 3)
    )
    return weights.expand(events, controls, flags).astype(np.float16).astype(np.float32)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "model"
    weights.write(folder, CONFIG, quantization("q4f32_1"), FLOATS)
    return folder


@pytest.fixture
def model(written: Path, tmp_path: Path) -> Path:
    """A model folder that a test may damage."""
    return Path(shutil.copytree(written, tmp_path / "model"))


def edit(path: Path, change: Callable[[Any], object]) -> None:
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


@pytest.mark.parametrize("name", ["q0f32", "q0f16", "q8f32_1", "q4f32_1", "q4f16_1"])
def test_what_was_written_is_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    how = quantization(name)
    weights.write(folder, CONFIG, how, FLOATS)
    weights.verify(folder)
    config, read_quantization, tensors = model = weights.read(folder)
    assert (config, read_quantization, model.compact) == (CONFIG, how, False)
    assert {key: tensor.shape for key, tensor in tensors.items()} == all_shapes(CONFIG, how, compact=False)
    for key, scheme in ((MATRIX, how.blocks), (EMBEDDING, how.embedding)):
        original = FLOATS[f"{key}.weight"]
        expected = dequantize(*quantize(original, scheme), scheme) if scheme.bits else original.astype(scheme.dtype)
        np.testing.assert_array_equal(model.matrix(key), expected)
    bias = f"{MATRIX}.bias"
    assert tensors[bias].dtype == np.float32
    np.testing.assert_array_equal(tensors[bias], FLOATS[bias].astype(how.blocks.dtype))


def test_control_rows_at_a_constant_offset_are_stored_once(tmp_path: Path) -> None:
    table = constant_offsets()
    for name in ("q8f32_1", "q0f32"):
        weights.write(tmp_path / name, CONFIG, quantization(name), FLOATS | {f"{EMBEDDING}.weight": table})
    model = weights.read(tmp_path / "q8f32_1")
    assert model.compact
    assert model.tensors[f"{weights.EVENTS}.q_weight"].shape[0] == CONTROL
    expanded = model.matrix(EMBEDDING)
    step = np.abs(table).reshape(VOCABULARY, -1, 32).max(axis=-1).max() / 127
    assert np.abs(expanded - table).max() <= 0.6 * step
    plain = weights.read(tmp_path / "q0f32")
    assert not plain.compact
    np.testing.assert_array_equal(plain.matrix(EMBEDDING), table)


def test_compact_loses_only_the_rounding_of_float16() -> None:
    table = constant_offsets()
    parts = weights.compact(table)
    assert parts is not None
    np.testing.assert_allclose(weights.expand(*parts), table, rtol=2**-10, atol=1e-3)
    np.testing.assert_array_equal(weights.expand(*parts)[: REST + 1], table[: REST + 1])
    np.testing.assert_array_equal(weights.expand(*parts)[ANTICIPATE], table[ANTICIPATE])


@pytest.mark.parametrize("row", [0, NOTE, CONTROL, CONTROL + NOTE, VOCABULARY - 4])
def test_a_table_with_one_row_of_its_own_is_not_compact(row: int) -> None:
    table = constant_offsets()
    table[row] += 0.01
    assert weights.compact(table) is None


def test_tvm_reads_the_shards(written: Path) -> None:
    tensors, _ = tvmjs.load_tensor_cache(str(written), tvm.cpu())
    model = weights.read(written)
    assert set(tensors) == set(model.tensors)
    for name, tensor in model.tensors.items():
        theirs = tensors[name].numpy()
        np.testing.assert_array_equal(theirs, tensor)


def test_a_folder_that_tvm_and_mlc_wrote_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """MLC quantises positions, stores the output layer twice and floats as bfloat16; ndarray-cache is older."""
    how = SCHEMES["q4f32_1"]
    config = ModelConfig(1, 32, 4, 64, 128, 1e-5, True)
    floats = checkpoints.weights(config)
    tensors: dict[str, NDArray[Any]] = {
        name: floats[name] for name in floats if not name.startswith((EMBEDDING, POSITIONS))
    }
    for name, _, _ in linear_layers(config):
        floats[name] = tensors.pop(f"{name}.weight")
    floats |= {name: floats[f"{name}.weight"] for name in (EMBEDDING, POSITIONS)}
    floats["lm_head"] = floats[EMBEDDING]
    for name in (EMBEDDING, POSITIONS, "lm_head", *(name for name, _, _ in linear_layers(config))):
        tensors[f"{name}.q_weight"], tensors[f"{name}.q_scale"] = quantize(floats[name], how)
    tvmjs.dump_tensor_cache(tensors, str(tmp_path), show_progress=False)
    capsys.readouterr()
    (tmp_path / "tensor-cache.json").rename(tmp_path / "ndarray-cache.json")
    fields = {"model_type": "gpt2", "quantization": "q4f32_1", "model_config": config.to_mlc()}
    (tmp_path / "mlc-chat-config.json").write_text(json.dumps(fields))
    model = weights.read(tmp_path)
    assert str(model.quantization) == "q4f32_1"
    for name in (EMBEDDING, "transformer.h.0.attn.c_attn"):
        expected = dequantize(*quantize(floats[name], how), how)
        np.testing.assert_array_equal(model.matrix(name), expected)
    np.testing.assert_array_equal(
        model.tensors[f"{POSITIONS}.weight"], dequantize(*quantize(floats[POSITIONS], how), how)
    )
    norm = "transformer.ln_f.weight"
    np.testing.assert_allclose(model.tensors[norm], floats[norm], rtol=2**-8)


def test_shards_stay_small_and_records_aligned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "SHARD_BYTES", 1 << 20)
    folder = tmp_path / "model"
    weights.write(folder, CONFIG, quantization("q4f32_1"), FLOATS)
    shards = json.loads((folder / "tensor-cache.json").read_text())["records"]
    assert len(shards) >= 2
    for shard in shards:
        assert shard["nbytes"] == (folder / shard["dataPath"]).stat().st_size
        assert shard["nbytes"] <= 1 << 20 or len(shard["records"]) == 1
        assert all(record["byteOffset"] % 64 == 0 for record in shard["records"])
    weights.verify(folder)
    np.testing.assert_array_equal(
        weights.read(folder).matrix(MATRIX),
        dequantize(*quantize(FLOATS[f"{MATRIX}.weight"], SCHEMES["q4f32_1"]), SCHEMES["q4f32_1"]),
    )


def test_scales_take_two_bytes_without_loss(written: Path) -> None:
    records = [
        record
        for shard in json.loads((written / "tensor-cache.json").read_text())["records"]
        for record in shard["records"]
    ]
    scale = next(record for record in records if record["name"] == f"{MATRIX}.q_scale")
    assert scale["format"] == "f32-to-bf16"
    stored = (written / "params_shard_0.bin").read_bytes()[scale["byteOffset"] :][: scale["nbytes"]]
    expected = quantize(FLOATS[f"{MATRIX}.weight"], SCHEMES["q4f32_1"])[1]
    np.testing.assert_array_equal(from_bfloat16(np.frombuffer(stored, np.uint16)).reshape(expected.shape), expected)


def test_large_tensors_are_mapped_and_read_only(written: Path) -> None:
    codes = weights.read(written).tensors[f"{EMBEDDING}.q_weight"]
    assert not codes.flags.owndata
    assert not codes.flags.writeable


def test_progress_counts_every_matrix(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    weights.write(
        tmp_path / "model", CONFIG, quantization("q0f32"), FLOATS, lambda done, total: steps.append((done, total))
    )
    assert steps == [(done, 8) for done in range(9)]


@pytest.mark.parametrize("name", ["q0f32", "q0f16", "q8f32_1", "q4f32_1", "q4f16_1"])
def test_what_is_stored_as_it_was_read_is_the_same_files(tmp_path: Path, name: str) -> None:
    for table in (FLOATS[f"{EMBEDDING}.weight"], constant_offsets()):
        weights.write(tmp_path / "old", CONFIG, quantization(name), {**FLOATS, f"{EMBEDDING}.weight": table})
        weights.store(tmp_path / "new", weights.read(tmp_path / "old"))
        for file in (tmp_path / "old").iterdir():
            assert (tmp_path / "new" / file.name).read_bytes() == file.read_bytes(), file.name


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("params_shard_0.bin", shorten, "truncated"),
        ("params_shard_0.bin", lengthen, "not the file"),
        ("params_shard_0.bin", Path.unlink, "missing"),
        ("tensor-cache.json", Path.unlink, "no such file"),
        ("tensor-cache.json", shorten, "not valid JSON"),
        ("mlc-chat-config.json", Path.unlink, "no such file"),
        ("mlc-chat-config.json", shorten, "not valid JSON"),
    ],
)
def test_damage_is_named_with_what_to_do(
    model: Path, file: str, damage: Callable[[Path], object], message: str
) -> None:
    damage(model / file)
    with pytest.raises(ModelError, match=message) as caught:
        weights.read(model)
    assert str(model / file) in str(caught.value)
    assert "again" in str(caught.value) or "is this the folder" in str(caught.value)
    assert "\n" not in str(caught.value)


def set_record(name: str, value: object) -> Callable[[Any], None]:
    return lambda fields: fields["records"][0]["records"][3].update({name: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fields: fields.pop("records"), "not a tensor cache"),
        (lambda fields: fields.update(records=5), "not a tensor cache"),
        (lambda fields: fields["records"][0].pop("dataPath"), "dataPath"),
        (lambda fields: fields["records"][0].update(dataPath="../x.bin"), "does not lie in the folder"),
        (lambda fields: fields["records"][0].update(format="zip"), "'zip'"),
        (set_record("byteOffset", -4), "-4 is not a count"),
        (set_record("byteOffset", 1 << 40), "does not fit"),
        (set_record("nbytes", 4), "its shape denies"),
        (set_record("shape", [3, "x"]), "'x' is not a count"),
        (set_record("dtype", "int8"), "type int8"),
        (set_record("dtype", 5), "5 is not text"),
        (set_record("format", "rot13"), "'rot13'"),
        (set_record("name", "transformer.extra"), "is missing"),
        (lambda fields: fields["records"][0]["records"].pop(), "is missing"),
        (
            lambda fields: fields["records"][0]["records"].append(
                fields["records"][0]["records"][3] | {"name": "transformer.extra"}
            ),
            "transformer.extra belongs to no tensor",
        ),
    ],
)
def test_a_wrong_manifest_is_refused(model: Path, change: Callable[[Any], object], message: str) -> None:
    edit(model / "tensor-cache.json", change)
    with pytest.raises(ModelError, match=message) as caught:
        weights.read(model)
    assert str(model / "tensor-cache.json") in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantization": "q3f16_0"}, "'q3f16_0' is not one of"),
        ({"quantization": None}, "None is not one of"),
        ({"quantization": ["q0f32"]}, "is not one of"),
        ({"embedding_layout": "round"}, "must be full or compact"),
        ({"quantization": "q0f32"}, "is missing"),
        ({"embedding_layout": "compact"}, "is missing"),
        ({"model_config": {}}, "n_embd is missing"),
    ],
)
def test_a_wrong_configuration_is_refused(model: Path, change: dict[str, Any], message: str) -> None:
    edit(model / "mlc-chat-config.json", lambda fields: fields.update(change))
    with pytest.raises(ModelError, match=message):
        weights.read(model)


def test_a_changed_byte_is_found_by_verify(model: Path) -> None:
    shard = model / "params_shard_0.bin"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    weights.read(model)
    with pytest.raises(ModelError, match=r"params_shard_0\.bin: damaged .*again"):
        weights.verify(model)


def test_an_output_layer_of_its_own_is_refused(model: Path) -> None:
    def add(fields: Any) -> None:
        records = fields["records"][0]["records"]
        codes = next(record for record in records if record["name"] == f"{EMBEDDING}.q_weight")
        records.append(codes | {"name": "lm_head.q_weight", "byteOffset": codes["byteOffset"] + 64})

    edit(model / "tensor-cache.json", add)
    with pytest.raises(ModelError, match="output layer differs"):
        weights.read(model)


@pytest.mark.parametrize("look", [weights.read, weights.verify])
def test_a_checkpoint_is_to_be_imported_first(tmp_path: Path, look: Callable[[Path], object]) -> None:
    checkpoints.save(tmp_path / "hf")
    with pytest.raises(ModelError, match=r"hf: a Hugging Face checkpoint: .* midinfinite-osc pull \S+/hf --to ./model"):
        look(tmp_path / "hf")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        weights.read(tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({f"{MATRIX}.weight": np.zeros((3, 3), np.float32)}, "has the shape"),
        ({f"{MATRIX}.bias": np.full(CONFIG.width, np.nan, np.float32)}, "not finite"),
        ({"transformer.h.0.crossattention.c_attn.weight": np.zeros(3, np.float32)}, "belongs to no GPT-2"),
    ],
)
def test_weights_that_are_not_the_models_leave_no_folder(
    tmp_path: Path, change: dict[str, NDArray[np.float32]], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        weights.write(tmp_path / "model", CONFIG, quantization("q0f32"), FLOATS | change)
    assert not list(tmp_path.iterdir())


def test_sizes_that_make_no_groups_leave_no_folder(tmp_path: Path) -> None:
    config = ModelConfig(1, 24, 4, 64, 96)
    with pytest.raises(ModelError, match=r"transformer\.wte.*q0f32"):
        weights.write(tmp_path / "model", config, quantization("q4f32_1"), checkpoints.weights(config))
    assert not list(tmp_path.iterdir())


def test_an_interrupted_write_leaves_the_old_model_alone(model: Path) -> None:
    def interrupt(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights.write(model, CONFIG, quantization("q0f32"), FLOATS, interrupt)
    weights.verify(model)
    assert str(weights.read(model).quantization.blocks.name) == "q4f32_1"
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def test_an_interrupt_at_the_very_swap_loses_no_model(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if target == model and not self.name.endswith(".old"):
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        weights.write(model, CONFIG, quantization("q0f32"), FLOATS)
    weights.verify(model)
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def test_a_model_is_replaced_and_nothing_else_is(model: Path) -> None:
    weights.write(model, CONFIG, quantization("q0f16"), FLOATS)
    assert weights.read(model).quantization.blocks.name == "q0f16"
    (model / "my-song.mid").write_bytes(b"MThd")
    with pytest.raises(ModelError, match="holds other files"):
        weights.write(model, CONFIG, quantization("q0f32"), FLOATS)
    with pytest.raises(ModelError, match="holds other files"):
        weights.check_place(model)
    assert (model / "my-song.mid").read_bytes() == b"MThd"


def test_a_file_in_the_way_is_kept(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("mine")
    with pytest.raises(ModelError, match="name another folder"):
        weights.write(tmp_path / "model", CONFIG, quantization("q0f32"), FLOATS)
    assert (tmp_path / "model").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ModelError, match="cannot be written"):
            weights.write(tmp_path / "model", CONFIG, quantization("q0f32"), FLOATS)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ModelError, match="cannot be written"):
        weights.write(tmp_path / "file" / "model", CONFIG, quantization("q0f32"), FLOATS)
