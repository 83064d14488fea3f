import random

import numpy as np
import pytest

from training.arranger import form, writers
from training.arranger.harmony import Key, looped, progression
from training.arranger.song import Song
from training.arranger.styles import STYLES, Style


def song_of(style: Style, seed: int) -> Song:
    sections = form.sections("A8 B8")
    chords = {label: looped(progression(style.chords[0], 3), 16) for label in "AB"}
    return Song(random.Random(seed), style.meter, 120.0, Key(3, style.modes[0]), sections, chords)


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_every_role_of_every_style_writes_inside_its_bars(style: Style) -> None:
    for seed, role in enumerate(["drums", *style.band]):
        song = song_of(style, seed)
        player = writers.by_table(song, style, role)
        for label in "AB":
            notes = player.page(label)
            assert len(notes), role
            assert (notes[:, 0] >= 0).all()
            assert (notes[:, 0] < 8 * song.bar_ticks).all()
            assert (notes[:, 0] % 20 == 0).all()
            assert ((notes[:, 2] >= 0) & (notes[:, 2] <= 127)).all()


def test_doubles_play_what_their_leaders_play() -> None:
    style = STYLES["metal"]
    for seed in range(40):
        song = song_of(style, seed)
        leader = writers.by_table(song, style, "bass")
        for double in writers.doubled(song, [leader])[1:]:
            assert double.follows is leader
            assert set(np.unique(double.page("A")[:, 0])) == set(np.unique(leader.page("A")[:, 0]))


def test_bands_stay_small_enough() -> None:
    style = STYLES["rock"]
    song = song_of(style, 1)
    band = [writers.by_table(song, style, "lead") for _ in range(12)]
    assert len(writers.doubled(song, band)) == writers.MOST_PLAYERS
