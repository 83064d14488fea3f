import pytest
from hypothesis import given
from hypothesis import strategies as st

from osc_bridge.record import Record
from patterns import midi
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import Note

notes = st.builds(
    Note, st.integers(0, 959), st.integers(0, 128), st.integers(0, 127), st.integers(1, 9000), st.integers(1, 127)
)
contents = st.lists(st.tuples(st.sampled_from([Meter(2, 4), Meter(7, 8)]), st.lists(notes, max_size=9)), max_size=9)


@given(contents)
def test_bars_come_back_as_they_were(contents):
    record = Record()
    for index, (meter, played) in enumerate(contents):
        record.add(Bar(index, meter, tuple(played), revision=3), 120.0)
    assert record.bars() == [Bar(index, meter, tuple(played)) for index, (meter, played) in enumerate(contents)]
    assert len(record) == record.end == len(contents)


def test_a_copy_stays_as_it_was():
    record = Record()
    record.add(Bar(4, Meter()), 120.0)
    copy = record.copy()
    record.add(Bar(5, Meter()), 120.0)
    assert (len(copy), copy.end, len(record), record.end) == (1, 5, 2, 6)


def test_saving_writes_notes_and_tempos(tmp_path):
    record = Record()
    record.add(Bar(0, Meter(3, 4), (Note(0, 0, 60, 480),)), 96.0)
    record.add(Bar(1, Meter(4, 4), (Note(480, 128, 38, 120),)), 140.0)
    record.save(tmp_path / "x.mid")
    piece = midi.read(tmp_path / "x.mid")
    assert list(piece.bars) == record.bars()
    assert list(piece.tempos) == pytest.approx([96.0, 140.0], abs=1e-3)
