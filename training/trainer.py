"""The training loop: one device, interrupted and gone on with at any step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from amt.weights import read
from training import checkpoint, rounding
from training.cards import ALONE, Cards
from training.config import ConfigError, Configuration, Network, Schedule
from training.muon import Muon
from training.network import Model

SLOTS = ("time", "duration", "note")


@dataclass(frozen=True)
class Report:
    """What one evaluation found: nats per event of each group, and by slot; of training, since the last report."""

    step: int
    seconds: float
    training: float
    groups: Mapping[str, NDArray[np.float64]]

    def __str__(self) -> str:
        groups = ", ".join(f"{name} {nats.sum():.3f}" for name, nats in self.groups.items())
        return f"step {self.step:,}, {self.seconds:.0f} s: training {self.training:.3f}; {groups}"


class Trainer:
    """A model under training by a schedule; the model's state is what it stands at after `step` steps.

    Args:
        cards: this process among those that train the same model; each is given all batches.
    """

    def __init__(
        self,
        configuration: Configuration,
        device: str = "cpu",
        model: Model | None = None,
        cards: Cards = ALONE,
    ) -> None:
        torch.manual_seed(configuration.schedule.seed)
        self.configuration = configuration
        self.device = device
        self.cards = cards
        self.step = 0
        self.model = (model or Model(configuration.network)).to(device)
        self._optimisers = _optimisers(self.model, configuration.schedule)
        # compiled for CUDA, where a run is long; on a CPU compiling takes longer than a smoke test
        self._forward = torch.compile(self.model) if device == "cuda" else self.model
        self._rounding = torch.compile(rounding.nearest) if device == "cuda" else rounding.nearest

    def resume(self, path: Path) -> None:
        """Goes on from a state written by `save`. Raises ConfigError for one of other sizes."""
        state = self._load(path)
        for optimiser, saved in zip(self._optimisers, state.optimisers, strict=True):
            optimiser.load_state_dict(saved)
        self.step = state.step

    def start(self, path: Path) -> None:
        """Begins with the weights of another run's state, or of a model folder. Raises ConfigError for one of other
        sizes, and amt.config.ModelError for a folder that holds no model."""
        if path.is_dir():
            checkpoint.copy_weights(read(path), self.model)
        else:
            self._load(path)

    def _load(self, path: Path) -> checkpoint.State:
        state = checkpoint.load(path, self.device)
        if _sizes(state.network) != _sizes(self.configuration.network):
            raise ConfigError(f"{path}: is of another size: {state.network}")
        self.model.load_state_dict(state.model)
        return state

    def save(self, path: Path) -> None:
        optimisers = [optimiser.state_dict() for optimiser in self._optimisers]
        checkpoint.save(
            path, checkpoint.State(self.step, self.configuration.network, self.model.state_dict(), optimisers)
        )

    def run(
        self,
        batches: Iterator[Tensor],
        validation: Mapping[str, NDArray[np.int32]],
        report: Callable[[Report], None],
        tick: Callable[[int, float], bool] = lambda _step, _loss: False,
    ) -> None:
        """Trains until the schedule's end, or until `tick(step, loss)`, asked now and then, says to stop.

        Of several cards the first measures and reports, and its `tick` counts.
        """
        schedule = self.configuration.schedule
        started, losses, latest = time.monotonic(), [], math.nan
        self.model.train()
        torch.manual_seed(schedule.seed + self.cards.rank + self.step)  # no two cards drop the same activations
        self.cards.align(self.model.parameters())
        for tokens in batches:
            losses.append(self._learn(self.cards.rows(tokens).to(self.device, non_blocking=True)))
            latest = losses[-1]
            self.step += 1
            if self.step % schedule.evaluate_every == 0 or self.step == schedule.steps:
                trained = float(torch.stack(losses).mean())
                losses.clear()
                if self.cards.is_first:
                    seconds = time.monotonic() - started
                    report(Report(self.step, seconds, trained, self.evaluate(validation)))
            if self.step % TICK == 0:
                self.cards.align(self.model.parameters())
                if self.cards.agree(tick(self.step, float(latest)), self.device):
                    return

    def evaluate(self, validation: Mapping[str, NDArray[np.int32]], batch: int = 32) -> dict[str, NDArray[np.float64]]:
        """Nats per event of each group's windows, by slot [3]."""
        self.model.eval()
        found = {}
        with torch.no_grad(), self._as_stored():
            for name, windows in validation.items():
                parts = [
                    self._sums(torch.tensor(part, device=self.device))
                    for part in np.array_split(windows, -(-len(windows) // batch))
                ]
                sums = torch.cat([part[0] for part in parts], dim=1).sum(dim=1).double()
                found[name] = (sums / torch.cat([part[1] for part in parts]).sum()).cpu().numpy()
        self.model.train()
        return found

    def _sums(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        # on a CPU exactly: what is measured there is compared with what is stored
        with precision(self.device) if self.device != "cpu" else nullcontext():
            return self.model.sums(tokens)

    def _learn(self, tokens: Tensor) -> Tensor:
        schedule = self.configuration.schedule
        rate = rate_at(self.step, schedule)
        with self._as_stored():
            with precision(self.device):
                loss = self._forward(tokens).sum()
            loss.backward()
        self.cards.average(self.model.parameters())
        nn.utils.clip_grad_norm_(self.model.parameters(), schedule.clip)
        for optimiser in self._optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate * group["scale"]
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        return loss.detach()

    def _as_stored(self) -> AbstractContextManager[None]:
        """Where the configuration says so, the blocks' matrices as they will be stored."""
        if not self.configuration.network.rounded:
            return nullcontext()
        return rounding.rounded(_matrices(self.model), self._rounding)


TICK = 20
"""Steps between the questions whether to stop."""


def rate_at(step: int, schedule: Schedule) -> float:
    """The learning rate of a step: up, along, down to nothing."""
    left = (schedule.steps - step) / max(1.0, schedule.steps * schedule.decay)
    return schedule.rate * min(1.0, (step + 1) / max(1, schedule.warmup), left)


def precision(device: str) -> torch.autocast:
    """Products in bfloat16, where the device multiplies these faster."""
    kind = device.split(":")[0]
    enabled = kind == "cuda" or (kind == "cpu" and torch.cpu._is_avx512_bf16_supported())
    return torch.autocast(kind, torch.bfloat16, enabled=enabled)


def _sizes(network: Network) -> tuple[int, int, int]:
    return network.layers, network.width, network.heads


def _matrices(model: Model) -> list[nn.Parameter]:
    return [weight for weight in model.blocks.parameters() if weight.ndim == 2]


def _optimisers(model: Model, schedule: Schedule) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for tables, norms and biases; only matrices decay.

    Muon's updates are scaled to AdamW's size, so one rate serves both.
    """
    matrices = _matrices(model)
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in model.parameters() if id(weight) not in chosen and weight.requires_grad]
    muon = Muon([{"params": matrices, "scale": 1.0}], lr=schedule.rate, weight_decay=schedule.weight_decay)
    adam = torch.optim.AdamW(
        [{"params": others, "scale": 1.0}], lr=schedule.rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True
    )
    return [muon, adam]
