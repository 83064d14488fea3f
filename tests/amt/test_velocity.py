"""Strong beats are louder; timekeepers stay under the others."""

from hypothesis import given
from hypothesis import strategies as st

from amt.velocity import accent
from patterns.meter import Meter
from patterns.note import DRUMS


def test_accents_fall_from_bar_line_to_offbeat() -> None:
    values = [accent(onset, Meter(4, 4), 0, 60) for onset in (0, 960, 480, 240, 120)]
    assert values == sorted(set(values), reverse=True)


def test_a_hi_hat_is_softer_than_a_snare() -> None:
    assert accent(0, Meter(4, 4), DRUMS, 42) < accent(0, Meter(4, 4), DRUMS, 38)


@given(st.integers(0, 4000), st.integers(1, 16), st.integers(0, 128), st.integers(0, 127))
def test_every_note_has_a_midi_velocity(onset: int, beats: int, instrument: int, pitch: int) -> None:
    assert 1 <= accent(onset, Meter(beats, 4), instrument, pitch) <= 127
