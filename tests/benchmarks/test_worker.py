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


def test_of_disturbed_turns_the_quietest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([0.5, 0.2, 0.01, 0.9])
    monkeypatch.setattr(worker.Others, "share", lambda _: next(shares))
    assert worker._quietest(iter("abcd").__next__, seconds=1) == "c"
    shares = iter([0.5, 0.2])
    assert worker._quietest(iter("ab").__next__, seconds=0) == "a", "without time a turn is not repeated"
