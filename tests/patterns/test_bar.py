import pytest

from patterns.bar import Bar, Phrase
from patterns.meter import Meter
from patterns.note import Note


def test_a_bars_notes_are_sorted():
    late, early = Note(480, 0, 60, 1), Note(0, 0, 60, 1)
    assert Bar(0, Meter(), (late, early)).notes == (early, late)


def test_a_note_may_ring_past_its_bar_but_not_start_past_it():
    assert Bar(0, Meter(3, 4), (Note(1439, 0, 60, 5000),)).notes
    with pytest.raises(ValueError, match="a bar of 3/4 has 1440 ticks"):
        Bar(0, Meter(3, 4), (Note(1440, 0, 60, 1),))


@pytest.mark.parametrize(("index", "revision"), [(-1, 0), (0, -1)])
def test_a_negative_index_or_revision_is_refused(index, revision):
    with pytest.raises(ValueError, match="index and revision are 0 or more"):
        Bar(index, Meter(), (), revision)


def test_a_phrase_is_as_long_as_its_bars():
    assert Phrase((Bar(3, Meter(4, 4)), Bar(4, Meter(3, 4)))).ticks == 1920 + 1440
    assert Phrase(()).ticks == 0


@pytest.mark.parametrize("second", [3, 5, 2])
def test_a_phrases_bars_follow_one_another(second):
    with pytest.raises(ValueError, match=f"{second} stands after 3"):
        Phrase((Bar(3, Meter()), Bar(second, Meter())))
