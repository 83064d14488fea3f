"""How loudly each kind of instrument, and each piece of the kit, is usually struck.

Measured on the training corpus by training/touch.py; beside each line, on how many notes in how many parts.
"""

from __future__ import annotations

from typing import NamedTuple


class Touch(NamedTuple):
    """How loudly an instrument is struck.

    Attributes:
        places: velocities of its single notes of medium length, by place in the bar: bar line, middle, beats, half
            beats, the sixteenth after a beat, the one before, triplets and finer (amt.strokes.Place).
        top, inner: added to the highest and to the other notes of a chord.
        short, long: added to notes of less than half a beat, and of a beat or more.
        snare, kick: added to a piece of the kit where the snare or a crash, or else the kick, is struck with it.
        again: added to a piece of the kit that was struck a sixteenth ago or less.
    """

    places: tuple[int, int, int, int, int, int, int]
    top: int = 0
    inner: int = 0
    short: int = 0
    long: int = 0
    snare: int = 0
    kick: int = 0
    again: int = 0


_TOUCHES = (
    Touch((76, 76, 78, 74, 74, 76, 72), inner=-1, short=1, long=-2),  # Piano: 21908 in 21 parts
    Touch((86, 84, 83, 81, 79, 81, 81), top=3, inner=2, short=-2, long=-1),  # Chromatic Percussion: 3095 in 13 parts
    Touch((81, 79, 81, 77, 78, 78, 78), top=1, inner=1, short=-1),  # Organ: 3541 in 7 parts
    Touch((87, 87, 86, 83, 82, 83, 82), top=-1, inner=-3, short=-3, long=-1),  # Guitar: 28098 in 48 parts
    Touch((88, 84, 89, 86, 85, 86, 82), top=1, short=-2, long=-3),  # Bass: 16269 in 27 parts
    Touch((82, 81, 79, 83, 81, 83, 78), top=2, inner=1, short=-1),  # Strings: 2959 in 17 parts
    Touch((83, 88, 84, 82, 82, 85, 84), top=4, inner=2, short=2, long=-4),  # Ensemble: 5566 in 25 parts
    Touch((81, 81, 80, 76, 77, 78, 78), inner=-1, short=-1, long=-2),  # Brass: 5097 in 27 parts
    Touch((89, 88, 89, 87, 86, 87, 86), top=2, inner=1, long=-2),  # Reed: 1256 in 15 parts
    Touch((82, 81, 79, 78, 77, 79, 77), top=2, long=-1),  # Pipe: 1143 in 10 parts
    Touch((79, 79, 77, 78, 70, 70, 75), top=5, inner=2, short=-2, long=2),  # Synth Lead: 15722 in 19 parts
    Touch((77, 78, 78, 79, 75, 76, 75), short=-2, long=-3),  # Synth Pad: 1866 in 6 parts
    Touch((83, 81, 82, 79, 76, 78, 69), top=6, inner=-1, short=2),  # Synth Effects: 3358 in 10 parts
    Touch((80, 80, 80, 78, 77, 78, 78), top=2, short=-1, long=-2),  # Ethnic: 853 in 4 parts
    Touch((73, 72, 71, 70, 69, 70, 68), top=2, short=-1, long=-1),  # Percussive: 32 in 1 parts
    Touch((75, 75, 75, 74, 72, 74, 72), top=2, short=1, long=-2),  # Sound Effects: 156 in 3 parts
    Touch((74, 71, 70, 65, 54, 52, 60), snare=-1, again=-7),  # kick: 87886 in 402 parts
    Touch((82, 93, 103, 89, 65, 74, 65), snare=8, kick=-10, again=-16),  # snare: 31433 in 397 parts
    Touch((69, 74, 79, 79, 56, 64, 59), snare=5, kick=-16, again=-8),  # ghost snare: 22709 in 367 parts
    Touch((79, 82, 96, 81, 71, 76, 72), snare=3, kick=-5, again=-7),  # snare in fills: 51755 in 367 parts
    Touch((75, 74, 79, 74, 65, 70, 65), snare=-2, kick=-2, again=-14),  # rim and clap: 11436 in 257 parts
    Touch((77, 73, 79, 66, 48, 54, 52), snare=14, kick=4, again=-1),  # closed hat: 76241 in 312 parts
    Touch((70, 70, 76, 73, 65, 64, 65), snare=-6, kick=-9, again=-12),  # pedal hat: 52935 in 339 parts
    Touch((80, 81, 84, 84, 62, 66, 69), snare=8, kick=10, again=-8),  # open hat: 16626 in 314 parts
    Touch((84, 80, 85, 72, 67, 65, 70), snare=10, kick=2, again=-2),  # ride: 52917 in 264 parts
    Touch((85, 76, 81, 74, 64, 70, 67), snare=9, kick=1, again=-7),  # crash: 6434 in 294 parts
    Touch((91, 91, 97, 88, 85, 85, 85), snare=5, kick=-1),  # toms: 27553 in 332 parts
    Touch((63, 62, 73, 66, 56, 62, 63), snare=2, again=-9),  # percussion: 15535 in 155 parts
)


def touch(row: int) -> Touch:
    """The touch of a row of amt.strokes.ROWS."""
    return _TOUCHES[row]
