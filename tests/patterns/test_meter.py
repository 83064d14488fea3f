import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterns.meter import TICKS_PER_BEAT, Meter


@pytest.mark.parametrize(
    ("meter", "ticks"),
    [(Meter(), 1920), (Meter(3, 4), 1440), (Meter(7, 8), 1680), (Meter(1, 32), 60), (Meter(2, 2), 1920)],
)
def test_a_bar_lasts_its_quarters(meter, ticks):
    assert meter.bar_ticks == ticks


@given(st.integers(1, 32), st.sampled_from([1, 2, 4, 8, 16, 32]))
def test_a_bars_ticks_are_whole(numerator, denominator):
    assert Meter(numerator, denominator).bar_ticks * denominator == 4 * TICKS_PER_BEAT * numerator


@pytest.mark.parametrize(("numerator", "denominator"), [(0, 4), (33, 4), (-1, 4)])
def test_a_numerator_out_of_range_is_refused(numerator, denominator):
    with pytest.raises(ValueError, match="numerator is 1 to 32"):
        Meter(numerator, denominator)


@pytest.mark.parametrize("denominator", [0, 3, 64, -4])
def test_a_denominator_that_is_no_note_value_is_refused(denominator):
    with pytest.raises(ValueError, match="denominator is 1, 2, 4, 8, 16 or 32"):
        Meter(4, denominator)


def test_a_meter_reads_as_it_is_written():
    assert str(Meter(7, 8)) == "7/8"
