"""How dense the music is: what a steering asks for, and how the choice of the next onset leans towards it.

Pure functions of numbers. A model that is only leaned on follows its own example into noise or silence, so it is led by
what it played of late: the further from what is asked, the stronger the lean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

OWN = 0.5
"""The density at which the model is left to itself."""
SPREAD = 3.0
"""Factor on the notes asked for, from OWN to 0.8 or from 0.2 to OWN."""
FULL = 0.3
"""Distance from OWN at which that holds, and from which on the lean has its full strength."""
CROWDING = 1.8
"""How much room players leave for each other: with 1 each would play as if alone."""
TILT = 6.0
"""Taken from the logits of an onset for each beat that it lies ahead, where e times as many notes are wanted."""
AGAIN = 1.0
"""Added then to those of another note at the same onset."""
FEEDBACK = 4.0
"""Lean for each e-fold by which the music of late differs from what is asked."""
BEYOND = 0.25
"""Share of AGAIN where as many notes are struck as the hands play: a lone bass is to play faster, not in chords."""
MOST = 4.0
"""The strongest lean."""
OPENING = 8.0
"""Beats at the beginning of a piece in which it is kept from dying out before it has begun."""
LEAST = 0.4
"""Share of the usual notes that it is kept to there."""


def scale(density: float) -> float:
    """The factor on the usual number of notes that a density asks for: 1 at OWN."""
    return math.exp(math.log(SPREAD) * (density - OWN) / FULL)


def usual(alone: Iterable[float]) -> float:
    """Notes a beat of an ensemble, from what each voice would play alone: players leave room for each other.

    Fitted to what the embedded model plays in bands of one to six.
    """
    return float(sum(rate**CROWDING for rate in alone) ** (1 / CROWDING))


def lean(density: float, asked: float, level: float) -> float:
    """How much denser the next notes are wanted than the model would have them: an exponent; 0 at OWN.

    Args:
        asked: notes a beat, of this density.
        level: notes a beat of late.
    """
    strength = min(1.0, abs(density - OWN) / FULL)
    return strength * _bounded(FEEDBACK * _shortfall(asked, level))


def opening_lean(elapsed: float, asked: float, level: float) -> float:
    """The least lean in a piece of which `elapsed` beats have gone by; 0 once it has opened, or is dense enough."""
    return max(0.0, _bounded(FEEDBACK * _shortfall(LEAST * asked, level))) if elapsed < OPENING else 0.0


def onset_bias(waits: npt.NDArray[np.float64], lean: float, is_filled: bool) -> npt.NDArray[np.float32]:
    """What to add to the logits of onsets that lie `waits` [n] beats ahead; 0 is the newest onset once more.

    Args:
        is_filled: whether that has a note for each hand already.
    """
    again = AGAIN * (BEYOND if is_filled and lean > 0 else 1)
    return (lean * (again * (waits == 0) - TILT * waits)).astype(np.float32)


def _shortfall(asked: float, level: float) -> float:
    return math.log(asked / max(level, asked * math.exp(-MOST)))


def _bounded(value: float) -> float:
    return min(max(value, -MOST), MOST)
