"""How loudly each kind of instrument, and each piece of the kit, is usually struck.

Measured on the training corpus by training/touch.py.
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
    """

    places: tuple[int, int, int, int, int, int, int]
    top: int = 0
    inner: int = 0
    short: int = 0
    long: int = 0


_TOUCHES = (
    Touch((76, 76, 78, 74, 74, 76, 72), 0, -1, 1, -2),  # Piano: 21908 notes, 21 parts
    Touch((86, 84, 83, 81, 79, 81, 81), 3, 2, -2, -1),  # Chromatic Percussion: 3095 notes, 13 parts
    Touch((81, 79, 80, 77, 77, 78, 78), 1, 1, -1, 0),  # Organ: 3541 notes, 7 parts
    Touch((87, 87, 85, 83, 82, 83, 82), -1, -3, -3, -1),  # Guitar: 28098 notes, 48 parts
    Touch((88, 83, 89, 86, 85, 86, 82), 1, 0, -2, -3),  # Bass: 16269 notes, 27 parts
    Touch((82, 81, 78, 83, 81, 83, 78), 2, 1, -1, 0),  # Strings: 2959 notes, 17 parts
    Touch((83, 88, 84, 82, 82, 85, 84), 4, 2, 2, -4),  # Ensemble: 5566 notes, 25 parts
    Touch((81, 81, 80, 76, 77, 78, 78), 0, -1, -1, -2),  # Brass: 5097 notes, 27 parts
    Touch((89, 88, 89, 87, 86, 87, 86), 2, 1, 0, -2),  # Reed: 1256 notes, 15 parts
    Touch((81, 81, 79, 78, 77, 78, 77), 2, 0, 0, -1),  # Pipe: 1143 notes, 10 parts
    Touch((79, 79, 77, 78, 70, 70, 75), 5, 2, -2, 2),  # Synth Lead: 15722 notes, 19 parts
    Touch((77, 78, 78, 78, 75, 76, 74), 0, 0, -2, -3),  # Synth Pad: 1866 notes, 6 parts
    Touch((83, 81, 81, 79, 76, 78, 69), 6, -1, 2, 0),  # Synth Effects: 3358 notes, 10 parts
    Touch((80, 80, 79, 78, 77, 78, 78), 2, 0, -1, -2),  # Ethnic: 853 notes, 4 parts
    Touch((72, 71, 70, 70, 68, 69, 68), 2, 0, -1, -1),  # Percussive: 32 notes, 1 parts
    Touch((74, 74, 75, 74, 71, 74, 71), 2, 0, 1, -2),  # Sound Effects: 156 notes, 3 parts
    Touch((74, 70, 69, 64, 52, 51, 58)),  # kick: 87886 notes, 402 parts
    Touch((79, 91, 101, 87, 63, 69, 63)),  # snare: 31433 notes, 397 parts
    Touch((62, 67, 77, 75, 53, 61, 57)),  # snare between back-beats: 22709 notes, 367 parts
    Touch((76, 76, 92, 76, 66, 71, 68)),  # snare in fills: 51755 notes, 367 parts
    Touch((74, 71, 78, 72, 62, 67, 64)),  # rim and clap: 11436 notes, 257 parts
    Touch((81, 76, 87, 68, 50, 56, 53)),  # closed hat: 76241 notes, 312 parts
    Touch((64, 66, 72, 70, 60, 60, 62)),  # pedal hat: 52935 notes, 339 parts
    Touch((86, 85, 90, 89, 64, 67, 72)),  # open hat: 16626 notes, 314 parts
    Touch((86, 81, 89, 74, 67, 66, 71)),  # ride: 52917 notes, 264 parts
    Touch((87, 78, 85, 76, 64, 71, 68)),  # crash: 6434 notes, 294 parts
    Touch((91, 91, 98, 89, 86, 85, 85)),  # toms: 27553 notes, 332 parts
    Touch((63, 60, 71, 64, 52, 58, 59)),  # other percussion: 15535 notes, 155 parts
)


def touch(row: int) -> Touch:
    """The touch of a row of amt.strokes.ROWS."""
    return _TOUCHES[row]
