"""Off-beats fall late and touches differ; nothing leaves its bar, and 0 is exact."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterns.groove import humanized, swung, swung_tick
from patterns.meter import Meter
from patterns.note import Note

FOUR = Meter(4, 4)
METERS = st.builds(Meter, st.integers(1, 16), st.sampled_from([2, 4, 8, 16]))
RATE = Fraction(960)


@st.composite
def music(draw: st.DrawFn) -> tuple[list[Note], Meter, int]:
    """Notes on a grid."""
    meter, subdivision = draw(METERS), draw(st.sampled_from([1, 2, 3, 4, 6, 8, 12]))
    step = 480 // subdivision
    onsets = st.integers(0, (meter.bar_ticks - 1) // step).map(lambda number: number * step)
    lengths = st.integers(1, 60).map(lambda number: number * step)
    notes = st.builds(Note, onsets, st.integers(0, 128), st.integers(0, 127), lengths, st.integers(1, 127))
    return draw(st.lists(notes, max_size=30)), meter, subdivision


@pytest.mark.parametrize(
    ("subdivision", "swing", "expected"),
    [
        (2, 1, [0, 120, 320, 360, 480, 800]),
        (2, 0.5, [0, 120, 280, 360, 480, 760]),
        (4, 1, [0, 160, 240, 400, 480, 720]),
        (4, 0.3, [0, 132, 240, 372, 480, 720]),
        (3, 1, [0, 120, 240, 360, 480, 720]),
        (0, 1, [0, 120, 240, 360, 480, 720]),
    ],
)
def test_off_beats_of_the_subdivision_are_late(subdivision: int, swing: float, expected: list[int]) -> None:
    assert [swung_tick(tick, FOUR, subdivision, swing) for tick in (0, 120, 240, 360, 480, 720)] == expected


def test_pairs_begin_anew_at_each_bar_line() -> None:
    assert swung_tick(Meter(3, 8).bar_ticks, Meter(3, 8), 2, 1) == 720
    assert swung_tick(Meter(3, 8).bar_ticks + 240, Meter(3, 8), 2, 1) == 720 + 320


def test_notes_still_end_where_the_next_one_begins() -> None:
    notes = [Note(0, 0, 60, 120), Note(120, 0, 62, 120), Note(240, 0, 64, 360)]
    assert [(note.onset, note.duration) for note in swung(notes, FOUR, 4, 1)] == [(0, 160), (160, 80), (240, 400)]


@given(music(), st.floats(0, 1))
def test_swing_keeps_the_order_the_bar_and_what_is_struck(played: tuple[list[Note], Meter, int], swing: float) -> None:
    notes, meter, subdivision = played
    moved = swung(notes, meter, subdivision, swing)
    for before, after in zip(notes, moved, strict=True):
        assert before.onset <= after.onset < meter.bar_ticks
        assert (before.pitch, before.instrument, before.velocity) == (after.pitch, after.instrument, after.velocity)
    for one, first in zip(notes, moved, strict=True):
        for other, second in zip(notes, moved, strict=True):
            assert (one.onset < other.onset) == (first.onset < second.onset)
            if one.onset + one.duration <= other.onset:
                assert first.onset + first.duration <= second.onset
    assert swung(notes, meter, subdivision, 0) == tuple(notes)


@given(music(), st.floats(0, 1), st.integers(0, 2**31 - 1))
def test_humanised_notes_sound_within_their_own_time(
    played: tuple[list[Note], Meter, int], amount: float, seed: int
) -> None:
    notes, meter, _ = played
    human = humanized(notes, meter, amount, RATE, np.random.default_rng(seed))
    assert len(human) == len(notes)
    for before, after in zip(sorted(notes), human, strict=True):
        assert (before.instrument, before.pitch) == (after.instrument, after.pitch)
        assert before.onset <= after.onset < meter.bar_ticks
        assert before.onset + before.duration == after.onset + after.duration
        assert after.onset - before.onset <= 30
        assert abs(after.velocity - before.velocity) <= 23
    assert humanized(notes, meter, 0, RATE, np.random.default_rng(seed)) == tuple(sorted(notes))


def test_more_is_looser_and_the_same_generator_gives_the_same() -> None:
    notes = [Note(tick, 0, 60 + tick // 240, 240, 80) for tick in range(0, 1920, 240)]

    def lateness(amount: float, seed: int = 3) -> int:
        return sum(note.onset for note in humanized(notes, FOUR, amount, RATE, np.random.default_rng(seed)))

    assert lateness(0) < lateness(0.3) < lateness(1)
    assert lateness(0.5) == lateness(0.5) != lateness(0.5, seed=4)


def test_deviations_are_of_seconds_so_slow_music_is_no_looser() -> None:
    notes = [Note(0, 0, 60, 480)]
    slow, fast = (
        humanized(notes, FOUR, 1, Fraction(rate), np.random.default_rng(0))[0].onset / rate for rate in (480, 1920)
    )
    assert slow == pytest.approx(fast, abs=1 / 480)
