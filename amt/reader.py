"""What the model has read: key/value caches kept with their tokens, so that a sequence is read only where it is new.

A cache is a pure function of its tokens (amt.decoder), so taking one over saves time and never changes a result.
Knows tokens, not music.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from amt.decoder import Decoder

Int32s = npt.NDArray[np.int32]


class Reading:
    """One sequence the model is reading: tokens go in, logits of the next come out."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._cache = decoder.new_cache()
        self._tokens: list[int] = []

    @property
    def length(self) -> int:
        """Tokens so far, read or waiting to be."""
        return len(self._tokens)

    def common(self, tokens: Sequence[int]) -> int:
        """How many of `tokens` this has read already, from the first on."""
        read = np.asarray(self._tokens[: self._cache.length], np.int32)
        wanted = np.asarray(tokens[: len(read)], np.int32)
        differing = np.flatnonzero(read[: len(wanted)] != wanted)
        return int(differing[0]) if len(differing) else len(wanted)

    def restart(self, tokens: Sequence[int]) -> None:
        """Read `tokens` from now on, keeping what they share with those before."""
        self._cache.truncate(self.common(tokens))
        self._tokens = list(tokens)

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` tokens."""
        del self._tokens[length:]
        self._cache.truncate(min(self._cache.length, length))

    def append(self, *tokens: int) -> None:
        """More of the sequence; read when logits are next asked for."""
        self._tokens.extend(tokens)

    def logits(self, rows: Int32s) -> npt.NDArray[np.float32]:
        """Logits of the token that follows, for the token ids `rows` [n] alone: float32 [n]."""
        if self._cache.length == len(self._tokens):
            # the hidden state of the last token is not kept across a truncation: read that token again
            self._cache.truncate(len(self._tokens) - 1)
        self._decoder.extend(self._cache, np.asarray(self._tokens[self._cache.length :], np.int32))
        return self._decoder.logits(self._cache, rows)


class Reader:
    """A few readings, handed out by what they have read already.

    Args:
        readings: how many to keep; each holds a key/value cache of one window.
    """

    def __init__(self, decoder: Decoder, readings: int = 3) -> None:
        self._decoder = decoder
        self._limit = readings
        self._kept: list[Reading] = []  # the least recently used first

    def read(self, tokens: Sequence[int]) -> Reading:
        """A reading of `tokens`: the kept one that shares most with them, unless it would lose more than it saves."""
        best = max(self._kept, key=lambda reading: reading.common(tokens), default=None)
        if best is None or 2 * best.common(tokens) < best.length:
            best = Reading(self._decoder) if len(self._kept) < self._limit else self._kept[0]
        if best in self._kept:
            self._kept.remove(best)
        self._kept.append(best)
        best.restart(tokens)
        return best
