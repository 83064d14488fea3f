"""Where notes stand in a bar, and what they are in it."""

import pytest

from amt.strokes import ROWS, Chord, Length, Place, place, strokes
from patterns.instruments import PERCUSSION
from patterns.meter import Meter
from patterns.note import DRUMS, Note

P = Place
SNARE, TOM = 38, 45


@pytest.mark.parametrize(
    ("meter", "ticks", "expected"),
    [
        (Meter(4, 4), (0, 480, 960, 1440), [P.BAR_LINE, P.BEAT, P.MIDDLE, P.BEAT]),
        (Meter(4, 4), (120, 240, 360, 160, 320, 60), [P.AFTER, P.HALF, P.BEFORE, P.FINE, P.FINE, P.FINE]),
        (Meter(4, 4), (10, 470, 950, 130), [P.BAR_LINE, P.BEAT, P.MIDDLE, P.AFTER]),
        (Meter(3, 4), (0, 480, 960, 720), [P.BAR_LINE, P.BEAT, P.BEAT, P.HALF]),
        (Meter(2, 4), (0, 480), [P.BAR_LINE, P.BEAT]),
        (Meter(6, 8), (0, 240, 480, 720, 960, 120), [P.BAR_LINE, P.HALF, P.HALF, P.BEAT, P.HALF, P.FINE]),
        (Meter(12, 8), (720, 1440, 2160), [P.BEAT, P.MIDDLE, P.BEAT]),
    ],
)
def test_places(meter: Meter, ticks: tuple[int, ...], expected: list[Place]) -> None:
    assert [place(tick, meter) for tick in ticks] == expected


def test_a_chord_has_a_top_and_inner_notes_of_its_own_instrument() -> None:
    bar = [Note(0, 0, pitch, 480) for pitch in (60, 64, 67)] + [Note(0, 33, 36, 480)]
    assert [stroke.chord for stroke in strokes(bar, Meter())] == [Chord.INNER, Chord.INNER, Chord.TOP, Chord.SINGLE]


def test_lengths_are_told_by_half_a_beat_and_a_beat() -> None:
    bar = [Note(480 * number, 0, 60, duration) for number, duration in enumerate((239, 240, 480))]
    assert [stroke.length for stroke in strokes(bar, Meter())] == [Length.SHORT, Length.MEDIUM, Length.LONG]


def rows(*keys_at: tuple[int, int]) -> list[str]:
    return [ROWS[stroke.row] for stroke in strokes([Note(onset, DRUMS, key, 60) for onset, key in keys_at], Meter())]


def test_a_snare_between_back_beats_is_told_from_one_that_has_none() -> None:
    assert rows((480, SNARE), (840, SNARE)) == ["snare", "ghost snare"]
    assert rows((960, SNARE), (1080, SNARE)) == ["snare", "snare"]


def test_toms_and_runs_make_a_fill_of_a_snare() -> None:
    assert rows((480, SNARE), (1560, SNARE), (1680, TOM)) == ["snare", "snare in fills", "toms"]
    run = [(1440 + 120 * step, SNARE) for step in range(4)]
    assert rows((480, SNARE), *run) == ["snare", *4 * ["snare in fills"]]


def test_a_piece_of_the_kit_is_told_by_what_is_struck_with_it() -> None:
    kit = [
        Note(onset, DRUMS, key, 60) for onset, key in ((0, 36), (0, 42), (480, SNARE), (480, 42), (480, 36), (720, 42))
    ]
    chords = [stroke.chord for stroke in strokes(kit, Meter())]
    on_snare, on_kick = Chord.ON_SNARE, Chord.ON_KICK
    assert chords == [Chord.SINGLE, on_kick, on_kick, on_snare, on_snare, Chord.SINGLE]


def test_a_piece_of_the_kit_is_struck_again_within_a_sixteenth() -> None:
    kit = [Note(onset, DRUMS, 36, 60) for onset in (0, 120, 360)]
    assert [stroke.length for stroke in strokes(kit, Meter())] == [Length.MEDIUM, Length.AGAIN, Length.MEDIUM]


def test_every_key_and_program_has_a_row() -> None:
    assert all(row in ROWS[16:] for row in rows(*((0, key) for key in PERCUSSION)))
    bar = [Note(0, program, 60, 60) for program in range(128)]
    assert [stroke.row for stroke in strokes(bar, Meter())] == [program // 8 for program in range(128)]
