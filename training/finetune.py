"""Fine-tunes a finished model on a musician's own music, on a CPU, in minutes.

What keeps the model from forgetting all else: few parameters learn (training/gains.py), at a rate that falls with
the time that is left, and only until music that is held back gets no likelier; the best state measured is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training import config, excerpt, gains, tasks
from training.batches import Batches
from training.corpus import Piece
from training.network import Model
from training.sequence import PADDING
from training.trainer import precision

CONFIGURATION = Path(__file__).parent / "configs" / "finetune.toml"
PATIENCE = 6
"""Measurements without a better one after which more would not help."""
LAST_RATE = 0.1
"""Of the rate, what is left at the end."""


@dataclass(frozen=True)
class Progress:
    """Where it stands: steps done, nats per event of the held-back music now and before, seconds that are left."""

    step: int
    now: float
    before: float
    seconds_left: float


@dataclass(frozen=True)
class Outcome:
    """Nats per event of the held-back music before and in the state kept, which was reached at step `best`; steps and
    seconds in all, and why it ended."""

    before: float
    after: float
    best: int
    steps: int
    seconds: float
    ended: str

    @property
    def is_better(self) -> bool:
        return self.after < self.before


class Finetuner:
    """A model that learns from pieces, held against others; where there are none, against what it learns from.

    Args:
        model: as training.gains makes it; ends in its best state.
        steps, seconds: whichever is over first ends it.
        clock: seconds that go by.
    """

    def __init__(
        self,
        model: Model,
        pieces: Sequence[Piece],
        held_back: Sequence[Piece],
        steps: int | None = None,
        seconds: float = float("inf"),
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        configuration = config.read(CONFIGURATION)
        schedule = replace(configuration.schedule, seed=seed, steps=steps or configuration.schedule.steps)
        self._schedule = schedule
        self._batches = Batches(replace(configuration, schedule=schedule), pieces)
        self._windows = windows(held_back or pieces, schedule.evaluated)
        self._seconds, self._clock, self._began = seconds, clock, clock()
        self._model = model
        self._optimiser = gains.optimiser(model)
        self._learning = [weight for group in self._optimiser.param_groups for weight in group["params"]]
        self._step = 0
        self._measuring = 0.0
        self._best: tuple[float, int, list[Tensor]] = (float("inf"), 0, [])

    def run(self, report: Callable[[Progress], None]) -> Outcome:
        """Learns until time, steps or patience end, or Ctrl-C does; a second Ctrl-C, while the last state is being
        measured, is a KeyboardInterrupt."""
        before = now = self._measured()
        try:
            ended = "the steps are done"
            while self._step < self._schedule.steps:
                report(Progress(self._step, now, before, self._left()))
                if self._seconds - self._spent() <= self._measuring:
                    ended = "the time is over"
                    break
                self._learn()
                if self._step % self._schedule.evaluate_every == 0:
                    now = self._measured()
                    if self._step - self._best[1] >= PATIENCE * self._schedule.evaluate_every:
                        ended = "it gets no better"
                        break
        except KeyboardInterrupt:
            ended = "stopped"
        if self._step % self._schedule.evaluate_every:
            self._measured()
        after, best, state = self._best
        with torch.no_grad():
            for weight, kept in zip(self._learning, state, strict=True):
                weight.copy_(kept)
        return Outcome(before, after, best, self._step, self._spent(), ended)

    def _learn(self) -> None:
        tokens = torch.from_numpy(self._batches.batch(self._step))
        self._model.train()
        with precision("cpu"):
            loss = self._model(_without_padding(tokens)).sum()
        loss.backward()
        nn.utils.clip_grad_norm_(self._learning, self._schedule.clip)
        warm = min(1.0, (self._step + 1) / self._schedule.warmup)
        rate = self._schedule.rate * warm * (1 - (1 - LAST_RATE) * self._done())
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self._step += 1

    def _measured(self) -> float:
        """Nats per event of the windows; the best state is kept."""
        start = self._clock()
        self._model.eval()
        with torch.no_grad():
            sums, counts = zip(
                *(self._model.sums(_without_padding(each)) for each in self._windows.split(1)), strict=True
            )
        nats = float(torch.stack([each.sum() for each in sums]).sum() / torch.stack(counts).sum())
        if nats < self._best[0]:
            self._best = nats, self._step, [weight.detach().clone() for weight in self._learning]
        self._measuring = self._clock() - start
        return nats

    def _done(self) -> float:
        """The share of the run that is over, by steps or by time."""
        return min(1.0, max(self._step / self._schedule.steps, self._spent() / self._seconds))

    def _left(self) -> float:
        """Seconds: until time is over, or the steps are done at the pace so far."""
        spent = self._spent()
        by_steps = spent / self._step * (self._schedule.steps - self._step) if self._step else float("inf")
        return min(self._seconds - spent, by_steps)

    def _spent(self) -> float:
        return self._clock() - self._began


def windows(pieces: Sequence[Piece], count: int) -> Tensor:
    """Windows (at most `count`, 1,024) with the click, evenly over the pieces' bars; one at least."""
    starts = [(piece, start) for piece in pieces for start in _bars(piece)]
    chosen = np.unique(np.linspace(0, len(starts) - 1, count).round().astype(int))
    cut: list[NDArray[np.int32]] = []
    random = np.random.default_rng(0)
    for piece, start in (starts[index] for index in chosen):
        part = excerpt.cut(piece, start)
        if len(excerpt.events(part)) >= excerpt.FEWEST:
            cut.append(tasks.tokens(random, part, "click"))
    return torch.from_numpy(np.stack(cut))


def _without_padding(tokens: Tensor) -> Tensor:
    """Tokens (windows, up to 1,024) cut where the longest ends: short loops cost little."""
    return tokens[:, : int((tokens != PADDING).sum(dim=1).max())]


def _bars(piece: Piece) -> range:
    """Bar lines from which most of a window follows, or the piece's start."""
    last = int(piece.onsets[max(0, len(piece.onsets) - excerpt.NOTES // 2)])
    return range(0, last + 1, piece.bar_ticks)
