"""The compiled model with its key/value cache: tokens in, logits of chosen tokens out. Knows tokens, not music."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amt import processor, runtime
from amt.compiler import Progress, layout_of, objects
from amt.config import ModelConfig
from amt.kernels.layout import CHUNK, Array, Layout, pack
from amt.sampler import Choices, choose
from amt.weights import read

Int32s = npt.NDArray[np.int32]


class Cache:
    """Keys and values of the tokens read so far, for one window; made by Decoder.new_cache.

    Takes memory as it fills. Two threads must not use one cache at once.
    """

    def __init__(self, layout: Layout) -> None:
        self.keys, self.values = _zeros(layout.keys), _zeros(layout.values)
        self.hidden: Any = None
        self.length = 0
        """Tokens read so far."""

    def truncate(self, length: int) -> None:
        """Forgets all but the first `length` tokens; logits need another extend() then, unless none was forgotten.

        Raises ValueError where the cache does not hold as many.
        """
        if not 0 <= length <= self.length:
            raise ValueError(f"a cache of {self.length} tokens cannot be cut to {length}")
        if length < self.length:
            self.length, self.hidden = length, None


class Decoder:
    """A model ready to decode; made by `load`. Threads may share it, each with caches of its own.

    Results are bitwise the same however tokens are split over extend() calls and however many threads compute.
    """

    def __init__(self, layout: Layout, program: runtime.Program, parameters: dict[str, npt.NDArray[Any]]) -> None:
        self.config: ModelConfig = layout.config
        self._layout = layout
        self._program = program
        ffi = runtime.runtime()
        tensors = {name: runtime.tensor(array) for name, array in runtime.arena(parameters).items()}
        self._parameters = ffi.convert(list(tensors.values()))

    def new_cache(self) -> Cache:
        """An empty cache for one window (config.positions tokens)."""
        return Cache(self._layout)

    def extend(self, cache: Cache, tokens: Int32s) -> None:
        """Reads tokens int32[n ≥ 1] after those that the cache holds; the last one's hidden state is kept for logits().

        Raises ValueError where there is no token, one out of the vocabulary, or no room left in the window.
        """
        tokens = self._checked(tokens, "token")
        if not len(tokens):
            raise ValueError("no token to read")
        if cache.length + len(tokens) > self.config.positions:
            raise ValueError(
                f"the window holds {self.config.positions} tokens: {cache.length} are read, "
                f"{len(tokens)} more do not fit"
            )
        for start in range(0, len(tokens), CHUNK):
            part = tokens[start : start + CHUNK]
            arguments = (part, np.array([cache.length], np.int32), cache.keys, cache.values, self._parameters)
            team = self._program.team  # before a prefill too: it starts alone
            if len(part) == 1:
                cache.hidden = team.step(self._program.decode, *arguments)
            else:
                cache.hidden = self._program.prefill(*arguments)
            cache.length += len(part)

    def logits(self, cache: Cache, rows: Int32s) -> npt.NDArray[np.float32]:
        """Logits float32[m] of the tokens rows int32[m], as the one that follows the last token read.

        Raises ValueError where a row is out of the vocabulary, or the last token read was forgotten by truncate().
        """
        if cache.hidden is None:
            raise ValueError("no last token: extend the cache before asking for logits")
        rows = self._checked(rows, "row")
        if not len(rows):
            return np.empty(0, np.float32)
        return np.array(np.from_dlpack(self._program.output(cache.hidden, rows, self._parameters)))

    def read(self, parts: Sequence[tuple[Cache, Int32s]]) -> None:
        """Reads tokens int32[n ≥ 1] into several caches, each named once; as extend() does, but weights are read once
        for all of them. Raises ValueError as extend() does; then no cache has changed."""
        for cache, tokens in parts:
            self.extend(cache, tokens)

    def draw(self, draws: Sequence[tuple[Cache, Choices, float]]) -> list[int]:
        """One choice for each (cache, choices, number in [0, 1)), as the token that follows the cache's last one.

        Gives the index of the chosen run of `choices` (amt.sampler.choose says which). Raises ValueError as logits().
        """
        return [choose(self.logits(cache, choices.rows), choices, number) for cache, choices, number in draws]

    def _checked(self, tokens: Int32s, what: str) -> Int32s:
        tokens = np.require(tokens, np.int32, ["C", "W"])
        if tokens.ndim != 1:
            raise ValueError(f"{what}s have the shape {tokens.shape} instead of one dimension")
        if len(tokens) and not (tokens.min() >= 0 and tokens.max() < self.config.vocabulary):
            raise ValueError(f"a {what} is out of the vocabulary, 0 to {self.config.vocabulary - 1}")
        return tokens


def load(folder: Path, threads: int | None = None, progress: Progress | None = None) -> Decoder:
    """Loads the model in a folder, compiled for this processor; compiles it first where that was not done yet.

    threads: how many decode, by default one for each physical core. progress(what, share 0 … 1) is told of it.
    Raises ModelError for a model that is unusable or cannot be compiled, ValueError for fewer threads than one.
    """
    count = processor.threads(threads)
    weights = read(Path(folder))
    layout = layout_of(weights.config, weights.quantization, weights.compact)
    program = runtime.Program(objects(layout, progress), count)
    return Decoder(layout, program, pack(weights, layout))


def tokens_per_second(decoder: Decoder, context: int = 500, seconds: float = 0.5) -> float:
    """How fast tokens are read one after another behind `context` others; a third of it is notes per second."""
    cache, token = decoder.new_cache(), np.zeros(1, np.int32)
    decoder.extend(cache, np.zeros(context, np.int32))
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        decoder.extend(cache, token)
        cache.truncate(context)
        count += 1
    return count / (time.perf_counter() - start)


def _zeros(array: Array) -> Any:
    return runtime.tensor(runtime.allocate(array.nbytes).view(array.dtype).reshape(array.shape))
