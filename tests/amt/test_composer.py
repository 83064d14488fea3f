"""Bars from the real model: on the grid, by the named, the same again from the same beginnings."""

import itertools
from collections import Counter
from fractions import Fraction

import pytest

from amt.composer import Composer
from amt.ensemble import CHORD
from amt.passage import Passage
from amt.steering import Steering
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import DRUMS

BAND = Steering().set("instruments", "piano", "bass", "drums").set("seed", 11)


def play(
    composer: Composer, steering: Steering, bars: int, passage: Passage | None = None
) -> tuple[list[Bar], Passage]:
    passage = passage or composer.begin()
    music = []
    for _ in range(bars):
        bar, passage = composer.compose(passage, steering)
        music.append(bar)
    return music, passage


@pytest.fixture(scope="module")
def composer(decoder: object) -> Composer:
    return Composer(decoder)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tempo", "beats", "unit", "subdivision"),
    [(120, 4, 4, 4), (174, 4, 4, 4), (61.7, 3, 4, 3), (96, 7, 8, 4), (140, 6, 8, 8), (60, 5, 4, 1)],
)
def test_every_onset_is_on_the_grid(composer: Composer, tempo: float, beats: int, unit: int, subdivision: int) -> None:
    steering = BAND.set("tempo", tempo).set("meter", beats, unit).set("subdivision", subdivision)
    music, _ = play(composer, steering, 4)
    grid = set(steering.grid.onsets.tolist())
    assert all(bar.meter == Meter(beats, unit) for bar in music)
    assert [bar.index for bar in music] == [0, 1, 2, 3]
    assert all(bar.notes for bar in music)
    assert {note.onset for bar in music for note in bar.notes} <= grid
    assert all(note.duration % (480 // subdivision) == 0 for bar in music for note in bar.notes)


def test_a_session_begins_on_its_first_beat(composer: Composer) -> None:
    for seed in range(4):
        (bar,), _ = play(composer, BAND.set("seed", seed), 1)
        assert bar.notes[0].onset == 0


def test_the_band_plays_and_nobody_else(composer: Composer) -> None:
    heard: Counter[int] = Counter()
    for seed in range(6):
        music, _ = play(composer, BAND.set("seed", seed), 4)
        instruments = {note.instrument for bar in music for note in bar.notes}
        assert instruments <= {0, 33, DRUMS}
        heard.update(instruments)
    assert all(heard[program] >= 5 for program in (0, 33, DRUMS))


def test_the_key_and_a_range_hold_for_every_note(composer: Composer) -> None:
    music, _ = play(composer, BAND.set("key", "d", "dorian").set("range", "bass", 28, 52), 4)
    pitched = [note for bar in music for note in bar.notes if not note.is_drum]
    assert {note.pitch % 12 for note in pitched} <= {0, 2, 4, 5, 7, 9, 11}
    assert all(28 <= note.pitch <= 52 for note in pitched if note.instrument == 33)


def test_nothing_is_struck_twice_at_once(composer: Composer) -> None:
    music, _ = play(composer, BAND.set("instruments", "kick").set("top_p", 1), 3)
    for bar in music:
        struck = Counter((note.onset, note.instrument, note.pitch) for note in bar.notes)
        assert max(struck.values()) == 1


def test_chords_are_what_a_player_can_hold(composer: Composer) -> None:
    for seed in (3, 5, 9):
        music, _ = play(composer, BAND.set("seed", seed), 3)
        chords = Counter((bar.index, note.onset, note.instrument) for bar in music for note in bar.notes)
        assert max(chords.values()) <= CHORD


def test_the_same_seed_gives_the_same_music_and_another_does_not(composer: Composer) -> None:
    first, _ = play(composer, BAND, 3)
    assert play(composer, BAND, 3)[0] == first
    assert play(composer, BAND.set("seed", 12), 3)[0] != first
    assert play(composer, BAND.set("horizon", 1), 3)[0] == first


def test_a_bar_does_not_depend_on_what_was_composed_in_between(composer: Composer) -> None:
    _, passage = play(composer, BAND, 2)
    steered = BAND.set("instruments", "organ", "drums")
    bar, after = composer.compose(passage, steered)
    play(composer, BAND.set("seed", 99).set("tempo", 90), 5)
    composer.compose(passage, BAND)
    assert composer.compose(passage, steered) == (bar, after)
    assert composer.compose(passage, steered, variation=1)[0] != bar


def test_a_change_is_heard_in_the_very_next_bar(composer: Composer) -> None:
    _, passage = play(composer, BAND, 3)
    bar, _ = composer.compose(passage, BAND.set("instruments", "violin").set("meter", 3, 4))
    assert {note.instrument for note in bar.notes} == {40}
    assert bar.meter == Meter(3, 4)


def test_all_muted_is_an_empty_bar_and_music_comes_back(composer: Composer) -> None:
    _, passage = play(composer, BAND, 1)
    silent = BAND.set("mute", "piano", "bass", "drums")
    for _ in range(3):
        bar, passage = composer.compose(passage, silent)
        assert bar.notes == ()
    bar, _ = composer.compose(passage, BAND)
    assert bar.notes


def test_music_goes_on_when_the_window_moves(composer: Composer) -> None:
    passage = composer.begin()
    kept = []
    for index in range(24):
        bar, passage = composer.compose(passage, BAND)
        assert bar.index == index
        assert bar.notes
        kept.append(len(passage.past))
    assert any(after < before for before, after in itertools.pairwise(kept))
    assert passage.start == Fraction(24 * 200)
