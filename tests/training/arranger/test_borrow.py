import random

import numpy as np

from training.arranger.borrow import Players, Voice, merged
from training.arranger.harmony import Key, looped, progression
from training.arranger.material import DRUMS, NONE

BAR = 1920


def test_a_borrowed_bass_follows_other_chords_in_another_key(players: Players) -> None:
    voice = players.voice(random.Random(0), "bass", BAR, 120.0)
    assert voice is not None
    chords = looped(progression("i bVI bIII bVII", 2), 16)
    notes = voice.over(random.Random(1), chords, Key(2, "minor"))
    assert notes is not None
    assert all(pitch % 12 == chords[2 * onset // BAR].root for onset, _, pitch, _ in notes.tolist())
    assert notes[:, 0].max() < 8 * BAR


def test_a_borrowed_pattern_repeats_exactly(players: Players) -> None:
    voice = Voice(players.bands[0], DRUMS)
    notes = voice.drummed(random.Random(0), 8)
    assert notes is not None
    first, second = (notes[notes[:, 0] // (4 * BAR) == half] for half in (0, 1))
    assert (first[:, 1:] == second[:, 1:]).all()
    assert (second[:, 0] - first[:, 0] == 4 * BAR).all()


def test_a_merged_beat_has_the_cymbals_of_another() -> None:
    beat = np.array([[0, 60, 36, 100], [240, 60, 42, 80], [480, 60, 38, 100]])
    colour = np.array([[0, 60, 51, 70], [480, 60, 36, 90]])
    assert merged(beat, colour)[:, [0, 2]].tolist() == [[0, 36], [0, 51], [480, 38]]


def test_tempi_far_away_are_not_borrowed(players: Players) -> None:
    assert players.voice(random.Random(0), "bass", BAR, 40.0) is None


def test_scores_are_kept_apart_from_bands(players: Players) -> None:
    score = players.stretch(random.Random(0), scores=True, bars=8)
    band = players.stretch(random.Random(0), scores=False, bars=8)
    assert score is not None
    assert score.source == "openscore_quartets"
    assert band is not None
    assert band.source == "freedoom"
    assert players.stretch(random.Random(0), scores=False, bars=500) is None


def test_without_material_nobody_can_be_hired() -> None:
    nobody = Players(NONE)
    assert nobody.voice(random.Random(0), "drums", BAR, 120.0) is None
    assert nobody.stretch(random.Random(0), scores=False, bars=1) is None
