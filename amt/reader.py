"""What the model has read: key/value caches kept with their tokens, so that a sequence is read only where it is new.

A cache is a pure function of its tokens (amt.decoder), so taking one over saves time and never changes a result.
Knows tokens, not music.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from amt.decoder import Cache, Decoder
from amt.vocabulary import WINDOW

Int32s = npt.NDArray[np.int32]

_REMEMBERED = 64
"""Readings handed out, over which is looked back to know how many are in use at once."""


class Reading:
    """A sequence that the model is reading: tokens are put down at once, and read when there is time.

    One token at least is always waiting after a change, since what the model expects next is known only where the last
    token has just been read.

    Attributes:
        cache: of the tokens read.
        length: tokens so far, read or waiting to be.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.cache: Cache = decoder.new_cache()
        self.cache.prepare()
        self.length = 0
        self._tokens = np.empty(WINDOW, np.int32)

    @property
    def waiting(self) -> int:
        """Tokens still to be read."""
        return self.length - self.cache.length

    def next(self, count: int) -> Int32s:
        """The next `count` tokens to read, or as many as there are."""
        start = self.cache.length
        return self._tokens[start : min(start + count, self.length)]

    def common(self, tokens: Int32s) -> int:
        """How many of `tokens` [n] this has read already, from the first on."""
        shared = min(self.cache.length, len(tokens))
        differs = self._tokens[:shared] != tokens[:shared]
        first = int(differs.argmax()) if shared else 0
        return first if shared and differs[first] else shared

    def restart(self, tokens: Int32s) -> None:
        """Read `tokens` [n ≥ 1] from now on, keeping what they share with those before."""
        common = self.common(tokens)
        self._tokens[common : len(tokens)] = tokens[common:]
        self.length = len(tokens)
        self.cache.truncate(min(common, self.length - 1))

    def append(self, *tokens: int) -> None:
        """More of the sequence.

        Raises:
            ValueError: the window is full.
        """
        end = self.length + len(tokens)
        if end > WINDOW:
            raise ValueError(f"a window holds {WINDOW} tokens, not {end}")
        self._tokens[self.length : end] = tokens
        self.length = end

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` ≥ 1 tokens."""
        self.length = length
        self.cache.truncate(min(self.cache.length, length - 1))


class Reader:
    """Hands out readings by what they have read already, and takes them back.

    No more are kept than were in use at once of late, and one: what holds the music back is a sequence that has to be
    read again, and that happens when it is steered.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._kept = [Reading(decoder) for _ in range(3)]  # the least recently used first
        self._lent: weakref.WeakSet[Reading] = weakref.WeakSet()
        self._in_use = deque([2], maxlen=_REMEMBERED)  # a window and the next one are what any music needs

    def __len__(self) -> int:
        """Readings there are, those handed out included."""
        return len(self._kept) + len(self._lent)

    def read(self, tokens: Int32s) -> Reading:
        """A reading of `tokens`: the kept one that shares most with them, unless it would lose more than it saves.

        Whoever gets it alone uses it, and gives it back or lets go of it.
        """
        self._in_use.append(len(self._lent) + 1)
        limit = max(self._in_use) + 1
        del self._kept[: max(0, len(self) - limit)]
        shared = [reading.common(tokens) for reading in self._kept]
        best = max(range(len(shared)), key=shared.__getitem__, default=None)
        if best is not None and 2 * shared[best] >= self._kept[best].cache.length:
            reading = self._kept.pop(best)
        elif len(self) < limit or not self._kept:
            reading = Reading(self._decoder)
        else:
            reading = self._kept.pop(0)
        self._lent.add(reading)
        reading.restart(tokens)
        return reading

    def give_back(self, readings: Sequence[Reading]) -> None:
        """Keep readings for others, the last one as the most recently used."""
        for reading in readings:
            self._lent.discard(reading)
            self._kept.append(reading)
