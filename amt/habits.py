"""What each kind of instrument usually does in a band, so that an ensemble can be balanced by it.

Rates and gaps are measured on the training corpus by training/habits.py. What each plays alone was counted once on the
embedded model, before the rules of docs/decisions/density.md, and set by hand for brass and leads (7.5 and 6.75 were
counted, which is more than density is to ask for).
"""

from __future__ import annotations

from typing import NamedTuple

from patterns.note import DRUMS


class Habit(NamedTuple):
    """How much an instrument usually plays.

    Attributes:
        rate: notes a beat that three of four of the bars in which it plays do not exceed.
        gap: beats between its onsets that nine of ten do not exceed.
        alone: notes a beat that it is asked for when nobody else plays, about what the model gives it by itself.
    """

    rate: float
    gap: float
    alone: float


_HABITS = (
    Habit(3.75, 1.67, 5.00),  # Piano: 25913 bars
    Habit(2.25, 1.50, 5.50),  # Chromatic Percussion: 6473 bars
    Habit(3.00, 2.00, 5.00),  # Organ: 13633 bars
    Habit(4.50, 1.50, 5.25),  # Guitar: 25594 bars
    Habit(2.00, 1.50, 2.25),  # Bass: 61897 bars
    Habit(2.50, 2.00, 4.50),  # Strings: 9636 bars
    Habit(1.50, 4.00, 3.25),  # Ensemble: 17899 bars
    Habit(2.50, 2.00, 5.00),  # Brass: 13133 bars
    Habit(1.50, 2.00, 5.00),  # Reed: 11228 bars
    Habit(1.50, 1.75, 4.00),  # Pipe: 5889 bars
    Habit(4.25, 1.00, 5.00),  # Synth Lead: 13150 bars
    Habit(2.00, 4.00, 3.25),  # Synth Pad: 8886 bars
    Habit(2.25, 1.50, 3.75),  # Synth Effects: 976 bars
    Habit(4.50, 1.50, 3.25),  # Ethnic: 2488 bars
    Habit(1.50, 3.00, 2.00),  # Percussive: 308 bars
    Habit(2.75, 4.75, 2.00),  # Sound Effects: 127 bars
    Habit(5.50, 0.50, 3.00),  # drums: 70886 bars
)


_ONE_AT_A_TIME = frozenset({*range(32, 40), *range(64, 80)})
"""Basses, reeds and pipes."""


def hands(program: int) -> int:
    """How many notes it may be asked to strike at once; by its own choice it may strike more."""
    return 1 if program in _ONE_AT_A_TIME else 3


def habit(program: int) -> Habit:
    """The habit of a General MIDI program 0–127, or of the drum kit (128)."""
    return _HABITS[len(_HABITS) - 1 if program == DRUMS else program // 8]
