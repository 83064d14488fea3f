"""What each kind of instrument usually does in a band, so that an ensemble can be balanced by it.

All figures are measured on the training corpus by training/habits.py, which prints these tables.
"""

from __future__ import annotations

from typing import NamedTuple

from patterns.note import DRUMS

LAGS = (1, 2, 4, 8)
"""Bars back that a bar is compared with."""
PHRASE = 8
"""Bars of a phrase."""
BAND = 9.2
"""Notes a beat of all together, on average: what is usual where nobody is named."""


class Habit(NamedTuple):
    """How much an instrument usually plays.

    Attributes:
        rate: notes a beat that three of four of the bars in which it plays do not exceed.
        gap: beats between its onsets that nine of ten do not exceed.
        usual: notes a beat, on average over the eight bars of which it plays in some; what a band plays is about the
            sum of these.
        spread: the standard deviation of that.
        chord: notes at one of its onsets, on average.
        hands: notes at one of its onsets that nine of ten do not exceed.
        alike: how alike its bars are to those 1, 2, 4 and 8 before: notes (place and pitch) in both ÷ in either.
    """

    rate: float
    gap: float
    usual: float
    spread: float
    chord: float
    hands: int
    alike: tuple[float, float, float, float]


_HABITS = (
    Habit(3.75, 1.75, 2.51, 1.56, 2.06, 3, (0.28, 0.28, 0.42, 0.36)),  # Piano: 26778 bars
    Habit(2.75, 1.50, 2.10, 2.63, 1.50, 3, (0.10, 0.20, 0.24, 0.17)),  # Chromatic Percussion: 6971 bars
    Habit(3.00, 2.00, 2.22, 2.07, 2.02, 3, (0.20, 0.23, 0.26, 0.23)),  # Organ: 14359 bars
    Habit(4.50, 1.50, 3.29, 2.62, 2.24, 4, (0.25, 0.27, 0.37, 0.32)),  # Guitar: 26884 bars
    Habit(2.00, 1.50, 1.25, 0.92, 1.03, 1, (0.19, 0.20, 0.39, 0.38)),  # Bass: 64933 bars
    Habit(2.67, 2.00, 1.93, 2.29, 1.47, 3, (0.16, 0.18, 0.26, 0.22)),  # Strings: 10931 bars
    Habit(1.50, 4.00, 0.93, 0.88, 2.15, 3, (0.23, 0.23, 0.29, 0.29)),  # Ensemble: 19161 bars
    Habit(2.75, 2.00, 1.52, 1.27, 1.73, 3, (0.13, 0.25, 0.30, 0.21)),  # Brass: 13512 bars
    Habit(1.50, 2.00, 1.40, 1.80, 1.30, 2, (0.10, 0.20, 0.21, 0.16)),  # Reed: 12074 bars
    Habit(1.50, 1.75, 1.22, 1.08, 1.19, 2, (0.07, 0.18, 0.18, 0.12)),  # Pipe: 6407 bars
    Habit(4.50, 1.00, 2.72, 2.52, 1.54, 3, (0.12, 0.20, 0.24, 0.18)),  # Synth Lead: 13923 bars
    Habit(2.00, 4.00, 1.19, 1.12, 1.80, 3, (0.24, 0.23, 0.31, 0.30)),  # Synth Pad: 9356 bars
    Habit(2.25, 1.50, 1.32, 1.06, 1.21, 2, (0.12, 0.19, 0.35, 0.22)),  # Synth Effects: 974 bars
    Habit(4.50, 1.50, 2.29, 1.86, 2.10, 3, (0.19, 0.26, 0.32, 0.27)),  # Ethnic: 2561 bars
    Habit(1.67, 3.00, 0.77, 0.70, 1.37, 2, (0.20, 0.39, 0.44, 0.44)),  # Percussive: 338 bars
    Habit(2.75, 4.75, 0.50, 0.62, 1.03, 1, (0.00, 0.24, 0.18, 0.25)),  # Sound Effects: 127 bars
    Habit(5.25, 0.50, 3.68, 1.93, 1.59, 2, (0.78, 0.76, 0.71, 0.64)),  # drums: 75454 bars
)
_PLACES = (
    (0.68, 1.17, 0.99, 1.10, 0.92, 1.16, 0.97, 1.01),  # 1 before
    (0.82, 0.72, 1.13, 1.10, 1.07, 1.01, 1.14, 1.00),  # 2 before
    (0.88, 0.86, 0.89, 0.79, 1.14, 1.17, 1.19, 1.08),  # 4 before
    (0.95, 0.92, 0.99, 0.92, 1.08, 1.04, 1.12, 0.98),  # 8 before
)


def habit(program: int) -> Habit:
    """The habit of a General MIDI program 0–127, or of the drum kit (128)."""
    return _HABITS[len(_HABITS) - 1 if program == DRUMS else program // 8]


def form(index: int) -> tuple[float, ...]:
    """How much more bar `index` of a piece is like those each of LAGS before than bars are on average: factors."""
    return tuple(places[index % PHRASE] for places in _PLACES)
