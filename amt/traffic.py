"""Bytes: what a token has to read from memory, and how fast this computer reads. Knows no music."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amt.compiler import layout_of
from amt.weights import read

STREAMED = 256 << 20
"""Bytes read to see how fast memory is: several times what a processor's cache holds."""


@dataclass(frozen=True)
class Traffic:
    """Bytes that one token of a model reads.

    Attributes:
        blocks: weights of all blocks.
        row: one output row, for one token's logit.
        position: keys and values of one token before it.
    """

    blocks: int
    row: int
    position: int

    def token(self, rows: float, behind: float) -> float:
        """Bytes for a token that stands behind so many others and is followed by a draw from so many rows."""
        return self.blocks + rows * self.row + behind * self.position


def traffic(folder: Path) -> Traffic:
    """Of the model in a folder, as it lies in memory on this processor. Raises ModelError for an unusable one."""
    stored = read(folder)
    layout = layout_of(stored.config, stored.quantization, stored.compact)
    # a token embeds one row of the table and of the positions, which is nothing beside the blocks
    elsewhere = {*layout.table, "position"}
    return Traffic(
        blocks=sum(array.nbytes for name, array in layout.parameters.items() if name not in elsewhere),
        row=sum(array.nbytes // array.shape[0] for name, array in layout.table.items() if name.startswith("table")),
        position=layout.bytes_per_position,
    )


class Bandwidth:
    """How fast so many threads read an array that no cache holds."""

    def __init__(self, threads: int) -> None:
        # not BLAS: its products would start threads of their own
        self._parts = np.ones((threads, STREAMED // 8 // threads), np.uint64)
        self._pool = ThreadPoolExecutor(threads)

    def measure(self, passes: int = 4) -> float:
        """Bytes per second, the best pass."""
        best = float("inf")
        for _ in range(passes):
            start = time.perf_counter()
            list(self._pool.map(np.bitwise_or.reduce, self._parts))
            best = min(best, time.perf_counter() - start)
        return self._parts.nbytes / best
