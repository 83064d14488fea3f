"""How hard each note is struck. The model has no velocities: the meter's accents stand in for them."""

from __future__ import annotations

from patterns.meter import TICKS_PER_BEAT, Meter
from patterns.note import DRUMS

_SOFT_DRUMS = frozenset({33, 42, 44, 46, 51, 53, 54, 59, 69, 70, 82})
"""Hi-hats, rides, shakers and the like: they mark time under the others."""


def accent(onset: int, meter: Meter, instrument: int, pitch: int) -> int:
    """The velocity 1–127 of a note at tick `onset` of a bar: bar line, beats, half beats, the rest."""
    if onset == 0:
        velocity = 104
    elif onset % TICKS_PER_BEAT == 0:
        velocity = 98 if 2 * onset == meter.bar_ticks else 92
    elif onset % (TICKS_PER_BEAT // 2) == 0:
        velocity = 84
    else:
        velocity = 76
    return velocity - 18 if instrument == DRUMS and pitch in _SOFT_DRUMS else velocity
