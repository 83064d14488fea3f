"""Two processes as two cards are: on a CPU, where `gloo` stands for what GPUs speak."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.test_trainer import PIECES, configuration
from training import checkpoint
from training.batches import Batches, validation
from training.cards import ALONE, Cards, launch
from training.config import Configuration
from training.trainer import TICK, Trainer


def pairs(steps: int = 8) -> Configuration:
    """Two windows a batch: one for each card."""
    found = configuration(steps)
    return replace(found, schedule=replace(found.schedule, batch=2))


def train(folder: Path, cards: Cards) -> int:
    torch.set_num_threads(1)
    trainer = Trainer(pairs(), cards=cards)
    trainer.run(iter(Batches(trainer.configuration, PIECES)), validation(PIECES, 1), lambda _: None)
    trainer.save(folder / f"{cards.rank}_of_{cards.count}.pt")
    return trainer.step


def interrupted(folder: Path, cards: Cards) -> int:
    def tick(step: int, _: float) -> bool:
        if cards.is_first and step == 2 * TICK:
            os.kill(os.getpid(), signal.SIGINT)
        return not cards.is_first  # nobody asks the second

    torch.set_num_threads(1)
    trainer = Trainer(pairs(10_000), cards=cards)
    trainer.run(iter(Batches(trainer.configuration, PIECES)), validation(PIECES, 1), lambda _: None, tick)
    (folder / str(cards.rank)).write_text(str(trainer.step))
    return 3


def test_two_cards_learn_what_one_learns(tmp_path: Path) -> None:
    assert launch(train, tmp_path, 2, "cpu") == 8
    assert train(tmp_path, ALONE) == 8
    first, second, alone = (checkpoint.load(tmp_path / f"{name}.pt") for name in ("0_of_2", "1_of_2", "0_of_1"))
    for name, weight in first.model.items():
        torch.testing.assert_close(second.model[name], weight, rtol=0, atol=0)
    windows = validation(PIECES, 1)
    losses = []
    for state in (first, alone):
        trainer = Trainer(pairs())
        before = trainer.evaluate(windows)
        trainer.model.load_state_dict(state.model)
        losses.append({name: nats.sum() - before[name].sum() for name, nats in trainer.evaluate(windows).items()})
    for name, gain in losses[1].items():
        assert gain < -3
        assert losses[0][name] == pytest.approx(gain, rel=0.1)


def test_ctrl_c_stops_all_at_the_same_step(tmp_path: Path) -> None:
    assert launch(interrupted, tmp_path, 2, "cpu") == 3
    assert [(tmp_path / name).read_text() for name in "01"] == [str(2 * TICK)] * 2


def test_more_cards_than_there_are_is_said() -> None:
    with pytest.raises(ValueError, match="--cards 99: this computer has"):
        launch(train, None, 99, "cuda")
    with pytest.raises(ValueError, match="--cards 0: one at least"):
        launch(train, None, 0, "cpu")
