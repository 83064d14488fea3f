"""Strong beats are louder, ghost notes softer; a phrase swells; the same bar is always struck alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt.strokes import ROWS, Place, Stroke
from amt.touch import touch
from amt.velocity import SWELL, struck, velocity
from patterns.meter import Meter
from patterns.note import DRUMS, Note

FOUR = Meter(4, 4)
KICK, SNARE, HAT = 36, 38, 42

notes = st.builds(Note, st.integers(0, 1919), st.integers(0, DRUMS), st.integers(0, 127), st.integers(1, 4000))


def drums(*strokes: tuple[int, int]) -> dict[tuple[int, int], int]:
    """Onset and key → velocity in a bar of 4/4."""
    bar = [Note(onset, DRUMS, key, 60) for onset, key in strokes]
    return {(note.onset, note.pitch): note.velocity for note in struck(bar, FOUR, 0)}


@given(st.lists(notes, max_size=40), st.integers(1, 16), st.sampled_from([2, 4, 8, 16]), st.integers(0, 10**6))
def test_every_note_keeps_what_it_is_and_gets_a_midi_velocity(
    bar: list[Note], beats: int, denominator: int, index: int
) -> None:
    found = struck(bar, Meter(beats, denominator), index)
    assert [(n.onset, n.instrument, n.pitch, n.duration) for n in found] == [
        (n.onset, n.instrument, n.pitch, n.duration) for n in bar
    ]
    assert all(1 <= note.velocity <= 127 for note in found)


@given(st.permutations([Note(0, 0, 60, 480), Note(0, 0, 64, 480), Note(240, DRUMS, SNARE, 60), Note(480, 33, 40, 90)]))
def test_the_same_bar_is_struck_alike_in_whatever_order_its_notes_stand(bar: list[Note]) -> None:
    assert sorted(struck(bar, FOUR, 3)) == sorted(struck(sorted(bar), FOUR, 3))


def test_accents_fall_from_bar_line_to_half_beats_to_sixteenths() -> None:
    """In the mean over the families: a single one's accents are as few parts played them."""
    by_place = np.array([touch(row).places for row in range(16)]).mean(axis=0)
    assert by_place[Place.BAR_LINE] > by_place[Place.HALF] > by_place[Place.AFTER]


@pytest.mark.parametrize("piece", ["kick", "closed hat", "ride", "crash"])
def test_the_kit_is_softer_off_the_beat(piece: str) -> None:
    places = touch(ROWS.index(piece)).places
    on, half, off = (min(places[:3]), places[Place.HALF], max(places[Place.AFTER], places[Place.BEFORE]))
    assert on > half > off


def test_ghost_notes_are_softer_than_back_beats() -> None:
    bar = drums((480, SNARE), (840, SNARE), (1080, SNARE), (1440, SNARE))
    assert bar[480, SNARE] == bar[1440, SNARE]
    assert max(bar[840, SNARE], bar[1080, SNARE]) < bar[480, SNARE] - 25


def test_a_snare_that_has_the_bar_for_itself_plays_no_ghost_notes() -> None:
    assert drums((960, SNARE))[960, SNARE] > drums((480, SNARE), (960, SNARE))[960, SNARE] + 15


def test_a_snare_is_no_ghost_in_a_fill() -> None:
    ghost = drums((480, SNARE), (1560, SNARE))[1560, SNARE]
    assert drums((480, SNARE), (1560, SNARE), (1680, 45))[1560, SNARE] > ghost


def test_a_hat_is_softer_than_a_back_beat() -> None:
    bar = drums((480, SNARE), (480, HAT), (720, HAT), (0, KICK))
    assert bar[720, HAT] < bar[480, HAT] < bar[480, SNARE]


def test_a_hat_is_accented_with_the_snare() -> None:
    assert drums((480, SNARE), (480, HAT))[480, HAT] > drums((480, HAT))[480, HAT] + 5


def test_the_second_of_two_quick_strokes_is_softer() -> None:
    assert drums((960, KICK), (1080, KICK))[1080, KICK] < drums((1080, KICK))[1080, KICK]


def test_a_phrase_begins_relaxed_and_swells_towards_its_fourth_and_eighth_bar() -> None:
    stroke = Stroke(0, Place.BAR_LINE)
    bars = [velocity(stroke, index) for index in range(16)]
    assert bars[:8] == bars[8:]
    assert min(bars) == bars[0]
    assert max(bars) == bars[7]
    assert max(bars[:4]) == bars[3]
    assert max(map(abs, SWELL)) <= 4
