from pathlib import Path

import pytest

from benchmarks import worker


def test_what_other_programs_take_is_a_share_of_all_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "STAT", tmp_path / "stat")
    monkeypatch.setattr(worker.os, "sysconf", lambda _: 100)
    monkeypatch.setattr(worker.time, "process_time", iter([1.0, 1.5]).__next__)
    worker.STAT.write_text("cpu  1000 0 200 5000 0 0 0 0 0 0\ncpu0 0 0 0 0\n")
    others = worker.Others()
    worker.STAT.write_text("cpu  1100 0 200 5100 0 0 0 0 0 0\ncpu0 0 0 0 0\n")
    assert others.share() == pytest.approx(0.25)  # a second of two was used, half of it by this process


def test_a_system_that_does_not_tell_is_called_quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "STAT", tmp_path / "absent")
    assert worker.Others().share() == 0
