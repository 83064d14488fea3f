import pytest
from hypothesis import given
from hypothesis import strategies as st

from osc_bridge.bars import as_messages
from osc_bridge.messages import ANSWERS, MAX_NOTES
from osc_bridge.wire import encode
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import Note


@given(st.integers(0, 1000), st.integers(0, 17), st.integers(0, 999))
def test_every_note_comes_once_in_messages_of_the_table(count, slots, index):
    bar = Bar(index, Meter(), tuple(Note(at % 1920, 128, at % 128, 99999, 127) for at in range(count)), revision=5)
    messages = as_messages(bar, slots)
    assert len(messages) == max(1, -(-count // MAX_NOTES))
    received = []
    for part, (address, values) in enumerate(messages):
        assert address == (f"/amt/bar/{index % slots}" if slots else "/amt/bar")
        assert ANSWERS["/amt/bar"].check(values) == values
        assert values[:5] == (index, 5, part, len(messages), 1920)
        encode(address, values)
        groups = [values[at : at + 5] for at in range(6, len(values), 5)]
        received += [Note(onset, program, pitch, long, loud) for onset, long, pitch, loud, program in groups]
    assert tuple(received) == bar.notes


@pytest.mark.parametrize("slots", [0, 4])
def test_an_empty_bar_is_a_message_too(slots):
    ((_, values),) = as_messages(Bar(9, Meter(3, 4)), slots)
    assert values == (9, 0, 0, 1, 1440, 0)
