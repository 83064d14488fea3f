from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.musical import hours, lines
from benchmarks.musical.features import FEATURES
from benchmarks.musical.sessions import Composed, Music
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import Note


def music(bars: int, notes: Callable[[int], int], pitch: int = 48) -> Music:
    """Bars of so many notes, one a sixteenth."""
    return [
        Bar(index, Meter(4, 4), tuple(Note(120 * place, 0, pitch + place % 5, 120) for place in range(notes(index))))
        for index in range(bars)
    ]


def composed(*sessions: Music) -> Composed:
    line = next(line for line in lines.hours(len(sessions), 6) if line.size == 1)
    return [(line, sessions)]


def test_hours_that_end_as_they_began_are_the_same() -> None:
    table = hours.hour_table(composed(*(music(180, lambda _: 4, pitch) for pitch in (40, 50, 60, 70))))
    assert table.title == "6 minutes of streaming"
    row = [cell.text for cell in table.rows["1 instrument"]]
    assert row == ["4", "1.00", "1.00", "+0.00", "4.0", "4.0", "100.0%", "100.0%", "1"]
    assert table.rows["all"][3].text == "1 of 1"
    assert table.rows["all"][3].met


def test_hours_that_fade_alike_are_not_the_same() -> None:
    table = hours.hour_table(composed(*(music(180, lambda index: 16 - index // 12, 40 + 5 * n) for n in range(6))))
    assert table.rows["all"][3].met is False
    first, last = table.rows["1 instrument"][4:6]
    assert (first.text, last.text) == ("15.2", "2.8")


def test_hours_that_wander_each_its_own_way_are_the_same() -> None:
    """Whoever moved up is outweighed by who moved down: nothing drifts, though no end is like its beginning."""
    up = [music(90, lambda _: 4, 40) + music(90, lambda _: 4, 60) for _ in range(4)]
    down = [music(90, lambda _: 4, 60) + music(90, lambda _: 4, 40) for _ in range(4)]
    table = hours.hour_table(composed(*up, *down))
    assert table.rows["1 instrument"][1].text == "1.00"
    assert table.rows["all"][3].met


def test_one_session_has_no_chance() -> None:
    parts = [[np.array([1.0, 3.0])] for _ in FEATURES], [[np.array([3.0, 1.0])] for _ in FEATURES]
    assert hours.drift(*parts) == (pytest.approx(0.5), pytest.approx(0.5))


def test_lines_of_other_kinds_have_no_hours() -> None:
    assert not hours.hour_table([(lines.band_line(1, 0.5, 1, 5), [music(5, lambda _: 4)])]).rows
