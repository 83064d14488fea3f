"""Key/value caches, many in one pool, so that one pass of the kernels can read into several. Knows shapes, not tokens.

A cache takes memory as it fills, and gives it back when nobody holds it any more.
"""

from __future__ import annotations

import gc
import mmap
import threading
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from amt import runtime
from amt.kernels.layout import Array, Layout

MOST = 64
"""Caches in a pool, where their addresses allow as many."""
_INDEX = 2**31 - 1


class CachesExhausted(RuntimeError):  # noqa: N818 - named after the state
    """All caches of a pool are in use."""


class Cache:
    """Keys and values of the tokens read so far, for one window; made by Decoder.new_cache.

    Two threads must not use one cache at once.

    Attributes:
        place: where it lies in its pool.
        length: tokens read so far.
        hidden: float32 [width], the last token's state, or None where it was forgotten.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.place = pool.take()
        self.length = 0
        self.hidden: npt.NDArray[np.float32] | None = None
        weakref.finalize(self, pool.give_back, self.place)

    def prepare(self) -> None:
        """Takes all its memory now, while it is empty: the system's pages come slowly enough to be heard later."""
        if not self.length:
            self._pool.fill(self.place)

    def truncate(self, length: int) -> None:
        """Forgets all but the first `length` tokens; logits need another extend() then, unless none was forgotten.

        Raises ValueError where the cache does not hold as many.
        """
        if not 0 <= length <= self.length:
            raise ValueError(f"a cache of {self.length} tokens cannot be cut to {length}")
        if length < self.length:
            self.length, self.hidden = length, None


class Pool:
    """Memory of many caches.

    Attributes:
        tensors: Layout.cache's arrays with one more, first axis, as TVM's packed argument.
    """

    def __init__(self, layout: Layout) -> None:
        arrays = layout.cache.values()
        self._size = min(MOST, *(_INDEX // _count(array) for array in arrays))
        self._memory = [(runtime.pages(self._size * array.nbytes), array.nbytes) for array in arrays]
        self.tensors: Any = runtime.runtime().convert(
            [
                runtime.tensor(np.frombuffer(memory, array.dtype).reshape(self._size, *array.shape))
                for array, (memory, _) in zip(arrays, self._memory, strict=True)
            ]
        )
        self._free = list(reversed(range(self._size)))
        self._lock = threading.RLock()

    def take(self) -> int:
        """A free place. Raises CachesExhausted."""
        if not self._free:
            gc.collect()  # caches that are held by nothing but a circle
        with self._lock:
            if not self._free:
                raise CachesExhausted(f"all {self._size} caches are in use")
            return self._free.pop()

    def fill(self, place: int) -> None:
        """Write zeros over a place."""
        for memory, size in self._memory:
            np.frombuffer(memory, np.uint8, size, place * size).fill(0)

    def give_back(self, place: int) -> None:
        """A place that nobody uses any more; its memory goes back to the system."""
        for memory, size in self._memory:
            first = -(-place * size // mmap.PAGESIZE) * mmap.PAGESIZE
            length = (place + 1) * size // mmap.PAGESIZE * mmap.PAGESIZE - first
            if length > 0 and hasattr(mmap, "MADV_DONTNEED"):
                memory.madvise(mmap.MADV_DONTNEED, first, length)
        with self._lock:
            self._free.append(place)


def _count(array: Array) -> int:
    return array.nbytes // np.dtype(array.dtype).itemsize
