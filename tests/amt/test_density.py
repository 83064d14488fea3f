"""What a density asks for, and how onsets lean towards it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt.density import MOST, OPENING, lean, onset_bias, opening_lean, scale, usual

DENSITIES = st.floats(0, 1)
RATES = st.floats(0, 100)


def test_the_models_own_is_asked_for_at_half() -> None:
    assert scale(0.5) == 1
    assert lean(0.5, 6, 0) == lean(0.5, 6, 60) == 0


def test_more_than_twice_as_many_notes_are_asked_for_from_02_to_05_to_08() -> None:
    assert scale(0.8) > 2
    assert scale(0.8) * scale(0.2) == pytest.approx(1)


@given(DENSITIES, DENSITIES)
def test_a_higher_density_asks_for_more(one: float, other: float) -> None:
    assert scale(min(one, other)) <= scale(max(one, other))


def test_an_ensemble_plays_more_than_any_of_its_voices_and_less_than_all_alone() -> None:
    assert usual([4]) == 4
    assert 4 < usual([4, 3]) < 7


@given(DENSITIES, st.floats(0.1, 50), RATES)
def test_the_lean_is_bounded_and_towards_what_is_asked(density: float, asked: float, level: float) -> None:
    value = lean(density, asked, level)
    assert abs(value) <= MOST
    assert value == 0 or (value > 0) == (level < asked)


@given(st.floats(0.1, 50), RATES, RATES)
def test_the_more_was_played_the_less_is_wanted(asked: float, one: float, other: float) -> None:
    few, many = sorted((one, other))
    assert lean(0.8, asked, few) >= lean(0.8, asked, many)


def test_small_changes_of_density_are_small_changes_of_lean() -> None:
    assert abs(lean(0.51, 6, 0)) < 0.2
    assert abs(lean(0.49, 6, 60)) < 0.4


def test_an_opening_is_kept_from_dying_out_and_then_left_alone() -> None:
    assert opening_lean(2, 6, 0.5) > opening_lean(2, 6, 1.5) > 0
    assert opening_lean(2, 6, 5) == 0
    assert opening_lean(OPENING, 6, 0) == 0


WAITS = np.array([0, 0.25, 0.5, 1])


def test_dense_music_prefers_the_nearest_onsets_and_sparse_music_the_farthest() -> None:
    dense, sparse = onset_bias(WAITS, 1, False), onset_bias(WAITS, -1, False)
    assert dense.dtype == np.float32
    assert (np.diff(dense) < 0).all()
    assert (np.diff(sparse) > 0).all()


def test_a_full_onset_is_pressed_less_for_one_more() -> None:
    assert onset_bias(WAITS, 1, True)[0] < onset_bias(WAITS, 1, False)[0]
    np.testing.assert_array_equal(onset_bias(WAITS, 1, True)[1:], onset_bias(WAITS, 1, False)[1:])
    np.testing.assert_array_equal(onset_bias(WAITS, -1, True), onset_bias(WAITS, -1, False))
