"""How dense the music is: what a steering asks for, and how the choice of the next onset leans towards it.

Pure functions of numbers. A model that is only leaned on follows its own example into noise or silence, so it is led by
what it played of late: the further from what is asked, the stronger the lean.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

OWN = 0.5
"""The density of real pieces for these instruments."""
SPREAD = 2.5
"""Factor on the notes asked for, from OWN to 0.8 or from 0.2 to OWN."""
FULL = 0.3
"""Distance from OWN at which that holds, and from which on exactly that is asked for."""
FIRM = 0.3
"""Relative spread of an ensemble's notes up to which they are led as firmly at OWN as anywhere: the more real pieces
differ from one another, the more is left to the model."""
TILT = 6.0
"""Taken from the logits of an onset for each beat that it lies ahead, where e times as many notes are wanted."""
FEEDBACK = 6.0
"""Lean for each e-fold by which the music of late differs from what is asked."""
MOST = 4.0
"""The strongest lean."""


def scale(density: float) -> float:
    """The factor on the usual number of notes that a density asks for: 1 at OWN."""
    return math.exp(math.log(SPREAD) * (density - OWN) / FULL)


def lean(density: float, asked: float, level: float, spread: float) -> float:
    """How much denser the next notes are wanted than the model would have them: an exponent.

    Args:
        asked: notes a beat, of this density.
        level: notes a beat of late.
        spread: by which share of what is usual real pieces differ from it.
    """
    away = min(1.0, abs(density - OWN) / FULL)
    firmness = away + (1 - away) * min(1.0, (FIRM / spread) ** 2)
    shortfall = math.log(asked / max(level, asked * math.exp(-MOST)))
    return min(max(FEEDBACK * firmness * shortfall, -MOST), MOST)


def onset_bias(waits: npt.NDArray[np.float64], lean: float) -> npt.NDArray[np.float32]:
    """What to add to the logits of onsets that lie `waits` [n] beats ahead, ascending.

    0 is the newest onset once more. It counts as the next one: more notes are to come of more onsets, and not of larger
    chords.
    """
    ahead = waits
    if waits[0] == 0 and len(waits) > 1:
        ahead = waits.copy()
        ahead[0] = waits[1]
    return (-TILT * lean * ahead).astype(np.float32)
