"""`generate` writes what it says, and the same again from the same seed."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from osc_bridge.cli import main
from patterns import midi
from patterns.note import DRUMS


def generate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["generate", *map(str, arguments)])


def test_bars_become_a_midi_file_and_a_picture(tmp_path: Path) -> None:
    output = tmp_path / "music" / "tune.mid"
    result = generate(output, "--bars", "2", "--instruments", "organ bass drums", "--tempo", "97", "--seed", "5")
    assert result.exit_code == 0, result.output
    assert "again with --seed 5" in result.output
    piece = midi.read(output)
    assert len(piece.bars) == 2
    assert all(abs(tempo - 97) < 0.01 for tempo in piece.tempos)
    assert {note.instrument for bar in piece.bars for note in bar.notes} <= {16, 33, DRUMS}
    assert all(note.onset % 120 == 0 for bar in piece.bars for note in bar.notes)
    with Image.open(output.with_suffix(".png")) as picture:
        assert picture.width > 200
    again = tmp_path / "again.mid"
    generate(again, "--bars", "2", "--instruments", "organ bass drums", "--tempo", "97", "--seed", "5")
    assert midi.read(again) == piece
    assert sorted(file.name for file in output.parent.iterdir()) == ["tune.mid", "tune.png"]


def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    result = generate(tmp_path / "x.mid", "--instruments", "pianoo")
    assert result.exit_code == 2
    assert "piano" in result.output
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_said_before_composing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = generate(tmp_path / "file" / "x.mid")
    assert result.exit_code == 2
    assert f"cannot write {tmp_path / 'file' / 'x.mid'}: {tmp_path / 'file'} is no folder" in result.output
    assert "composing" not in result.output


@pytest.mark.parametrize(
    "arguments", [["music.png"], ["music.PNG"], ["--png", "music.mid"], ["--png", "sub/../x", "x"], [""]]
)
def test_one_file_cannot_be_the_music_and_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = generate(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert "OUTPUT is the MIDI file" in result.output
    assert "composing" not in result.output
    assert not list(tmp_path.iterdir())


def test_a_missing_model_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    result = generate(tmp_path / "new" / "x.mid", "--model", "nobody/nothing")
    assert result.exit_code == 2
    assert "midinfinite-osc pull nobody/nothing" in result.output
    assert not list(tmp_path.iterdir()), "nor is a folder made"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full, which Linux has")
def test_a_full_disk_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    result = generate("/dev/full", "--bars", "1", "--png", tmp_path / "x.png")
    assert result.exit_code == 2, result.output
    assert "Error: cannot write /dev/full" in result.output
    assert "No space left" in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full, which Linux has")
def test_what_is_written_is_said_where_the_picture_cannot_be(tmp_path: Path) -> None:
    result = generate(tmp_path / "x.mid", "--bars", "1", "--png", "/dev/full")
    assert result.exit_code == 2, result.output
    assert f"{tmp_path / 'x.mid'} is written, but /dev/full cannot be: No space left" in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["x.mid"]


def test_a_path_that_cannot_be_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for name in ("loop", "a" * 300):
        result = generate(tmp_path / name, "--bars", "1")
        assert result.exit_code == 2, result.output
        assert result.output.count("\n") <= 1 + result.output.count("composing")
        assert "Error: " in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["loop"]


def test_a_picture_that_nobody_wants_goes_to_the_null_device(tmp_path: Path) -> None:
    result = generate(tmp_path / "x.mid", "--bars", "1", "--png", os.devnull)
    assert result.exit_code == 0, result.output
    assert Path(os.devnull).is_char_device()
    assert [file.name for file in tmp_path.iterdir()] == ["x.mid"]
