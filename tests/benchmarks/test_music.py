import json
from pathlib import Path

import pytest

from benchmarks import music
from benchmarks.musical.progress import Progress


def arguments(folder: Path, *more: str) -> list[str]:
    return ["--quick", "--results", str(folder / "results"), "--kept", str(folder / "kept"), "--threads", "1", *more]


def test_quick_report_has_a_page_and_all_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert music.main(arguments(tmp_path)) == 0
    found = json.loads((tmp_path / "results" / "music.json").read_text())
    assert found["tables"][0]["title"] == "Lines"
    met = {each["measure"]: each["met"] for each in found["goals"]}
    assert met["Lines: onsets on the grid"]
    assert met["Lines: notes not allowed"]
    assert met["Steering: in force from the first unplayed bar"]
    assert met["The same seed: identical notes"]
    assert music.NO_CORPUS in found["notes"]
    page = (tmp_path / "results" / "music.html").read_text()
    assert page.startswith("<!doctype html>")
    assert 'src="data:image/png' in page
    assert str(tmp_path / "results" / "music.html") in capsys.readouterr().out


def test_a_stopped_run_leaves_no_report_and_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "composed", stop)
    assert music.main(arguments(tmp_path)) == 130
    assert "goes on where it was" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


WRONG = (
    ["--bars", "4"],
    ["--sessions", "0"],
    ["--threads", "0"],
    ["--corpus", "absent.npz"],
    ["--peer", "any"],
    ["--model", "nowhere"],
)


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_options_are_refused(wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        music.main(arguments(tmp_path, *wrong))
    assert stopped.value.code == 2
