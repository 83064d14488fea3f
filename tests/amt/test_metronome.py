"""The click falls where the training's clicks fell."""

from fractions import Fraction

import numpy as np
import pytest

from amt.keys import KEYS
from amt.metronome import ANY, STRAIGHT, TRIPLETS, clicks, clicks_in, feel
from amt.vocabulary import PITCHES
from patterns.grid import Grid
from patterns.meter import Meter
from patterns.note import DRUMS

BELL, CLICK = DRUMS * PITCHES + 34, DRUMS * PITCHES + 33


def test_a_bell_on_the_bar_line_and_clicks_on_the_other_beats() -> None:
    events = clicks(Grid(120, Meter(4, 4), 4), Fraction(400))
    assert events.tolist() == [[400, 10, BELL], [450, 10, CLICK], [500, 10, CLICK], [550, 10, CLICK]]


@pytest.mark.parametrize(
    ("meter", "count"),
    [
        (Meter(3, 4), 3),
        (Meter(3, 16), 2),
        (Meter(6, 8), 2),
        (Meter(12, 8), 4),
        (Meter(9, 8), 3),
        (Meter(5, 4), 5),
        (Meter(7, 8), 7),
        (Meter(5, 8), 5),
    ],
)
def test_a_click_on_each_pulse_of_the_meter(meter: Meter, count: int) -> None:
    events = clicks(Grid(60, meter, 4), Fraction(0))
    assert len(events) == count == clicks_in(meter)
    assert events[:, 2].tolist() == [BELL] + [CLICK] * (count - 1)


@pytest.mark.parametrize("meter", [Meter(4, 4), Meter(7, 8), Meter(3, 16)])
def test_several_bars_are_those_bars_one_after_another(meter: Meter) -> None:
    grid, start = Grid(133.7, meter, 4), Fraction(17, 3)
    length = meter.bar_ticks * grid.steps_per_tick
    one_by_one = np.concatenate([clicks(grid, start + number * length) for number in range(3)])
    assert clicks(grid, start, 3).tolist() == one_by_one.tolist()


def test_places_are_rounded_from_the_exact_ones() -> None:
    assert clicks(Grid(174, Meter(4, 4), 4), Fraction(1, 3))[:, 0].tolist() == [0, 35, 69, 104]


def test_a_click_s_length_tells_the_grid() -> None:
    assert clicks(Grid(120, Meter(3, 4), 3), Fraction(0), 2, TRIPLETS)[:, 1].tolist() == [TRIPLETS] * 6
    by_subdivision = {steps: feel(steps) for steps in KEYS["subdivision"].arguments[0].choices}
    assert by_subdivision == {0: ANY, 1: STRAIGHT, 2: STRAIGHT, 3: TRIPLETS, 4: STRAIGHT, 6: TRIPLETS, 8: ANY, 12: ANY}
