from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterns.grid import SUBDIVISIONS, Grid
from patterns.meter import Meter

meters = st.builds(Meter, st.integers(1, 32), st.sampled_from([1, 2, 4, 8, 16, 32]))
tempos = st.one_of(
    st.integers(40, 240),
    st.floats(20, 300),
    st.floats(20, 300, width=32),
    st.fractions(20, 300, max_denominator=1000),
)
origins = st.one_of(st.integers(-(10**9), 10**9), st.fractions(-(10**15), 10**15), st.fractions(-(10**6), 10**6))
grids = st.builds(Grid, tempos, meters, st.sampled_from(SUBDIVISIONS))
grids_on_beats = st.builds(Grid, tempos, meters, st.sampled_from(SUBDIVISIONS[1:]))
free_grids = st.builds(Grid, tempos, meters, st.just(0))


@given(grids_on_beats, origins, st.integers(-1000, 1000))
def test_every_grid_tick_survives_the_models_clock(grid, origin, bar):
    ticks = grid.onsets.astype(np.int64) + bar * grid.meter.bar_ticks
    steps = grid.to_steps(ticks, origin)
    assert np.all(np.diff(steps) > 0)
    assert np.array_equal(grid.to_ticks(steps, origin), ticks)


@given(free_grids, origins, st.integers(-(10**6), 10**6))
def test_free_every_step_survives_as_a_tick(grid, origin, first):
    steps = np.arange(first, first + 300)
    ticks = grid.to_ticks(steps, origin)
    assert np.all(np.diff(ticks) > 0)
    assert np.array_equal(grid.to_steps(ticks, origin), steps)
    assert np.array_equal(grid.to_ticks(grid.to_steps(ticks, origin), origin), ticks)


@given(grids, origins, st.integers(-1000, 1000))
def test_the_step_of_a_bar_line_stands_for_that_line(grid, origin, bar):
    line = bar * grid.meter.bar_ticks
    assert grid.to_tick(grid.to_step(line, origin), origin) == line
    assert grid.to_tick(grid.to_step(line, origin) - 1, origin) <= line


@pytest.mark.parametrize("subdivision", SUBDIVISIONS)
@pytest.mark.parametrize("tempo", range(40, 241))
def test_exact_at_every_whole_tempo(tempo, subdivision):
    for meter in (Meter(4, 4), Meter(7, 8), Meter(5, 16)):
        grid = Grid(tempo, meter, subdivision)
        for origin in (0, Fraction(1, 2), Fraction(12345, 7)):
            ticks = grid.to_ticks(grid.to_steps(grid.onsets, origin), origin)
            assert np.array_equal(grid.to_steps(ticks, origin), grid.to_steps(grid.onsets, origin))
            assert subdivision == 0 or np.array_equal(ticks, grid.onsets)


@given(grids, origins, st.lists(st.integers(-(10**7), 10**7), max_size=8))
def test_arrays_and_single_values_agree(grid, origin, numbers):
    assert grid.to_steps(np.array(numbers, int), origin).tolist() == [grid.to_step(n, origin) for n in numbers]
    assert grid.to_ticks(np.array(numbers, int), origin).tolist() == [grid.to_tick(n, origin) for n in numbers]


@given(grids, origins, st.integers(-(10**6), 10**6))
def test_to_step_is_the_nearest_step(grid, origin, tick):
    place = origin + tick * grid.steps_per_tick
    assert Fraction(-1, 2) < grid.to_step(tick, origin) - place <= Fraction(1, 2)


@given(grids_on_beats, origins, st.integers(-(10**5), 10**5))
def test_to_tick_is_the_nearest_grid_tick(grid, origin, step):
    place = (step - origin) / grid.steps_per_tick
    bar_ticks = grid.meter.bar_ticks
    bar = place // bar_ticks
    candidates = [(bar + k) * bar_ticks + int(t) for k in (-1, 0, 1) for t in grid.onsets]
    assert abs(grid.to_tick(step, origin) - place) == min(abs(c - place) for c in candidates)


@given(grids, st.integers(1, 20_000))
def test_durations_ascend_and_survive_the_models_clock(grid, longest):
    ticks = grid.durations(longest)
    steps = grid.to_steps(ticks)
    assert ticks.dtype == np.int32
    assert steps[0] >= 1
    assert np.all(np.diff(steps) > 0)
    assert len(ticks) == 1 or ticks[-1] <= longest
    if grid.subdivision == 0:
        assert np.array_equal(steps, np.arange(1, len(steps) + 1))
    else:
        assert np.array_equal(ticks, ticks[0] * np.arange(1, len(ticks) + 1))
        assert ticks[-1] + ticks[0] > longest


@given(grids)
def test_onsets_start_at_the_bar_line_and_stay_inside(grid):
    assert grid.onsets.dtype == np.int32
    assert grid.onsets[0] == 0
    assert np.all(np.diff(grid.onsets) > 0)
    assert grid.onsets[-1] < grid.meter.bar_ticks
    with pytest.raises(ValueError, match="read-only"):
        grid.onsets[0] = 1


@given(tempos, meters, st.sampled_from(SUBDIVISIONS))
def test_equal_grids_are_one_key(tempo, meter, subdivision):
    assert {Grid(tempo, meter, subdivision): 1}[Grid(tempo, meter, subdivision)] == 1


def test_known_places():
    grid = Grid(120.0, Meter(4, 4), 4)
    assert grid.steps_per_tick == Fraction(5, 48)
    assert grid.onsets.tolist() == list(range(0, 1920, 120))
    assert [grid.to_step(t) for t in (0, 120, 240, 480, 1920)] == [0, 13, 25, 50, 200]
    assert [grid.to_tick(s) for s in (0, 6, 7, 13, 199, 200, -1, -13)] == [0, 0, 120, 120, 1920, 1920, 0, -120]
    assert grid.durations(480).tolist() == [120, 240, 360, 480]
    assert grid.durations(1).tolist() == [120]


def test_the_grid_starts_anew_at_each_bar_line():
    grid = Grid(100, Meter(7, 8), 3)
    assert grid.onsets.tolist() == [*range(0, 1680, 160)]
    assert grid.to_tick(grid.to_step(1680 + 160)) == 1680 + 160


def test_a_sliver_before_the_bar_line_is_no_grid_step():
    assert Grid(300, Meter(1, 32), 10).onsets.tolist() == [0]  # 48 ticks, then 12: less than a model step
    assert Grid(60, Meter(1, 32), 10).onsets.tolist() == [0, 48]


def test_an_origin_of_any_denominator_is_exact():
    grid, origin = Grid(63.02391235216143, Meter(1, 1), 1), Fraction(1, 319180569817874)
    assert grid.to_tick(0, origin) == 0
    assert grid.to_ticks(grid.to_steps([480, 960], origin), origin).tolist() == [480, 960]


def test_a_32_bit_tempo_means_the_decimal_it_came_from():
    assert Grid(float(np.float32(133.7))).steps_per_tick == Grid(133.7).steps_per_tick == Fraction(125, 1337)


@pytest.mark.parametrize("tempo", [0, -1, 19.9, 300.1, float("nan"), float("inf")])
def test_a_tempo_out_of_range_is_refused(tempo):
    with pytest.raises(ValueError, match="20 to 300 beats a minute"):
        Grid(tempo)


@pytest.mark.parametrize("subdivision", [-1, 7, 24, 480])
def test_an_unknown_subdivision_is_refused(subdivision):
    with pytest.raises(ValueError, match="a subdivision is one of 0, 1, 2"):
        Grid(120, Meter(), subdivision)
