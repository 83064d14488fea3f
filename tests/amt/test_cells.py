"""Rows go to their nearest grid position, and none is lost."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from amt import cells
from amt.vocabulary import MAX_DURATION, REST_STEPS
from patterns.grid import Grid
from patterns.meter import Meter

grids = st.builds(
    Grid,
    tempo=st.integers(40, 240),
    meter=st.sampled_from([Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(5, 4), Meter(7, 8), Meter(12, 8)]),
    subdivision=st.sampled_from([0, 1, 2, 3, 4, 6, 8]),
)
starts = st.fractions(0, 5_000, max_denominator=1_000)


@given(grids, starts, st.data())
def test_every_row_goes_to_the_nearest_position_left(grid: Grid, start: Fraction, data: st.DataObject) -> None:
    lines = cells.onset_lines(grid, start)
    reached = data.draw(st.integers(int(lines[0]), int(lines[-2])))
    after, may_end = data.draw(st.booleans()), data.draw(st.booleans())
    left = lines[:-1][lines[:-1] >= reached + after].tolist()
    assume(left or may_end)
    result = cells.onset_cells(lines, reached, after=after, may_end=may_end)
    rows = np.arange(result.first, result.last + 1)
    of_row = result.outcomes[np.searchsorted(result.starts, rows - result.first, side="right") - 1]
    assert result.first == reached + after
    assert result.last == reached + REST_STEPS or not may_end
    choices = left + ([int(lines[-1])] if may_end else [])
    for row, outcome in zip(rows.tolist(), of_row.tolist(), strict=True):
        if outcome == cells.PAUSE:
            assert row == reached + REST_STEPS
            assert row not in lines
            continue
        center = int(lines[outcome])
        assert center in choices
        assert abs(row - center) == min(abs(row - choice) for choice in choices)


@given(grids, starts)
def test_an_empty_bar_neither_ends_nor_rests_past_its_last_position(grid: Grid, start: Fraction) -> None:
    lines = cells.onset_lines(grid, start)
    for reached in range(int(lines[0]), int(lines[-2]) + 1, 7):
        result = cells.onset_cells(lines, reached, after=False, may_end=False)
        assert cells.END not in result.outcomes
        assert cells.PAUSE not in result.outcomes or reached + REST_STEPS < lines[-2]


def test_rows_just_before_the_bar_line_belong_to_this_bar() -> None:
    lines = cells.onset_lines(Grid(120, Meter(4, 4), 4), Fraction(200))
    result = cells.onset_cells(lines, reached=187, after=False, may_end=True)
    assert result.first == 194
    assert result.outcomes[0] == 0


def test_sixteenths_at_120() -> None:
    grid = Grid(120, Meter(4, 4), 4)
    lines = cells.onset_lines(grid, Fraction(0))
    assert lines.tolist()[:5] == [0, 13, 25, 38, 50]
    assert lines[-1] == 200
    result = cells.onset_cells(lines, reached=25, after=True, may_end=True)
    assert result.first == 26
    assert result.outcomes.tolist() == [3, 4, 5, 6, 7, 8, 9, 10]  # 125, a second on, is a position itself


@given(grids)
def test_durations_cover_every_row(grid: Grid) -> None:
    durations, ticks = cells.duration_cells(grid)
    assert (durations.first, durations.last) == (1, MAX_DURATION - 1)
    assert durations.starts[0] == 0
    assert (np.diff(durations.starts) > 0).all()
    assert grid.to_steps(ticks).tolist() == durations.outcomes.tolist()


@pytest.mark.parametrize(("tempo", "shortest"), [(120, 13), (60, 25), (240, 6)])
def test_the_shortest_duration_is_a_grid_step(tempo: int, shortest: int) -> None:
    durations, ticks = cells.duration_cells(Grid(tempo, Meter(4, 4), 4))
    assert durations.outcomes[0] == shortest
    assert ticks[0] == 120
