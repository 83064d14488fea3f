from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from amt import weights
from tests.training import tiny
from tests.training.pieces import band, eighths
from training import finetune
from training.finetune import Finetuner, Outcome, Progress, windows
from training.gains import parameters, trainable
from training.network import Model
from training.sequence import PADDING

MUSIC = [eighths("midi", 40), band("midi", bars=3, seed=1)]
HELD = [band("midi", bars=3, seed=2)]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for one another on a busy machine take many times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def model(folder: Path) -> Model:
    return trainable(weights.read(folder))


class Clock:
    """A minute goes by with each look at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 60
        return self.now


def nats(model: Model) -> float:
    with torch.no_grad():
        sums, counts = model.sums(windows(HELD, 8))
        return float(sums.sum() / counts.sum())


def run(model: Model, **options: object) -> tuple[Outcome, list[Progress]]:
    seen: list[Progress] = []
    return Finetuner(model, MUSIC, HELD, **options).run(seen.append), seen  # type: ignore[arg-type]


def test_music_held_back_gets_likelier_and_the_best_state_is_kept(model: Model) -> None:
    before = nats(model)
    outcome, seen = run(model, steps=25)
    assert outcome.before == pytest.approx(before)
    assert outcome.after < before - 0.05
    assert outcome.is_better
    assert nats(model) == pytest.approx(outcome.after)
    assert (outcome.steps, outcome.best, outcome.ended) == (25, 25, "the steps are done")
    assert [progress.step for progress in seen] == list(range(25))
    assert seen[-1].now < seen[0].now == seen[0].before


def test_the_same_seed_gives_the_same_model(folder: Path) -> None:
    states = []
    for seed in (1, 1, 2):
        model = trainable(weights.read(folder))
        run(model, steps=3, seed=seed)
        states.append(torch.cat([weight.detach().flatten() for part in parameters(model) for weight in part]))
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_the_time_ends_it_and_what_is_left_is_told(model: Model) -> None:
    outcome, seen = run(model, seconds=3_600, clock=Clock())
    assert outcome.ended == "the time is over"
    assert 3 < outcome.steps < 60
    assert outcome.seconds <= 3_600 + 240, "measuring fits into the time"
    left = [progress.seconds_left for progress in seen]
    assert left == sorted(left, reverse=True)
    assert 0 < left[-2] < left[0] < 3_600


def test_the_estimate_follows_the_pace_where_steps_are_few(model: Model) -> None:
    _, seen = run(model, steps=4, seconds=1e9, clock=Clock())
    assert seen[0].seconds_left > 9e8, "no step has been made yet"
    for progress in seen[1:]:
        assert progress.seconds_left < 4 * 60 * 8


def test_it_ends_when_it_gets_no_better(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([5.0, 4.0, 4.5, 4.2, 4.1, 4.3, 4.4, 4.6, 3.0])
    measure = Finetuner._measured

    def measured(self: Finetuner) -> float:
        value = next(found)
        measure(self)
        if value < self._wished:
            self._wished, self._kept = value, self._step
        self._best = (self._wished, self._kept, self._best[2])
        return value

    monkeypatch.setattr(Finetuner, "_wished", float("inf"), raising=False)
    monkeypatch.setattr(Finetuner, "_measured", measured)
    monkeypatch.setattr(Finetuner, "_learn", lambda tuner: setattr(tuner, "_step", tuner._step + 1))
    outcome, _ = run(model)
    assert (outcome.before, outcome.after, outcome.ended) == (5.0, 4.0, "it gets no better")
    assert (outcome.best, outcome.steps) == (10, 10 * (1 + finetune.PATIENCE))


def test_ctrl_c_keeps_the_best(model: Model) -> None:
    def report(progress: Progress) -> None:
        if progress.step == 15:
            raise KeyboardInterrupt

    outcome = Finetuner(model, MUSIC, HELD).run(report)
    assert (outcome.ended, outcome.steps, outcome.best) == ("stopped", 15, 15)
    assert outcome.after < outcome.before
    assert nats(model) == pytest.approx(outcome.after)


def test_without_held_back_music_it_is_measured_with_its_own(model: Model) -> None:
    outcome = Finetuner(model, MUSIC, [], steps=15).run(lambda _: None)
    assert outcome.after < outcome.before


def test_windows_lie_over_all_pieces_and_repeat() -> None:
    made = windows([eighths(notes=20), band(bars=60)], 6)
    assert made.shape == (6, 1_024)
    assert torch.equal(made, windows([eighths(notes=20), band(bars=60)], 6))
    assert (made[0] != PADDING).sum() < 300 < (made[-1] != PADDING).sum()
    assert windows([eighths(notes=8)], 6).shape == (1, 1_024)
