"""Endless batches of windows, drawn and varied as a configuration says.

Batch i is a function of configuration, corpus and i alone, whatever the number of workers: a run that was interrupted
goes on with the batch it had reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from training import corpus, excerpt, tasks
from training.config import Configuration, ConfigError
from training.sequence import PADDING, WINDOW


class Batches(IterableDataset[torch.Tensor]):
    """Tokens int32 (batch, 1,024) from batch `first` on. Raises ConfigError where a share names no piece."""

    def __init__(self, configuration: Configuration, pieces: Sequence[corpus.Piece], first: int = 0) -> None:
        self._configuration = configuration
        self._pieces = pieces
        self._first = first
        self._sources = sorted({piece.source for piece in pieces})
        missing = sorted(set(configuration.shares) - set(self._sources))
        if missing:
            raise ConfigError(f"shares: no piece of {', '.join(missing)}; the corpus has {', '.join(self._sources)}")
        self._odds = np.stack([corpus.weights(pieces, {source: 1}) for source in self._sources])

    def __iter__(self) -> Iterator[torch.Tensor]:
        worker = get_worker_info()
        step, offset = (worker.num_workers, worker.id) if worker else (1, 0)
        for index in range(self._first + offset, self._configuration.schedule.steps, step):
            yield torch.from_numpy(self.batch(index))

    def batch(self, index: int) -> NDArray[np.int32]:
        """Batch `index` of the run."""
        schedule = self._configuration.schedule
        random = np.random.default_rng((schedule.seed, index))
        shares = self._configuration.shares_at(index / schedule.steps)
        heights = np.cumsum(np.array([shares.get(source, 0) for source in self._sources]) @ self._odds)
        rows: list[NDArray[np.int32]] = []
        while len(rows) < schedule.batch:
            piece = self._pieces[min(int(np.searchsorted(heights, random.random() * heights[-1])), len(self._pieces) - 1)]
            row = self._window(random, piece)
            if row is not None:
                rows.append(row)
        return np.stack(rows)

    def _window(self, random: np.random.Generator, piece: corpus.Piece) -> NDArray[np.int32] | None:
        varied = excerpt.cut(piece, excerpt.somewhere(random, piece))
        for name, vary in excerpt.VARIATIONS.items():
            if random.random() < self._configuration.variations.get(name, 0):
                varied = vary(random, varied)
        if len(varied) < excerpt.FEWEST or len(excerpt.events(varied)) < excerpt.FEWEST:
            return None
        return tasks.tokens(random, varied, tasks.draw(random, self._configuration.tasks))


def loader(batches: Batches, workers: int) -> DataLoader[torch.Tensor]:
    """The batches in order, made by so many processes (0: by this one)."""
    return DataLoader(
        batches,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
    )


def validation(
    pieces: Sequence[corpus.Piece], count: int, seed: int = 5, task: str = "click"
) -> dict[str, NDArray[np.int32]]:
    """Group of sources → windows (count, 1,024) of its pieces as they are, cut as while training."""
    random = np.random.default_rng(seed)
    found: dict[str, NDArray[np.int32]] = {}
    for group in sorted({piece.group for piece in pieces}):
        mine = [piece for piece in pieces if piece.group == group]
        odds = corpus.weights(mine)
        rows: list[NDArray[np.int32]] = []
        while len(rows) < count:
            piece = mine[random.choice(len(mine), p=odds)]
            row = tasks.tokens(random, excerpt.cut(piece, excerpt.somewhere(random, piece)), task)
            if (row != PADDING).sum() > WINDOW // 5:
                rows.append(row)
        found[group] = np.stack(rows)
    return found
