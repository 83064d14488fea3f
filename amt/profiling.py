"""How fast music is composed, how evenly its tokens come, and where a token's time goes.

A Clock stands between the composer and the decoder and notes when each call began and ended; neither knows of it.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from amt.composer import Composer
from amt.decoder import Cache, Decoder
from amt.sampler import Choices
from amt.steering import Steering
from amt.vocabulary import STEPS_PER_SECOND

Int32s = npt.NDArray[np.int32]
LONGEST_RUN = 16
"""Tokens that a note and the clicks beside it bring at most; what is longer is read because the window moves."""


class Call(NamedTuple):
    """One call of a decoder's method.

    start, end: seconds of time.perf_counter. size: tokens read, rows: output rows drawn from, for all caches together.
    caches: how many were read into. behind: tokens in the longest of them before the call. thread: who called.
    """

    start: float
    end: float
    size: int
    rows: int
    caches: int
    behind: int
    thread: int


class Clock:
    """A decoder that forwards to another one and keeps `calls`. Threads may share it."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decoder, name)

    def extend(self, cache: Cache, tokens: Int32s) -> None:
        self.read([(cache, tokens)])

    def read(self, parts: Sequence[tuple[Cache, Int32s]]) -> None:
        self.step(parts, [])

    def draw(self, draws: Sequence[tuple[Cache, Choices, float]]) -> list[int]:
        return self.step([], draws)

    def step(self, parts: Sequence[tuple[Cache, Int32s]], draws: Sequence[tuple[Cache, Choices, float]]) -> list[int]:
        size, rows = sum(len(tokens) for _, tokens in parts), sum(len(choices.rows) for _, choices, _ in draws)
        behind = max((cache.length for cache, _ in parts), default=0)
        start = time.perf_counter()
        chosen = self._decoder.step(parts, draws)
        end = time.perf_counter()
        self.calls.append(Call(start, end, size, rows, len(parts), behind, threading.get_ident()))
        return chosen


@dataclass(frozen=True)
class Gaps:
    """Seconds from one token drawn to the next."""

    median: float
    late: float
    """The 99th percentile: one gap in a hundred is longer."""
    longest: float

    @staticmethod
    def of(gaps: npt.NDArray[np.float64]) -> Gaps:
        """Of gaps [n ≥ 1]."""
        return Gaps(float(np.median(gaps)), float(np.percentile(gaps, 99)), float(gaps.max()))


@dataclass(frozen=True)
class Performance:
    """Bars that were composed.

    Attributes:
        seconds: how long composing took.
        music: seconds that the bars last.
        moves: how often the window let old bars go.
        moving: the gaps while the next window is read, if the window moved.
        calls: what the composing thread asked of the decoder.
    """

    bars: int
    notes: int
    seconds: float
    music: float
    moves: int
    gaps: Gaps
    moving: Gaps | None
    calls: tuple[Call, ...]

    @property
    def notes_per_second(self) -> float:
        return self.notes / self.seconds

    @property
    def times_real_time(self) -> float:
        return self.music / self.seconds


def perform(decoder: Decoder, steering: Steering, bars: Iterable[int]) -> Performance:
    """Composes one bar for each number of `bars`; what the iterable itself does between them does not count.

    Raises ValueError where fewer than two tokens were drawn: the steering lets nobody play, or there is no bar.
    """
    clock = Clock(decoder)
    composer = Composer(cast(Decoder, clock))
    composer.compose(composer.begin(), steering, variation=1)  # threads start, memory is taken
    passage = composer.begin()
    here = threading.get_ident()
    calls: list[Call] = []
    drawn: list[tuple[float, bool]] = []
    count = notes = moves = 0
    seconds = 0.0
    for _ in bars:
        clock.calls.clear()
        start = time.perf_counter()
        bar, after = composer.compose(passage, steering)
        end = time.perf_counter()
        own = [call for call in clock.calls if call.thread == here]
        drawn += [(seconds + call.end - start, _reads_ahead(call)) for call in own if call.rows]
        calls += own
        seconds += end - start
        moves += bool(passage.past) and after.past[0].start != passage.past[0].start
        notes += len(bar.notes)
        count += 1
        passage = after
    if len(drawn) < 2:
        raise ValueError("nothing was drawn: name instruments that play, and at least one bar")
    music = float(passage.start) / STEPS_PER_SECOND
    times, ahead = map(np.array, zip(*drawn, strict=True))
    gaps = np.diff(times)
    moving = Gaps.of(gaps[ahead[1:]]) if ahead[1:].any() else None
    return Performance(count, notes, seconds, music, moves, Gaps.of(gaps), moving, tuple(calls))


def _reads_ahead(call: Call) -> bool:
    """Whether more was read than the next note needs: the next window, or one that has moved unprepared."""
    return call.size > LONGEST_RUN or (call.caches > 1 and call.size > 1)


@dataclass(frozen=True)
class Profile:
    """Seconds of one token drawn, by what they were spent on; together they are the whole.

    Attributes:
        weights: reading single tokens, as long as it takes behind none.
        attention: what reading them behind others takes longer: their keys and values.
        runs: reading a few tokens at once: a note and the clicks beside it.
        windows: reading long runs or a second cache: a window that has moved, or the next one beside this one.
        draw: logits and drawing.
        python: the rest, the composer's own.
        behind: tokens before one read alone, on average.
        rows: output rows of a draw, on average.
        step: reading one token alone and drawing the next.
    """

    weights: float
    attention: float
    runs: float
    windows: float
    draw: float
    python: float
    behind: float
    rows: float
    step: float

    @property
    def whole(self) -> float:
        return self.weights + self.attention + self.runs + self.windows + self.draw + self.python


def profile(decoder: Decoder, performance: Performance) -> Profile:
    """Splits a performance's time; measures steps behind none and behind as many as it had on average."""
    single = [call for call in performance.calls if call.size == 1 and call.rows]
    runs = [call for call in performance.calls if call.caches == 1 and 1 < call.size <= LONGEST_RUN]
    windows = [call for call in performance.calls if _reads_ahead(call)]
    draws = [call for call in performance.calls if call.rows]
    behind = round(statistics.fmean(call.behind for call in single))
    rows = round(statistics.fmean(call.rows for call in draws))
    # split by ratio: other programs disturb a long performance more than these short loops
    weights, reading, step = _steps(decoder, [(0, 0), (behind, 0), (behind, rows)])
    alone, drawn = _seconds(single) / len(single), len(draws)
    draw = alone * max(0.0, 1 - reading / step)

    def read(calls: Sequence[Call]) -> float:
        return (_seconds(calls) - draw * sum(call.rows > 0 for call in calls)) / drawn

    whole = _seconds(single) + _seconds(runs) + _seconds(windows)
    return Profile(
        weights=read(single) * min(1.0, weights / reading),
        attention=read(single) * max(0.0, 1 - weights / reading),
        runs=read(runs),
        windows=read(windows),
        draw=draw,
        python=(performance.seconds - whole) / drawn,
        behind=behind,
        rows=rows,
        step=alone,
    )


def _seconds(calls: Iterable[Call]) -> float:
    return sum(call.end - call.start for call in calls)


def _steps(decoder: Decoder, kinds: Sequence[tuple[int, int]], rounds: int = 200) -> list[float]:
    """Median seconds to read one token behind so many others, and to draw from so many output rows, if any, of each
    kind. They take turns, so that what other programs take is taken from all of them alike."""
    token = np.zeros(1, np.int32)
    steps: list[tuple[int, Cache, list[tuple[Cache, Choices, float]], list[float]]] = []
    for behind, rows in kinds:
        cache = decoder.new_cache()
        if behind:
            decoder.read([(cache, np.zeros(behind, np.int32))])
        draws = [(cache, Choices(np.arange(rows, dtype=np.int32)), 0.5)] if rows else []
        steps.append((behind, cache, draws, []))
    for _ in range(rounds):
        for behind, cache, draws, times in steps:
            start = time.perf_counter()
            decoder.step([(cache, token)], draws)
            times.append(time.perf_counter() - start)
            cache.truncate(behind)
    return [statistics.median(times) for *_, times in steps]
