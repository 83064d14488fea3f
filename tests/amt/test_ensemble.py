"""Only what is steered may be played, and the silent are lifted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt import score
from amt.anticipation import Event
from amt.ensemble import HIGHEST_LIFT, Ensemble
from amt.steering import Steering
from amt.vocabulary import NOTE, PITCHES
from patterns.note import DRUMS

BAND = Steering().set("instruments", "piano", "bass", "drums")
BEAT = 50


def notes(steering: Steering) -> set[tuple[int, int]]:
    return {divmod(int(row) - NOTE, PITCHES) for row in Ensemble(steering, BEAT).rows}


def lift(ensemble: Ensemble, program: int, now: int) -> float:
    row = np.searchsorted(ensemble.rows, NOTE + program * PITCHES + 60)
    biases = ensemble.biases(now)
    assert biases is not None
    return float(biases[row])


def playing(program: int, times: range) -> list[Event]:
    return [Event(time, 10, program * PITCHES + 60) for time in times]


def test_rows_are_those_of_the_named_instruments() -> None:
    assert {program for program, _ in notes(BAND)} == {0, 33, DRUMS}
    assert {pitch for program, pitch in notes(BAND) if program == 33} == set(range(PITCHES))


def test_the_drums_play_the_kit_and_not_the_metronome() -> None:
    assert {pitch for program, pitch in notes(BAND) if program == DRUMS} == set(range(35, 82))


def test_a_key_binds_pitched_instruments_and_not_the_drums() -> None:
    allowed = notes(BAND.set("key", "d", "dorian"))
    assert {pitch % 12 for program, pitch in allowed if program != DRUMS} == {0, 2, 4, 5, 7, 9, 11}
    assert {note for note in allowed if note[0] == DRUMS} == {note for note in notes(BAND) if note[0] == DRUMS}


def test_a_range_binds_its_instrument_alone() -> None:
    allowed = notes(BAND.set("range", "bass", 28, 52))
    assert {pitch for program, pitch in allowed if program == 33} == set(range(28, 53))
    assert {pitch for program, pitch in allowed if program == 0} == set(range(128))


def test_a_piece_of_the_kit_is_that_piece_alone() -> None:
    assert notes(BAND.set("instruments", "kick")) <= {(DRUMS, 35), (DRUMS, 36)}


def test_nobody_left_means_no_rows() -> None:
    assert len(Ensemble(BAND.set("solo", "bass").set("mute", "bass"), BEAT).rows) == 0


def test_the_longer_silent_the_higher_the_lift() -> None:
    ensemble = Ensemble(BAND, BEAT)
    ensemble.begin(score.rows([*playing(33, range(0, 50, 50)), *playing(0, range(0, 400, 50))]), 0)
    lifts = [lift(ensemble, 33, now) for now in (60, 200, 400)]
    assert lifts == sorted(set(lifts))
    assert lift(ensemble, 33, 100_000) == HIGHEST_LIFT


def test_one_not_heard_yet_is_lifted_more_than_one_that_was() -> None:
    ensemble = Ensemble(BAND, BEAT)
    ensemble.begin(score.rows(playing(33, range(0, 50, 50))), 0)
    assert lift(ensemble, 0, 100) > lift(ensemble, 33, 100)


def test_instruments_enter_in_the_order_named() -> None:
    ensemble = Ensemble(BAND, BEAT)
    ensemble.begin(score.NOTHING, 0)
    piano, bass, drums = (lift(ensemble, program, 0) for program in (0, 33, DRUMS))
    assert piano > bass > drums


def test_who_is_silent_for_long_comes_first_even_in_sparse_music() -> None:
    ensemble = Ensemble(BAND.set("density", 0), BEAT)
    ensemble.begin(score.rows([*playing(33, range(0, 50, 50)), *playing(0, range(0, 700, 50))]), 0)
    assert lift(ensemble, 33, 700) > lift(ensemble, 33, 500) + 4
    assert lift(ensemble, 33, 700) > 10


def test_sparse_music_waits_longer_before_it_calls_for_anybody() -> None:
    lifts = []
    for density in (0.2, 0.5, 0.8):
        ensemble = Ensemble(BAND.set("density", density), BEAT)
        ensemble.begin(score.rows(playing(33, range(0, 50, 50))), 0)
        lifts.append(lift(ensemble, 33, 120))
    assert lifts == sorted(set(lifts))


def onset_lean(density: float, played: list[Event], now: int, steering: Steering = BAND) -> float:
    """By how much an onset a beat ahead is lowered."""
    ensemble = Ensemble(steering.set("density", density), BEAT)
    ensemble.begin(score.rows(played), 0)
    biases = ensemble.onset_biases(now, 0, np.array([BEAT]))
    return 0.0 if biases is None else -float(biases[0])


def test_onsets_are_the_models_own_at_half_once_a_piece_has_opened() -> None:
    played = [*playing(0, range(0, 600, 50)), *playing(33, range(0, 600, 200))]
    assert onset_lean(0.5, sorted(played), 600) == 0
    assert onset_lean(0.5, [], 600) == 0


def test_onsets_lean_towards_what_is_asked_for() -> None:
    busy = playing(DRUMS, range(0, 600, 4))
    calm = playing(DRUMS, range(0, 600, 12))
    assert onset_lean(0.2, busy, 600) < onset_lean(0.2, calm, 600) < 0
    assert onset_lean(0.8, calm, 600) > onset_lean(0.8, busy, 600) > 0


def test_an_opening_that_dies_out_is_kept_going_and_a_free_one_left_alone() -> None:
    assert onset_lean(0.5, playing(0, range(0, 50, 50)), 150) > 0
    assert onset_lean(0.5, playing(0, range(0, 50, 50)), 150, BAND.set("instruments")) == 0


def test_one_that_plays_too_much_is_lowered_and_recovers() -> None:
    ensemble = Ensemble(BAND, BEAT)
    ensemble.begin(score.rows(playing(33, range(0, 400, 6))), 0)
    assert lift(ensemble, 33, 400) < -1
    ensemble.begin(score.rows(playing(33, range(0, 400, 50))), 0)
    assert lift(ensemble, 33, 400) == pytest.approx(0)


def test_a_free_ensemble_is_left_to_the_model() -> None:
    ensemble = Ensemble(Steering().set("instruments"), BEAT)
    ensemble.begin(score.rows(playing(33, range(0, 400, 6))), 0)
    assert ensemble.biases(500) is None


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from([0, 33, DRUMS, 60])), max_size=30))
def test_biases_are_finite_whatever_was_played(played: list[tuple[int, int]]) -> None:
    ensemble = Ensemble(BAND, BEAT)
    ensemble.begin(score.rows([Event(time, 10, program * PITCHES + 60) for time, program in sorted(played)]), 0)
    biases = ensemble.biases(300)
    assert biases is not None
    assert biases.dtype == np.float32
    assert biases.shape == ensemble.rows.shape
    assert np.isfinite(biases).all()


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from([0, 33, DRUMS, 60])), max_size=30))
def test_what_was_played_counts_the_same_at_once_or_event_by_event(played: list[tuple[int, int]]) -> None:
    events = [Event(time, 10, program * PITCHES + 60) for time, program in sorted(played)]
    at_once, one_by_one = Ensemble(BAND, BEAT), Ensemble(BAND, BEAT)
    at_once.begin(score.rows(events), 0)
    one_by_one.begin(score.NOTHING, 0)
    for event in events:
        one_by_one.note(event)
    for now in (300, 450):
        np.testing.assert_allclose(at_once.biases(now), one_by_one.biases(now), rtol=1e-5)  # type: ignore[arg-type]
