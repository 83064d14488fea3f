import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.arranger import patterns
from training.arranger.harmony import Key, progression, scale_pitches

BAR = 1920
KEY = Key(0, "major")
CHORDS = progression("I vi IV V7", 0)
seeds = st.integers(0, 9999)


def test_strokes_hold_and_rest_and_bars_alternate() -> None:
    found = list(patterns.strokes("x-.o|..x-", 3, BAR))
    assert found == [(0, 0, 960, "x"), (0, 1440, 480, "o"), (1, 960, 960, "x"), (2, 0, 960, "x"), (2, 1440, 480, "o")]


def test_twelve_steps_are_triplets() -> None:
    assert [onset for _, onset, _, _ in patterns.strokes("xxxxxxxxxxxx", 1, BAR)] == list(range(0, BAR, 160))


def test_a_grid_strikes_the_drums_it_names() -> None:
    notes = patterns.drum_grid({"kick": "x...", "hat": ".o.g"}, 2, BAR)
    assert notes[:, [0, 2]].tolist() == [[0, 36], [1920, 36], [480, 42], [1440, 42], [2400, 42], [3360, 42]]
    assert notes[0, 3] > notes[2, 3] > notes[3, 3]


def test_a_bass_follows_the_roots() -> None:
    notes = patterns.bass_line(random.Random(0), "r-------5-------", CHORDS, KEY, BAR, 36)
    assert (notes[:, 2] % 12).tolist() == [0, 7, 9, 4, 5, 0, 7, 2]


def test_power_chords_are_fifths_and_octaves() -> None:
    notes = patterns.bass_line(random.Random(0), "P---R---", CHORDS[:2], KEY, BAR, 40, power=True)
    assert notes[:, 2].tolist() == [48, 55, 60, 48, 55]


def test_an_approach_lands_beside_the_next_root() -> None:
    for seed in range(10):
        notes = patterns.bass_line(random.Random(seed), "...............a", progression("I IV", 0), KEY, BAR, 36)
        assert 1 <= abs(notes[0, 2] - 41) <= 2


def test_chords_hit_low_and_high() -> None:
    notes = patterns.chord_hits("l...h...", CHORDS[:2], BAR, 60, 3)
    assert notes[0, 2] == 48
    assert (notes[1:, 2] % 12).tolist() == [4, 7]


def test_a_pad_holds_until_the_chord_changes() -> None:
    notes = patterns.held_chords(progression("I I IV-V", 0), BAR, 55, 3)
    assert sorted(set(zip(notes[:, 0].tolist(), notes[:, 1].tolist(), strict=True))) == [
        (0, 3840),
        (3840, 960),
        (4800, 960),
    ]


def test_an_arpeggio_climbs_the_chord() -> None:
    assert patterns.arpeggio("0123", CHORDS[:2], BAR, 60)[:, 2].tolist() == [60, 64, 67, 72]


@given(seed=seeds, rhythm=st.sampled_from(["x-x-x---x---x-x-", "xxxxxxxx", "x-----x-|..x-x-x-"]))
def test_a_melody_stays_in_range_and_in_the_piece(seed: int, rhythm: str) -> None:
    notes = patterns.melody(random.Random(seed), [rhythm], CHORDS, KEY, BAR, 60, 82)
    assert len(notes)
    assert (notes[:, 2] >= 57).all()
    assert (notes[:, 2] <= 85).all()
    assert (notes[:, 0] + notes[:, 1]).max() <= 4 * BAR


@given(seed=seeds)
def test_a_counter_line_is_of_the_chords(seed: int) -> None:
    notes = patterns.counter_line(random.Random(seed), CHORDS, BAR, 55)
    for onset, _, pitch, _ in notes.tolist():
        chord = CHORDS[2 * onset // BAR]
        assert (pitch - chord.root) % 12 in {tone % 12 for tone in chord.tones}


@given(seed=seeds, steps=st.integers(-7, 7))
def test_harmonised_lines_stay_in_the_key(seed: int, steps: int) -> None:
    line = scale_pitches(KEY, 48, 84)
    pitches = random.Random(seed).choices(line, k=8)
    notes = patterns.notes_of([(120 * place, 120, pitch, 80) for place, pitch in enumerate(pitches)])
    moved = patterns.harmonised(notes, KEY, steps)
    assert set(moved[:, 2] % 12) <= KEY.pitch_classes
    assert (np.sign(moved[:, 2] - notes[:, 2]) == np.sign(steps)).all()


@pytest.mark.parametrize("bars", [1, 3, 8])
def test_repeated_loops_fill_the_bars(bars: int) -> None:
    loop = patterns.notes_of([(0, 60, 36, 100), (BAR, 60, 38, 100)])
    notes = patterns.repeated(loop, 2, bars, BAR)
    assert notes[:, 0].tolist() == [bar * BAR for bar in range(bars)]
