from pathlib import Path

import numpy as np
import pytest

from training.arranger import material
from training.arranger.borrow import Players
from training.arranger.instruments import DRUMS, compass
from training.arranger.piece import FEWEST_NOTES, made

PIECES = 60
CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus" / "train.npz"


def test_pieces_are_valid(players: Players) -> None:
    names = set()
    for index in range(PIECES):
        piece = made(3, index, players)
        names.add(piece.name)
        onsets, durations, pitches, velocities, programs = piece.notes.T
        bar = 1920 * piece.meter[0] // piece.meter[1]
        assert len(onsets) >= FEWEST_NOTES
        assert (np.diff(onsets) >= 0).all()
        assert onsets[0] >= 0
        assert onsets[-1] <= 81 * bar
        assert onsets[-1] >= 8 * bar
        assert (durations >= 1).all()
        assert durations.max() <= 9600
        assert ((velocities >= 1) & (velocities <= 127)).all()
        assert 1 <= len(np.unique(programs)) <= 9
        assert 60 <= piece.tempo <= 180
        for program in np.unique(programs[programs != DRUMS]):
            low, high = compass(int(program))
            mine = pitches[programs == program]
            assert low <= mine.min()
            assert mine.max() <= high
    assert {"made_mashup", "made_patchwork"} < names
    assert len(names) > 10


def test_half_of_the_pieces_or_more_are_on_the_grid(players: Players) -> None:
    exact = [(made(4, index, players).notes[:, 0] % 20 == 0).all() for index in range(PIECES)]
    assert 0.5 < np.mean(exact) < 0.95


def test_the_same_seed_is_the_same_piece_and_another_is_not(players: Players) -> None:
    once, again, other = made(5, 7, players), made(5, 7, players), made(6, 7, players)
    assert once.name == again.name
    assert (once.notes == again.notes).all()
    assert len(other.notes) != len(once.notes) or not (other.notes == once.notes).all()


def test_styles_alone_do_without_material() -> None:
    nobody = Players(material.NONE)
    assert all(made(1, index, nobody).name not in ("made_mashup", "made_patchwork") for index in range(10))


@pytest.mark.skipif(not CORPUS.is_file(), reason="shared/corpus is not beside this checkout")
def test_human_scores_play_with_bands() -> None:
    players = Players(material.read(CORPUS))
    names = {made(1, index, players).name for index in range(80)}
    assert {"made_crossover", "made_mashup", "made_patchwork"} < names
