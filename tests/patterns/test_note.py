import pytest

from patterns.note import DRUMS, Note


def test_notes_sort_by_onset_then_instrument_then_pitch():
    first, second, third, fourth = Note(0, 0, 60, 1), Note(0, 0, 61, 1), Note(0, 1, 0, 1), Note(1, 0, 0, 1)
    assert sorted([fourth, third, second, first]) == [first, second, third, fourth]


def test_the_drum_kit_is_known():
    assert Note(0, DRUMS, 36, 1).is_drum
    assert not Note(0, 127, 36, 1).is_drum


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ((-1, 0, 60, 1, 90), "onset is 0 ticks or more, not -1"),
        ((0, 129, 60, 1, 90), "program 0 to 127 or 128 for drums, not 129"),
        ((0, -1, 60, 1, 90), "program 0 to 127 or 128 for drums, not -1"),
        ((0, 0, 128, 1, 90), "pitch is 0 to 127, not 128"),
        ((0, 0, -1, 1, 90), "pitch is 0 to 127, not -1"),
        ((0, 0, 60, 0, 90), "duration is 1 tick or more, not 0"),
        ((0, 0, 60, 1, 0), "velocity is 1 to 127, not 0"),
        ((0, 0, 60, 1, 128), "velocity is 1 to 127, not 128"),
    ],
)
def test_fields_out_of_range_are_refused(fields, text):
    with pytest.raises(ValueError, match=text):
        Note(*fields)
