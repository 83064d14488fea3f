"""The compiled model with its key/value cache: tokens in, logits of chosen tokens out. Knows tokens, not music."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amt import processor, runtime
from amt.cache import Cache, Pool
from amt.compiler import Progress, layout_of, objects
from amt.config import ModelConfig
from amt.kernels.layout import CHUNK, FEW, TILE, Layout, pack
from amt.sampler import Choices
from amt.weights import read

__all__ = ["Cache", "Decoder", "load"]

Floats = npt.NDArray[np.float32]
Int32s = npt.NDArray[np.int32]


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
        self._pool = Pool(layout)
        self._each = np.arange(layout.config.vocabulary, dtype=np.int32)
        self._nothing = np.zeros(layout.config.vocabulary + layout.lanes, np.float32)

    @property
    def bytes_per_position(self) -> int:
        """What a token has to read for each token before it."""
        return self._layout.bytes_per_position

    def new_cache(self) -> Cache:
        """An empty cache for one window (config.positions tokens). Raises CachesExhausted."""
        return Cache(self._pool)

    def extend(self, cache: Cache, tokens: Int32s) -> None:
        """Reads tokens int32[n ≥ 1] after those that the cache holds; the last one's hidden state is kept for logits().

        Raises ValueError where there is no token, one out of the vocabulary, or no room left in the window.
        """
        self.read([(cache, tokens)])

    def read(self, parts: Sequence[tuple[Cache, Int32s]]) -> None:
        """Reads tokens int32[n ≥ 1] into several caches, each named once; as extend() does, but weights are read once
        for all of them. Raises ValueError as extend() does; then no cache has changed."""
        self.step(parts, [])

    def step(self, parts: Sequence[tuple[Cache, Int32s]], draws: Sequence[tuple[Cache, Choices, float]]) -> list[int]:
        """read(parts), then draw(draws): in one call of the compiled model where they are few and of what is read.

        Raises ValueError as those two do; then no cache has changed.
        """
        checked = [(cache, self._fitting(cache, tokens)) for cache, tokens in parts]
        ends = dict(zip((cache for cache, _ in checked), accumulate(len(tokens) for _, tokens in checked), strict=True))
        if len(ends) < len(checked):
            raise ValueError("a cache is named twice in one read")
        for cache, _, _ in draws:
            if cache not in ends and cache.hidden is None:
                raise ValueError("no last token: extend the cache before asking for logits")
        choices = [self._choices(draws[start : start + CHUNK]) for start in range(0, len(draws), CHUNK)]
        count = sum(len(tokens) for _, tokens in checked)
        together = len(choices) == 1 and count <= CHUNK and all(cache in ends for cache, _, _ in draws)
        chosen: list[int] = []
        if checked:
            rows = self._rows(checked)
            lasts = np.array([ends[cache] - 1 for cache, _, _ in draws], np.int32) if together else None
            hidden = []
            for start in range(0, count, CHUNK):
                part = [each[start : start + CHUNK] for each in rows]
                states, drawn = self._pass(*part, *((lasts, *choices[0]) if lasts is not None else ()))
                hidden.append(states)
                chosen += drawn
            for cache, tokens in checked:
                cache.length += len(tokens)
                cache.hidden = hidden[(ends[cache] - 1) // CHUNK][(ends[cache] - 1) % CHUNK]
        return chosen if together else self._drawn(draws, choices)

    def _rows(self, parts: Sequence[tuple[Cache, Int32s]]) -> tuple[Int32s, Int32s, Int32s]:
        """Tokens, places of caches and positions, a row for each token."""
        if len(parts) == 1:
            ((cache, tokens),) = parts
            return tokens, np.full(len(tokens), cache.place, np.int32), self._each[cache.length :][: len(tokens)]
        sizes = [len(tokens) for _, tokens in parts]
        return (
            np.concatenate([tokens for _, tokens in parts]),
            np.repeat(np.array([cache.place for cache, _ in parts], np.int32), sizes),
            np.concatenate([self._each[cache.length :][:size] for (cache, _), size in zip(parts, sizes, strict=True)]),
        )

    def _pass(
        self, tokens: Int32s, caches: Int32s, positions: Int32s, *choices: npt.NDArray[Any]
    ) -> tuple[Floats, list[int]]:
        """One pass over the weights: hidden states float32 [n, width], and what was drawn if there are choices."""
        count, program = len(tokens), self._program
        name = "one" if count == 1 else "few" if count <= FEW else "many"
        team = program.team  # before the function is looked up: it starts the thread's own pool alone
        function = getattr(program, f"{name}_draw" if choices else name)
        size = -(-count // TILE) + FEW if count > FEW else min(count, 2)
        arguments = (tokens, caches, positions, self._pool.tensors, *choices, self._parameters)
        result = team.step(size, function, *arguments)
        if not choices:
            return _array(result), []
        return _array(result[0]), np.from_dlpack(result[1]).tolist()

    def logits(self, cache: Cache, rows: Int32s) -> Floats:
        """Logits float32[m] of the tokens rows int32[m], as the one that follows the last token read.

        Raises ValueError where a row is out of the vocabulary, or the last token read was forgotten by truncate().
        """
        rows = self._checked(rows, "row")
        hidden = self._hidden([cache])
        if not len(rows):
            return np.empty(0, np.float32)
        return np.array(np.from_dlpack(self._program.output(hidden, rows, self._parameters)))

    def draw(self, draws: Sequence[tuple[Cache, Choices, float]]) -> list[int]:
        """One choice for each (cache, choices, number in [0, 1)), as the token that follows the cache's last one.

        Gives the index of the chosen run of `choices` (amt.sampler.choose says which). Raises ValueError as logits().
        """
        return self.step([], draws)

    def _drawn(
        self, draws: Sequence[tuple[Cache, Choices, float]], choices: Sequence[tuple[npt.NDArray[Any], ...]]
    ) -> list[int]:
        """What draws give that follow tokens read before."""
        chosen: list[int] = []
        for start, arguments in zip(range(0, len(draws), CHUNK), choices, strict=True):
            hidden = self._hidden([cache for cache, _, _ in draws[start : start + CHUNK]])
            result = self._program.draw(hidden, self._each[: len(hidden)], *arguments, self._parameters)
            chosen += np.from_dlpack(result).tolist()
        return chosen

    def _choices(self, draws: Sequence[tuple[Cache, Choices, float]]) -> tuple[npt.NDArray[Any], ...]:
        """Rows, their ends, starts of runs, their ends, bias, settings: as the kernel takes them (amt.kernels.draw)."""
        several = [choices for _, choices, _ in draws]
        settings = np.array([[1 / each.temperature, each.top_p, number] for _, each, number in draws], np.float32)
        rows = [self._checked(each.rows, "row") for each in several]
        if not all(map(len, rows)):
            raise ValueError("nothing to choose from")
        starts = [
            self._each[: len(its)] if each.starts is None else np.require(each.starts, np.int32, "C")
            for each, its in zip(several, rows, strict=True)
        ]
        row_ends, run_ends = ([0, *accumulate(map(len, each))] for each in (rows, starts))
        size = run_ends[-1] + self._layout.lanes
        bias = self._nothing[:size]
        if len(bias) < size or any(each.bias is not None for each in several):
            bias = np.zeros(size, np.float32)
            for each, first, end in zip(several, run_ends, run_ends[1:], strict=False):
                if each.bias is not None:
                    bias[first:end] = each.bias
        if len(several) > 1:
            starts = [its + np.int32(first) for its, first in zip(starts, row_ends, strict=False)]
            rows, starts = [np.concatenate(rows)], [np.concatenate(starts)]
        return rows[0], np.array(row_ends, np.int32), starts[0], np.array(run_ends, np.int32), bias, settings

    def _hidden(self, caches: Sequence[Cache]) -> Floats:
        """Their last tokens' states [n, width], aligned as kernels want them."""
        width, align = self.config.width, runtime.ALIGNMENT // 4
        memory = np.empty(len(caches) * width + align, np.float32)
        first = -memory.ctypes.data % runtime.ALIGNMENT // 4
        hidden = memory[first : first + len(caches) * width].reshape(len(caches), width)
        for row, cache in enumerate(caches):
            if cache.hidden is None:
                raise ValueError("no last token: extend the cache before asking for logits")
            hidden[row] = cache.hidden
        return hidden

    def _fitting(self, cache: Cache, tokens: Int32s) -> Int32s:
        tokens = self._checked(tokens, "token")
        if not len(tokens):
            raise ValueError("no token to read")
        if cache.length + len(tokens) > self.config.positions:
            raise ValueError(
                f"the window holds {self.config.positions} tokens: {cache.length} are read, "
                f"{len(tokens)} more do not fit"
            )
        return tokens

    def _checked(self, tokens: Int32s, what: str) -> Int32s:
        if not (isinstance(tokens, np.ndarray) and tokens.dtype == np.int32 and tokens.flags.carray):
            tokens = np.require(tokens, np.int32, ["C", "W"])
        if tokens.ndim != 1:
            raise ValueError(f"{what}s have the shape {tokens.shape} instead of one dimension")
        # negative ones are the largest without a sign
        if len(tokens) and tokens.view(np.uint32).max() >= self.config.vocabulary:
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


def _array(tensor: Any) -> Floats:
    return np.asarray(np.from_dlpack(tensor), np.float32)
