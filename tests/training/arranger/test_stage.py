import random

import numpy as np

from training.arranger import form
from training.arranger.harmony import Key, looped, progression
from training.arranger.instruments import DRUMS
from training.arranger.material import Notes
from training.arranger.song import Page, Player, Song
from training.arranger.stage import performed

BAR = 1920


def every_beat(pitch: int) -> Page:
    def write(_: str) -> Notes:
        return np.array([[480 * beat, 400, pitch, 80] for beat in range(4 * 8)])

    return write


def song_of(text: str, seed: int) -> Song:
    chords = {label: looped(progression("I", 0), 16) for label in "ABC"}
    return Song(random.Random(seed), (4, 4), 120.0, Key(0, "major"), form.sections(text), chords)


def test_sections_follow_one_another_and_lifts_transpose() -> None:
    for seed in range(20):
        notes = performed(song_of("A8 A8+2", seed), [Player("lead", 0, every_beat(60))], np.random.default_rng(seed))
        begun = notes[(notes[:, 0] > 100) & (notes[:, 0] < 16 * BAR - 100)]
        assert set(begun[begun[:, 0] < 8 * BAR - 100, 2]) == {60}
        assert set(begun[begun[:, 0] > 8 * BAR + 100, 2]) == {62}


def test_everything_lies_inside_the_form_and_a_last_bar() -> None:
    for seed in range(20):
        band = [Player("drums", DRUMS, every_beat(38)), Player("bass", 33, every_beat(40))]
        notes = performed(song_of("A4< A8 B8 A8~", seed), band, np.random.default_rng(seed))
        assert notes[0, 0] < 2 * BAR
        assert notes[:, 0].min() >= 0
        assert notes[:, 0].max() <= 28 * BAR + 200
        assert (np.diff(notes[:, 0]) >= 0).all()
        assert len(np.unique(notes[:, [0, 2, 4]], axis=0)) == len(notes)


def test_a_piece_begins_in_its_first_bar() -> None:
    late = Player("lead", 0, lambda label: every_beat(60)(label)[14:])
    for seed in range(20):
        notes = performed(song_of("A8 A8", seed), [late], np.random.default_rng(seed))
        assert notes[0, 0] < BAR


def test_nobody_playing_is_an_empty_piece() -> None:
    assert performed(song_of("A8", 0), [Player("lead", 0, lambda _: None)], np.random.default_rng(0)).shape == (0, 5)
