"""The blocks stand where the published vocabulary has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt import vocabulary as v


def test_the_blocks_are_the_published_ones() -> None:
    assert (v.TIME, v.DURATION, v.NOTE, v.REST, v.CONTROL) == (0, 10_000, 11_000, 27_512, 27_513)
    assert (v.SEPARATOR, v.AUTOREGRESS, v.ANTICIPATE, v.VOCABULARY) == (55_025, 55_026, 55_027, 55_028)
    assert v.WINDOW == 1 + 341 * v.EVENT_TOKENS


@given(st.integers(0, 128), st.integers(0, 127))
def test_note_tokens_go_there_and_back(instrument: int, pitch: int) -> None:
    token = v.note_token(instrument, pitch)
    assert v.NOTE <= token < v.REST
    assert v.instrument_and_pitch(token) == (instrument, pitch)


@pytest.mark.parametrize(("instrument", "pitch"), [(129, 0), (-1, 0), (0, 128), (0, -1)])
def test_notes_that_have_no_token_are_refused(instrument: int, pitch: int) -> None:
    with pytest.raises(ValueError, match="no token"):
        v.note_token(instrument, pitch)


@pytest.mark.parametrize("token", [0, 10_999, v.REST, v.CONTROL])
def test_other_tokens_are_no_notes(token: int) -> None:
    with pytest.raises(ValueError, match="no note token"):
        v.instrument_and_pitch(token)
