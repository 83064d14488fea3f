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
SPARSE, DENSE = 3.5, 2.2
"""Factors on the notes asked for: from 0.2 to OWN and from OWN to 0.8. Bands play near the top of what a grid holds."""
FULL = 0.3
"""Distance from OWN at which that holds, and from which on it is led as firmly as anywhere."""
FIRM = 0.34
"""Relative spread of an ensemble's notes beyond which they are led less firmly at OWN: the more real pieces differ from
one another, the more is left to the model."""
TILT = 6.0
"""Taken from the logits of an onset for each beat that it lies ahead, where e times as many notes are wanted."""
AGAIN = 0.5
"""Of the way to the next onset: as far ahead counts the newest one once more."""
NEAR = 0.5
"""Beats: onsets farther ahead than that are as good as this where fewer notes are wanted, unless very few are."""
CHORD = 2.0
"""Notes at an onset, about."""
FEEDBACK = 5.0
"""Lean for each e-fold by which the music of late differs from what is asked; twice that from 0.8 on, where the grid is
nearly full."""
MOST = 8.0
"""The strongest lean."""


def scale(density: float) -> float:
    """The factor on the usual number of notes that a density asks for: 1 at OWN."""
    return float((SPARSE if density < OWN else DENSE) ** ((density - OWN) / FULL))


def lean(density: float, asked: float, level: float, spread: float) -> float:
    """How much denser the next notes are wanted than the model would have them: an exponent.

    Args:
        asked: notes a beat, of this density.
        level: notes a beat of late.
        spread: by which share of what is usual real pieces differ from it.
    """
    away = min(1.0, abs(density - OWN) / FULL)
    firmness = away + (1 - away) * min(1.0, (FIRM / spread) ** 2)
    feedback = FEEDBACK * (1 + away if density > OWN else 1)
    shortfall = math.log(asked / max(level, asked * math.exp(-MOST)))
    return min(max(feedback * firmness * shortfall, -MOST), MOST)


def onset_bias(waits: npt.NDArray[np.float64], lean: float, asked: float, is_full: bool) -> npt.NDArray[np.float32]:
    """What to add to the logits of onsets that lie `waits` [n] beats ahead, ascending.

    0 is the newest onset once more. It counts as half as far as the next one: more notes are more onsets and larger
    chords, as in real pieces.

    Args:
        asked: notes a beat. Where fewer are wanted, onsets are to lie as far apart as that says: no holes.
        is_full: whether nobody has a hand left at the newest onset, which then counts as the next.
    """
    ahead = np.array(waits)
    if waits[0] == 0 and len(waits) > 1:
        ahead[0] = waits[1] * (1.0 if is_full else AGAIN)
    if lean < 0:
        ahead = np.minimum(ahead, max(NEAR, CHORD / asked))
    return (-TILT * lean * ahead).astype(np.float32)
