import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.arranger import perform
from training.arranger.instruments import DRUMS, compass
from training.arranger.perform import Feel

EXACT = Feel(exact=True, swing=0.0, spread=0.0, drift=0.0, loop=0, flat=False)
HUMAN = Feel(exact=False, swing=0.0, spread=10.0, drift=10.0, loop=3840, flat=False)
rows = st.lists(
    st.tuples(
        st.integers(0, 200).map(lambda step: 120 * step),
        st.integers(20, 960),
        st.integers(20, 110),
        st.integers(1, 127),
    ),
    min_size=1,
    max_size=60,
)


@given(
    rows=rows,
    program=st.sampled_from([0, 33, 40, 73, DRUMS]),
    borrowed=st.booleans(),
    human=st.booleans(),
    seed=st.integers(0, 99),
)
def test_what_is_played_is_valid(rows: list, program: int, borrowed: bool, human: bool, seed: int) -> None:
    notes = np.array(sorted(rows), np.int64)
    how = HUMAN if human else EXACT
    played = perform.played(random.Random(seed), np.random.default_rng(seed), notes, program, borrowed, how)
    assert 1 <= len(played) <= len(notes)
    assert (played[:, 0] >= 0).all()
    assert (np.diff(played[:, 0]) >= 0).all()
    assert (played[:, 1] >= 1).all()
    assert ((played[:, 3] >= 1) & (played[:, 3] <= 127)).all()
    if program != DRUMS:
        low, high = compass(program)
        assert ((played[:, 2] >= low) & (played[:, 2] <= high)).all()
    if not human:
        assert (played[:, 0] % 20 == 0).all()
    for pitch in np.unique(played[:, 2]):
        mine = played[played[:, 2] == pitch]
        assert (mine[1:, 0] >= mine[:-1, 0] + mine[:-1, 1]).all(), "a pitch struck again ends the note before it"


def test_a_human_rhythm_snaps_to_the_grid_it_means() -> None:
    sixteenths = np.array([[3, 60, 60, 80], [118, 60, 60, 80], [245, 60, 60, 80], [357, 60, 60, 80]])
    triplets = np.array([[2, 60, 60, 80], [158, 60, 60, 80], [322, 60, 60, 80], [481, 60, 60, 80]])
    assert perform.snapped(sixteenths)[:, 0].tolist() == [0, 120, 240, 360]
    assert perform.snapped(triplets)[:, 0].tolist() == [0, 160, 320, 480]


def test_copied_takes_miss_the_beat_alike() -> None:
    notes = np.array([[480 * beat, 100, 60, 80] for beat in range(64)])
    how = Feel(exact=False, swing=0.0, spread=20.0, drift=0.0, loop=1920, flat=True)
    errors = [
        perform.played(random.Random(seed), np.random.default_rng(seed), notes, 0, False, how)[4:, 0] - notes[4:, 0]
        for seed in range(20)
    ]
    assert any(error.any() for error in errors)
    assert all((error[4:] == error[:-4]).all() for error in errors)


def test_swing_makes_triplets_of_eighths() -> None:
    straight = np.array([[onset, 100, 60, 80] for onset in (0, 120, 240, 360, 480)])
    assert perform.swung(straight, 1.0)[:, 0].tolist() == [0, 160, 320, 400, 480]
    assert perform.swung(straight, 0.0)[:, 0].tolist() == [0, 120, 240, 360, 480]


@given(st.lists(st.integers(-20, 140), min_size=1, max_size=9), st.integers(0, 127))
def test_folding_keeps_pitch_classes(pitches: list[int], program: int) -> None:
    low, high = compass(program)
    folded = perform.folded(np.array(pitches), program)
    assert ((folded - np.array(pitches)) % 12 == 0).all()
    assert ((folded >= low) & (folded <= high)).all()
