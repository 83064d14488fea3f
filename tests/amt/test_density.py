"""What a density asks for, and how onsets lean towards it."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amt.density import FIRM, MOST, lean, onset_bias, scale

DENSITIES = st.floats(0, 1)
RATES = st.floats(0, 100)


def test_what_is_usual_is_asked_for_at_half() -> None:
    assert scale(0.5) == 1


def test_more_than_twice_as_many_notes_are_asked_for_from_02_to_05_to_08() -> None:
    assert scale(0.8) > 2
    assert scale(0.2) < 1 / 2


@given(DENSITIES, DENSITIES)
def test_a_higher_density_asks_for_more(one: float, other: float) -> None:
    assert scale(min(one, other)) <= scale(max(one, other))


@given(DENSITIES, st.floats(0.1, 50), RATES, st.floats(0.1, 2))
def test_the_lean_is_bounded_and_towards_what_is_asked(
    density: float, asked: float, level: float, spread: float
) -> None:
    value = lean(density, asked, level, spread)
    assert abs(value) <= MOST
    assert (value > 0) == (level < asked) or math.isclose(level, asked, rel_tol=1e-9)


@given(DENSITIES, st.floats(0.1, 50), RATES, RATES)
def test_the_more_was_played_the_less_is_wanted(density: float, asked: float, one: float, other: float) -> None:
    few, many = sorted((one, other))
    assert lean(density, asked, few, 0.4) >= lean(density, asked, many, 0.4)


@given(st.floats(0.1, 2), st.floats(0.1, 2))
def test_the_more_real_pieces_differ_the_more_is_left_to_the_model(one: float, other: float) -> None:
    narrow, wide = sorted((one, other))
    assert lean(0.5, 6, 4, narrow) >= lean(0.5, 6, 4, wide) > 0
    assert lean(0.2, 6, 4, narrow) == lean(0.2, 6, 4, wide) == lean(0.5, 6, 4, FIRM)
    assert lean(0.8, 6, 4, narrow) == lean(0.8, 6, 4, wide)


def test_what_nobody_knows_the_usual_of_is_the_models_own_at_half() -> None:
    assert lean(0.5, 6, 1, math.inf) == lean(0.5, 6, 60, math.inf) == 0


def test_small_changes_of_density_are_small_changes_of_lean() -> None:
    assert abs(lean(0.51, 6, 0, math.inf)) < 2
    assert abs(lean(0.49, 6, 60, math.inf)) < 2


WAITS = np.array([0, 0.25, 0.5, 1])


def test_dense_music_prefers_the_nearest_onsets_and_sparse_music_the_farthest() -> None:
    dense, sparse = onset_bias(WAITS, 1, 8, False), onset_bias(WAITS, -1, 0.5, False)
    assert dense.dtype == np.float32
    assert (np.diff(dense) < 0).all()
    assert (np.diff(sparse) > 0).all()


@given(st.floats(0, MOST))
def test_where_all_hands_are_full_the_next_onset_is_as_good(value: float) -> None:
    full = onset_bias(WAITS, value, 8, True)
    assert value == 0 or full[0] == full[1]
    np.testing.assert_array_equal(full[1:], onset_bias(WAITS, value, 8, False)[1:])
    assert WAITS[0] == 0, "what is passed in stays as it is"


def test_a_choice_of_one_is_biased_too() -> None:
    np.testing.assert_array_equal(onset_bias(np.array([0.0]), 2, 8, True), [0])


def test_fewer_notes_are_not_holes() -> None:
    bias = onset_bias(WAITS, -1, 8, False)
    assert bias[0] < bias[1] < bias[2] == bias[3]
