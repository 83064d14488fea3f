from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt.metronome import ANY, STRAIGHT, TRIPLETS
from amt.vocabulary import PITCHES
from patterns.meter import Meter
from patterns.note import DRUMS
from tests.training.pieces import band, eighths
from training.excerpt import (
    SIMILAR_DRUMS,
    VARIATIONS,
    Excerpt,
    bar_lines,
    clicks,
    cut,
    events,
    feel,
    somewhere,
    straighten,
)


@pytest.mark.parametrize("name", VARIATIONS)
@given(seed=st.integers(0, 999))
def test_a_variation_keeps_an_excerpt_whole(name: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    piece = band(seed=seed)
    before = cut(piece, somewhere(random, piece))
    kept = [column.copy() for column in (before.onsets, before.durations, before.programs, before.pitches)]
    after = VARIATIONS[name](random, before)
    assert len({len(column) for column in (after.onsets, after.durations, after.programs, after.pitches)}) == 1
    assert (np.diff(after.onsets) >= 0).all()
    assert (after.onsets >= 0).all()
    assert (after.durations >= 1).all()
    assert ((after.pitches >= 0) & (after.pitches < PITCHES)).all()
    assert ((after.programs >= 0) & (after.programs <= DRUMS)).all()
    assert 45 <= after.tempo <= 240
    drums = (before.programs == DRUMS).sum()
    if name != "drop_instruments":
        assert (after.programs == DRUMS).sum() == drums, "drums stay drums"
    for column, same in zip((before.onsets, before.durations, before.programs, before.pitches), kept, strict=True):
        np.testing.assert_array_equal(column, same)


def drawn(name: str, excerpt: Excerpt, seed: int = 0) -> Excerpt:
    return VARIATIONS[name](np.random.default_rng(seed), excerpt)


def test_what_variations_change() -> None:
    excerpt = cut(band(), 0)
    melodic = excerpt.programs != DRUMS
    moved = drawn("transpose", excerpt).pitches - excerpt.pitches
    assert set(moved[~melodic]) == {0}
    assert len(set(moved[melodic])) == 1
    other = drawn("substitute", excerpt).programs
    assert (other // 8 == excerpt.programs // 8).all()
    assert (other != excerpt.programs).any()
    assert (drawn("quantise", excerpt).onsets % 40 == 0).all()
    slow, fast = (drawn("double_time", excerpt, seed) for seed in (1, 0))
    assert {slow.tempo, fast.tempo} <= {60.0, 240.0}
    np.testing.assert_allclose(fast.onsets * fast.steps_per_tick, excerpt.onsets * excerpt.steps_per_tick, atol=0.3)
    fewer = set(drawn("drop_instruments", excerpt).programs)
    assert fewer < set(excerpt.programs)


def test_similar_drums_name_each_key_once() -> None:
    keys = [key for similar in SIMILAR_DRUMS for key in similar]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("meter", "ticks"), [(Meter(4, 4), 480), (Meter(6, 8), 720), (Meter(12, 8), 720), (Meter(7, 8), 240)]
)
def test_the_click_beats_the_meter_from_the_phase_on(meter: Meter, ticks: int) -> None:
    piece = eighths(meter=meter)
    found = clicks(cut(piece, meter.bar_ticks))
    bells = found[:, 2] - DRUMS * PITCHES == 34
    assert found[0].tolist() == [0, 10, DRUMS * PITCHES + 34]
    assert set(np.diff(found[bells, 0])) == {meter.bar_ticks * 100 // 960}
    assert set(np.diff(found[:, 0])) == {ticks * 100 // 960}
    later = clicks(replace(cut(piece, 0), phase=ticks))
    assert later[0, 2] - DRUMS * PITCHES == 33, "the start is the second beat"


def test_events_are_steps_and_end_where_there_is_no_token() -> None:
    rows = events(cut(eighths(), 1_920))
    assert rows[:3].tolist() == [[0, 12, 60], [25, 12, 60], [50, 12, 60]]
    assert events(replace(cut(eighths(), 0), tempo=45.0))[:, 0].max() < 9_999


def test_straightened_onsets_are_sixteenths_and_the_feel_says_so() -> None:
    random = np.random.default_rng(0)
    human = cut(band(), 0)
    assert feel(human) == ANY
    exact = straighten(random, human)
    assert len(exact) == len(human)
    assert (exact.onsets % 120 == 0).all()
    assert feel(exact) == STRAIGHT
    swung = replace(exact, onsets=exact.onsets // 120 * 160 // 80 * 80)
    assert feel(swung) == TRIPLETS
    assert straighten(random, swung) is swung


def test_bar_lines_count_from_the_piece_s() -> None:
    excerpt = cut(band(bars=4), 0)
    assert bar_lines(excerpt).tolist() == [1920, 3840, 5760]
    later = replace(excerpt, phase=480)
    assert bar_lines(later)[:2].tolist() == [1440, 3360]
