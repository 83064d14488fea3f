from pathlib import Path

import pytest

from training import corpus
from training.arranger.__main__ import main


def test_pieces_do_not_depend_on_the_number_of_processes(corpus: Path, tmp_path: Path) -> None:
    for processes in ("1", "2"):
        main(
            [str(corpus), str(tmp_path / f"{processes}.npz"), "--pieces", "6", "--seed", "2", "--processes", processes]
        )
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()


def test_styles_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["-", str(tmp_path / "rules.npz"), "--pieces", "3", "--processes", "1"])
    assert len(corpus.read(tmp_path / "rules.npz")) == 3
    assert "3 pieces" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("train", "out", "more", "complaint"),
    [
        ("missing.npz", "out.npz", [], "TRAIN.npz must be a corpus"),
        ("-", "nowhere/out.npz", [], "is no folder"),
        ("-", "out.npz", ["--pieces", "0"], "must be 1 at least"),
    ],
)
def test_wrong_arguments_say_what_to_do(
    train: str, out: str, more: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([train if train == "-" else str(tmp_path / train), str(tmp_path / out), *more])
    assert complaint in capsys.readouterr().err
