from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from amt import embedded
from amt.composer import Composer
from amt.config import ModelError
from amt.decoder import Decoder
from benchmarks.musical import crew
from benchmarks.musical.crew import Job, compose_all
from benchmarks.musical.lines import band_line
from benchmarks.musical.progress import Progress
from benchmarks.musical.sessions import compose

JOBS: list[Job] = [(embedded.PATH, band_line(size, 0.5, 1, bars=2)) for size in (1, 2, 3)]


def test_each_job_is_composed_once_whoever_does_it(
    decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [compose(Composer(decoder), line.plans) for _, line in JOBS]
    first, *_ = JOBS
    assert compose_all([first], tmp_path, 1, Progress(2)) == alone[:1]
    composed = []
    monkeypatch.setattr(crew, "POLL", 0.01)
    monkeypatch.setattr(Progress, "composed", lambda _, bars: composed.append(bars))
    assert compose_all(JOBS, tmp_path, 2, Progress(6)) == alone
    assert composed[-1] == 4, "the first was kept"
    monkeypatch.setattr(crew, "_compose_missing", lambda *_: pytest.fail("all are kept"))
    assert compose_all(JOBS, tmp_path, 2, Progress(6)) == alone
    assert len(list(tmp_path.iterdir())) == 3


def test_ctrl_c_ends_all_processes_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: Progress, bars: int) -> None:
        if bars:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "composed", stop)
    endless = [(embedded.PATH, band_line(size, 0.5, 8, bars=200)) for size in (3, 4)]
    with pytest.raises(KeyboardInterrupt):
        compose_all(endless, tmp_path, 2, Progress(3200))
    assert not multiprocessing.active_children()
    assert not list(tmp_path.iterdir())


def test_what_fails_in_a_process_is_told(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelError, match="is this the folder of a model"):
        compose_all([(tmp_path / "model", JOBS[0][1])], tmp_path / "kept", 1, Progress(2))
