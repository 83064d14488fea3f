"""The grid: tempo, meter and subdivision ↔ the model's 10 ms steps, exactly. Knows no notes and no model.

A tick counts from a bar line, a step from wherever the composer's clock starts; `origin` is the exact place
of tick 0 on that clock, in steps. Fractions inside, NumPy arrays out: no float ever decides where a note lands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from patterns.meter import TICKS_PER_BEAT, Meter

STEPS_PER_SECOND = 100
"""The model's clock: one step is 10 ms."""
MIN_TEMPO, MAX_TEMPO = 20, 300
"""Hard limits in beats a minute: slower, one tick would outlast a step; faster, a grid step might not last one."""
SUBDIVISIONS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 20)
"""Grid steps a beat that are whole ticks and, at every tempo, no shorter than a model step; 0 is free."""

_TEMPO_PRECISION = 1000
Origin = Fraction | int


@dataclass(frozen=True)
class Grid:
    """Where notes may start. Hashable; precomputes once, so keep and share one per tempo, meter and subdivision.

    Attributes:
        tempo: beats (quarter notes) a minute, 20–300. Read as the nearest fraction with a denominator of at most
            1,000, so that 133.7 means the same whether it came as a 64- or a 32-bit float.
        meter: the bar; the grid starts anew at each bar line, so a bar need not be a whole number of grid steps.
        subdivision: grid steps per beat, one of SUBDIVISIONS: 4 sixteenths, 3 triplets, 8 thirty-seconds;
            0 = free, every model step.

    Raises:
        ValueError: a tempo or a subdivision outside these.
    """

    tempo: float | Fraction = 120.0
    meter: Meter = Meter()
    subdivision: int = 4

    def __post_init__(self) -> None:
        if not MIN_TEMPO <= self.tempo <= MAX_TEMPO:
            raise ValueError(f"a tempo is {MIN_TEMPO} to {MAX_TEMPO} beats a minute, not {self.tempo}")
        if self.subdivision not in SUBDIVISIONS:
            allowed = ", ".join(map(str, SUBDIVISIONS))
            raise ValueError(f"a subdivision is one of {allowed} steps a beat, not {self.subdivision}")

    @cached_property
    def steps_per_tick(self) -> Fraction:
        """Model steps in one tick; less than 1 at every tempo."""
        tempo = Fraction(self.tempo).limit_denominator(_TEMPO_PRECISION)
        return Fraction(60 * STEPS_PER_SECOND, TICKS_PER_BEAT) / tempo

    @cached_property
    def onsets(self) -> NDArray[np.int32]:
        """Grid ticks of one bar, ascending, in [0, bar_ticks); the first is the bar line. Read-only.

        Free: the ticks of the steps of a bar that starts on a step (origin 0). A last grid step too short to be
        told from the next bar line on the model's clock is left out.
        """
        bar = self.meter.bar_ticks
        if self.subdivision == 0:
            return _frozen(self.to_ticks(np.arange(self.to_step(bar))))
        ticks = np.arange(0, bar, TICKS_PER_BEAT // self.subdivision)
        if (bar - int(ticks[-1])) * self.steps_per_tick < 1:
            ticks = ticks[:-1]
        return _frozen(ticks)

    def durations(self, longest: int) -> NDArray[np.int32]:
        """Grid durations in ticks, ascending: one grid step (free: one model step) … at most `longest` ticks.

        Shape (n,), n ≥ 1: where `longest` is less than one step, that step stands alone.
        """
        if self.subdivision == 0:
            count = max(1, math.floor(longest * self.steps_per_tick + Fraction(1, 2)))
            ticks = self._nearest_ticks(np.arange(1, count + 1), 0)
            return _frozen(ticks[: max(1, int(np.searchsorted(ticks, longest, side="right")))])
        step = TICKS_PER_BEAT // self.subdivision
        return _frozen(np.arange(step, max(step, longest) + 1, step))

    def to_step(self, tick: int, origin: Origin = 0) -> int:
        """The model step nearest to a tick; halfway, the later one."""
        return math.floor(origin + tick * self.steps_per_tick + Fraction(1, 2))

    def to_tick(self, step: int, origin: Origin = 0) -> int:
        """The grid tick that a step stands for, the nearest one; may lie before this bar or after it.

        `to_tick(to_step(t)) == t` for every grid tick t; free, also `to_step(to_tick(s)) == s` for every step s,
        and the step nearest to a bar line stands for that line. The same origin on both sides.
        """
        return int(self.to_ticks(np.array([step]), origin)[0])

    def to_steps(self, ticks: ArrayLike, origin: Origin = 0) -> NDArray[np.int64]:
        """`to_step` of an array of ticks, same shape; exact for origins of any denominator."""
        rate = self.steps_per_tick
        return _floor_linear(np.asarray(ticks), rate, Fraction(origin) + Fraction(1, 2))

    def to_ticks(self, steps: ArrayLike, origin: Origin = 0) -> NDArray[np.int64]:
        """`to_tick` of an array of steps, same shape."""
        values = np.asarray(steps)
        bar = self.meter.bar_ticks
        if self.subdivision == 0:
            ticks = self._nearest_ticks(values, origin)
            line = (ticks + bar // 2) // bar * bar
            return np.where(self.to_steps(line, origin) == values, line, ticks)
        half_ticks = self._half_ticks(values, origin)
        bars, within = np.divmod(half_ticks, 2 * bar)
        points = np.append(self.onsets.astype(np.int64), bar)
        # A midpoint in half ticks is a whole number, so comparing it with the rounded-up place loses nothing.
        nearest = np.searchsorted(points[:-1] + points[1:], within, side="left")
        return bars * bar + points[nearest]

    def _nearest_ticks(self, steps: NDArray[np.int64], origin: Origin) -> NDArray[np.int64]:
        return self._half_ticks(steps, origin) // 2

    def _half_ticks(self, steps: NDArray[np.int64], origin: Origin) -> NDArray[np.int64]:
        """The places of steps in half ticks, rounded up."""
        rate = 2 / self.steps_per_tick
        return -_floor_linear(-steps, rate, Fraction(origin) * rate)


def _floor_linear(values: NDArray[np.int64], factor: Fraction, shift: Fraction) -> NDArray[np.int64]:
    """floor(values · factor + shift), exactly: in int64 where that suffices, else in Python's integers."""
    common = math.lcm(factor.denominator, shift.denominator)
    multiplier = factor.numerator * (common // factor.denominator)
    offset = shift.numerator * (common // shift.denominator)
    largest = int(np.abs(values).max(initial=0))
    fits = (largest + 1) * multiplier + abs(offset) + common < 2**63
    exact = values.astype(np.int64 if fits else object)
    return ((exact * multiplier + offset) // common).astype(np.int64)


def _frozen(ticks: NDArray[np.int64]) -> NDArray[np.int32]:
    result = ticks.astype(np.int32)
    result.flags.writeable = False
    return result
