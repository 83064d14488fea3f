"""Endless batches of windows, drawn and varied as a configuration says.

Batch i is a function of configuration, corpus and i alone, whatever the number of workers: a run that was interrupted
goes on with the batch it had reached.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from training import corpus, excerpt, tasks
from training.config import ConfigError, Configuration
from training.sequence import PADDING

FEWEST_TOKENS = 200
"""Of a window that is measured."""


class Batches(IterableDataset[torch.Tensor]):
    """Tokens int32 (batch, 1,024) from batch `first` on. Raises ConfigError where a share names no piece."""

    def __init__(self, configuration: Configuration, pieces: Sequence[corpus.Piece], first: int = 0) -> None:
        self._configuration = configuration
        self._pieces = pieces
        self._first = first
        groups: dict[str, list[str]] = {name: [] for name in configuration.shares}
        sources = sorted({piece.source for piece in pieces})
        for source in sources:
            name = next((name for name in groups if fnmatch(source, name)), None)
            if name is not None:
                groups[name].append(source)
        if missing := sorted(name for name, found in groups.items() if not found):
            raise ConfigError(f"shares: no piece of {', '.join(missing)}; the corpus has {', '.join(sources)}")
        self._odds = [
            (pair, corpus.weights(pieces, dict.fromkeys(groups[name], 1)))
            for name, pair in configuration.shares.items()
        ]

    def __iter__(self) -> Iterator[torch.Tensor]:
        worker = get_worker_info()
        step, offset = (worker.num_workers, worker.id) if worker else (1, 0)
        for index in range(self._first + offset, self._configuration.schedule.steps, step):
            yield torch.from_numpy(self.batch(index))

    def batch(self, index: int) -> NDArray[np.int32]:
        """Batch `index` of the run."""
        schedule = self._configuration.schedule
        random = np.random.default_rng((schedule.seed, index))
        odds = sum(self._configuration.between(index, pair) * odds for pair, odds in self._odds)
        heights = np.cumsum(odds)
        rows: list[NDArray[np.int32]] = []
        while len(rows) < schedule.batch:
            piece = self._pieces[
                min(int(np.searchsorted(heights, random.random() * heights[-1])), len(self._pieces) - 1)
            ]
            row = self._window(random, piece, index)
            if row is not None:
                rows.append(row)
        return np.stack(rows)

    def _window(self, random: np.random.Generator, piece: corpus.Piece, index: int) -> NDArray[np.int32] | None:
        configuration = self._configuration
        varied = excerpt.cut(piece, excerpt.somewhere(random, piece))
        for name, vary in excerpt.VARIATIONS.items():
            if random.random() < configuration.between(index, configuration.variations.get(name, (0, 0))):
                varied = vary(random, varied)
        if len(varied) < excerpt.FEWEST or len(excerpt.events(varied)) < excerpt.FEWEST:
            return None
        return tasks.tokens(random, varied, tasks.draw(random, configuration.tasks))


def loader(batches: Batches, workers: int) -> DataLoader[torch.Tensor]:
    """The batches in order, made by so many processes (0: by this one)."""
    return DataLoader(
        batches,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        # a card's process was spawned, and its own would be too: each would be sent the whole corpus, a hundred seconds
        multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
        pin_memory=torch.cuda.is_available(),
    )


def validation(
    pieces: Sequence[corpus.Piece], count: int, seed: int = 5, task: str = "click", by: str = "group"
) -> dict[str, NDArray[np.int32]]:
    """Group (or source) → windows (count, 1,024) of its pieces as they are, cut as while training."""
    found: dict[str, NDArray[np.int32]] = {}
    for name in sorted({getattr(piece, by) for piece in pieces}):
        random = np.random.default_rng(seed)
        mine = [piece for piece in pieces if getattr(piece, by) == name]
        odds = corpus.weights(mine, {piece.source: corpus.SHARES.get(piece.source, 1) for piece in mine})
        rows: list[NDArray[np.int32]] = []
        while len(rows) < count:
            piece = mine[random.choice(len(mine), p=odds)]
            row = tasks.tokens(random, excerpt.cut(piece, excerpt.somewhere(random, piece)), task)
            if (row != PADDING).sum() > FEWEST_TOKENS:
                rows.append(row)
        found[name] = np.stack(rows)
    return found
