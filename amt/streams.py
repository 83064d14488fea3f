"""Streams of tokens decoded in lockstep, as several sessions are, without music: what is timed beside other engines."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amt.decoder import Cache, Decoder
from amt.sampler import Choices
from amt.vocabulary import AUTOREGRESS, DURATION, INSTRUMENTS, NOTE, PITCHES, TIME

Int32s = npt.NDArray[np.int32]

STEPS = 24
"""Tokens of one run: eight notes; behind 1,000 others they fill the window."""
GRID: tuple[Int32s, ...] = (
    TIME + 5 * np.arange(101, dtype=np.int32),
    np.arange(DURATION + 1, NOTE, dtype=np.int32),
    np.concatenate([NOTE + PITCHES * i + np.arange(PITCHES, dtype=np.int32) for i in (0, 33, 48, INSTRUMENTS - 1)]),
)
"""Tokens that the slots time, duration and note allow: every onset of a bar of 4/4 in a grid, every duration, the
pitches of piano, bass, strings and drums."""


@dataclass(frozen=True)
class Together:
    """Seconds that a step takes: one token in each of several streams, and in one stream alone.

    Attributes:
        streams: how many.
        behind: tokens that each stream begins behind.
    """

    streams: int
    behind: int
    seconds: float
    alone: float

    @property
    def notes(self) -> float:
        """Notes a second of all streams."""
        return self.streams / self.seconds / 3

    @property
    def notes_alone(self) -> float:
        return 1 / self.alone / 3

    @property
    def ratio(self) -> float:
        """How many times as many notes as one stream makes."""
        return self.notes / self.notes_alone


def run(decoder: Decoder, caches: Sequence[Cache], rows: Sequence[Int32s], behind: int, steps: int = STEPS) -> float:
    """Seconds a step over `steps` steps: each cache, cut to `behind` tokens first, reads a token and draws the next.

    rows: tokens int32[n ≥ 1] that each slot allows, slots in turn.
    """
    choices = [Choices(allowed) for allowed in rows]
    random = np.random.default_rng(0)
    for cache in caches:
        cache.truncate(behind)
    tokens = [AUTOREGRESS] * len(caches)
    start = time.perf_counter()
    for step in range(steps):
        slot = choices[step % len(choices)]
        parts = [(cache, np.array([token], np.int32)) for cache, token in zip(caches, tokens, strict=True)]
        drawn = decoder.step(parts, [(cache, slot, random.random()) for cache in caches])
        tokens = [int(slot.rows[place]) for place in drawn]
    return (time.perf_counter() - start) / steps


def passage(count: int, rows: Sequence[Int32s] = GRID) -> Int32s:
    """So many random tokens, slots in turn; always the same ones."""
    random = np.random.default_rng(1)
    return np.array([random.choice(rows[place % len(rows)]) for place in range(count)], np.int32)


def together(decoder: Decoder, streams: int, behind: int = 500, seconds: float = 2.0) -> Together:
    """Times so many streams against one, by turns, for about `seconds`. Raises ValueError where they do not fit."""
    if streams < 1 or not 0 <= behind <= decoder.config.positions - STEPS:
        raise ValueError(f"{streams} streams behind {behind} tokens do not fit {decoder.config.positions} positions")
    caches = [decoder.new_cache() for _ in range(streams)]
    if behind:
        decoder.read([(cache, passage(behind)) for cache in caches])
    run(decoder, caches, GRID, behind)  # threads start, memory is taken
    every: list[float] = []
    single: list[float] = []
    end = time.perf_counter() + seconds
    while not every or time.perf_counter() < end:
        every.append(run(decoder, caches, GRID, behind))
        single.append(run(decoder, caches[:1], GRID, behind))
    return Together(streams, behind, statistics.median(every), statistics.median(single))
