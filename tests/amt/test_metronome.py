"""The click falls where the training's clicks fell."""

from fractions import Fraction

import pytest

from amt.metronome import clicks
from amt.vocabulary import PITCHES
from patterns.grid import Grid
from patterns.meter import Meter
from patterns.note import DRUMS

BELL, CLICK = DRUMS * PITCHES + 34, DRUMS * PITCHES + 33


def test_a_bell_on_the_bar_line_and_clicks_on_the_other_beats() -> None:
    events = list(clicks(Grid(120, Meter(4, 4), 4), Fraction(400)))
    assert [(event.time, event.note) for event in events] == [(400, BELL), (450, CLICK), (500, CLICK), (550, CLICK)]
    assert all(event.control and event.duration == 10 for event in events)


@pytest.mark.parametrize(
    ("meter", "count"),
    [(Meter(3, 4), 3), (Meter(6, 8), 3), (Meter(12, 8), 6), (Meter(5, 4), 5), (Meter(7, 8), 7), (Meter(5, 8), 5)],
)
def test_beats_are_quarters_where_these_fill_the_bar_else_eighths(meter: Meter, count: int) -> None:
    events = list(clicks(Grid(60, meter, 4), Fraction(0)))
    assert len(events) == count
    assert [event.note for event in events] == [BELL] + [CLICK] * (count - 1)


def test_places_are_rounded_from_the_exact_ones() -> None:
    times = [event.time for event in clicks(Grid(174, Meter(4, 4), 4), Fraction(1, 3))]
    assert times == [0, 35, 69, 104]
