"""Pieces that tests of the training make up."""

from __future__ import annotations

import numpy as np

from patterns.meter import Meter
from training.corpus import Piece


def eighths(source: str = "gmd", notes: int = 400, meter: Meter | None = None) -> Piece:
    """Eighth notes on one pitch of the piano at 120 beats a minute: a note each 25 steps."""
    ones = np.ones(notes, np.int64)
    return Piece(source, np.arange(notes) * 240, 120 * ones, 0 * ones, 60 * ones, 120.0, meter or Meter())


def band(source: str = "freedoom", bars: int = 24, seed: int = 0) -> Piece:
    """Piano, bass, strings and drums, a note each sixteenth of one of them, a little off the grid."""
    random = np.random.default_rng(seed)
    count = bars * 16
    programs = random.choice([0, 33, 48, 128], count)
    onsets = np.sort(np.maximum(np.arange(count) * 120 + random.integers(-9, 10, count), 0))
    return Piece(
        source, onsets, random.integers(20, 480, count), programs, random.integers(30, 80, count), 120.0, Meter()
    )
