"""The click that the model hears ahead of time, and by which its music comes to fit the bars.

A metronome is fed as anticipated controls, as the model's training fed it: General MIDI percussion, the bell on
each bar line and the click on the other beats. Measured on the bootstrap model without any other constraint:
onsets on the sixteenth grid rise from 0.21 to 0.94 at 120 bpm.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from amt.vocabulary import PITCHES
from patterns.grid import Grid
from patterns.meter import Meter
from patterns.note import DRUMS

CLICK, BELL = 33, 34
ANY, STRAIGHT, TRIPLETS = 10, 20, 30
"""Steps that a click lasts: it says besides on what grid all onsets lie, none in particular, sixteenths or their
triplets. Models that do not know lineups (amt.lineup) know the first only."""


def feel(subdivision: int) -> int:
    """The length of a click where onsets keep to so many grid steps a beat: ANY, STRAIGHT or TRIPLETS."""
    if subdivision and 4 % subdivision == 0:
        return STRAIGHT
    return TRIPLETS if subdivision and 6 % subdivision == 0 else ANY


def clicks(grid: Grid, start: Fraction, bars: int = 1, length: int = ANY) -> npt.NDArray[np.int32]:
    """The controls of so many bars on from model step `start`, each `length` steps long: an array of events [n, 3]
    (amt.score)."""
    whole = math.floor(start)
    controls = _clicks_after(grid, start - whole, bars, length).copy()
    controls[:, 0] += whole
    return controls


def clicks_in(meter: Meter) -> int:
    """How many there are in a bar."""
    return len(_beats(meter, 1)[0])


@lru_cache(maxsize=128)
def _clicks_after(grid: Grid, fraction: Fraction, bars: int, length: int) -> npt.NDArray[np.int32]:
    """Those from within step 0 on; at one tempo bars start at few different fractions of a step."""
    ticks, notes = _beats(grid.meter, bars)
    controls = np.empty((len(ticks), 3), np.int32)
    controls[:, 0] = grid.to_steps(ticks, fraction)
    controls[:, 1] = length
    controls[:, 2] = notes
    return controls


@lru_cache(maxsize=64)
def _beats(meter: Meter, bars: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Ticks of the meter's pulses and their notes, [n] each."""
    bar = meter.bar_ticks
    beats = np.arange(0, bar, meter.pulse_ticks)
    ticks = (beats + bar * np.arange(bars)[:, None]).ravel()
    return ticks, np.where(ticks % bar, DRUMS * PITCHES + CLICK, DRUMS * PITCHES + BELL).astype(np.int32)
