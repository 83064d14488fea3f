"""Models in and out by command: import a checkpoint folder, export one, compile."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from amt import embedded, weights
from osc_bridge.cli import main
from tests.amt import checkpoints
from tests.training import tiny


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_export_writes_a_checkpoint_that_transformers_loads(tmp_path: Path) -> None:
    from transformers import GPT2LMHeadModel

    result = run("export", "--to", "hf", tmp_path / "hf")
    assert result.exit_code == 0, result.output
    loaded = GPT2LMHeadModel.from_pretrained(tmp_path / "hf")
    exported = loaded.transformer.wte.weight.detach().numpy()
    np.testing.assert_array_equal(exported, weights.read(embedded.PATH).matrix("transformer.wte"))


def test_export_to_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hf").touch()
    result = run("export", tmp_path / "hf")
    assert result.exit_code == 2
    assert result.output.count("\n") == 1


def test_pull_imports_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    checkpoints.save(tmp_path / "tiny")
    result = run("pull", tmp_path / "tiny", "--quantization", "q8f32_1")
    assert result.exit_code == 0, result.output
    assert "serve --model tiny" in result.output
    assert weights.read(tmp_path / "data" / "midinfinite-osc" / "models" / "tiny").config.layers >= 1


def test_pull_says_how_to_play_it_so_that_a_shell_takes_it(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "tiny")
    result = run("pull", tmp_path / "tiny", "--to", tmp_path / "my model")
    assert f"serve --model '{tmp_path}/my model'" in result.output


def test_pull_does_not_hide_a_model_behind_that_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    checkpoints.save(tmp_path / "embedded")
    result = run("pull", tmp_path / "embedded")
    assert result.exit_code == 2
    assert "--to" in result.output
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./hff", "./hff: no such folder"),
        ("~/nobody/hff", "~/nobody/hff: no such folder"),
        ("config.json", "config.json: is a file; name its folder"),
        ("./config.json", "is a file"),
        ("", "the name is empty"),
    ],
)
def test_pull_of_a_folder_that_is_none_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").touch()
    result = run("pull", name)
    assert result.exit_code == 2
    assert message in result.output
    assert "hub" not in result.output.partition(";")[0]
    assert result.output.count("\n") == 1


def test_an_unknown_form_lists_the_known(tmp_path: Path) -> None:
    result = run("pull", tmp_path, "--quantization", "q5")
    assert result.exit_code == 2
    assert "q4f32_1" in result.output


def test_a_damaged_model_is_not_compiled(tmp_path: Path) -> None:
    tiny.model(tmp_path / "tiny")
    (shard,) = (tmp_path / "tiny").glob("*.bin")
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    result = run("compile", "--model", tmp_path / "tiny")
    assert result.exit_code == 2
    assert "damaged" in result.output
    assert result.output.count("\n") == 1


def test_compile_says_where_the_library_lies() -> None:
    result = run("compile")
    assert result.exit_code == 0, result.output
    assert Path(result.output.strip().splitlines()[-1]).exists()
