"""Only what is steered may be played, and the silent are lifted."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amt import score
from amt.anticipation import Event
from amt.ensemble import HIGHEST_LIFT, Ensemble
from amt.form import Remembered
from amt.habits import habit
from amt.steering import Steering
from amt.vocabulary import NOTE, PITCHES
from patterns.meter import Meter
from patterns.note import DRUMS, Note

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
    return -float(ensemble.onset_biases(now, [], np.array([BEAT]))[0])


def test_onsets_lean_towards_what_such_a_band_usually_plays() -> None:
    usual = sum(habit(program).usual for program in (0, 33, DRUMS))
    assert onset_lean(0.5, playing(DRUMS, range(0, 600, round(BEAT / usual / 2))), 600) < 0
    assert onset_lean(0.5, playing(DRUMS, range(0, 600, round(2 * BEAT / usual))), 600) > 0
    assert onset_lean(0.5, playing(0, range(0, 50, 50)), 150) > 0, "an opening that dies out"


def test_onsets_lean_towards_what_is_asked_for() -> None:
    busy = playing(DRUMS, range(0, 600, 4))
    calm = playing(DRUMS, range(0, 600, 12))
    assert onset_lean(0.2, busy, 600) < onset_lean(0.2, calm, 600) < 0
    assert onset_lean(0.8, calm, 600) > onset_lean(0.8, busy, 600) > 0


def test_a_free_ensemble_is_as_dense_as_the_model_has_it() -> None:
    assert onset_lean(0.5, playing(0, range(0, 50, 50)), 150, BAND.set("instruments")) == 0


def test_a_chord_goes_on_until_it_has_as_many_notes_as_is_usual() -> None:
    ensemble = Ensemble(BAND, BEAT)
    ensemble.begin(score.rows([Event(0, 10, 60)]), 0)
    piano = [number * 4 + 60 for number in range(4)]
    again = [float(ensemble.onset_biases(0, piano[:count], np.array([0, 25]))[0]) for count in range(1, 4)]
    assert again[0] > again[1] > again[2], "two notes of a piano are usual, more than three are not"
    row = np.searchsorted(ensemble.rows, NOTE + 72)
    lifts = [float(ensemble.biases(0, piano[:count])[row]) for count in range(1, 4)]  # type: ignore[index]
    assert lifts == sorted(lifts, reverse=True)


def test_a_bass_is_not_asked_for_two_notes_at_once() -> None:
    bass = 33 * PITCHES + 40
    ensemble = Ensemble(BAND.set("instruments", "bass").set("density", 0.8), BEAT)
    ensemble.begin(score.rows([Event(0, 10, bass)]), 0)
    again, following = ensemble.onset_biases(0, [bass], np.array([0, 12]))
    assert again < following


def test_what_sounded_at_this_place_before_is_lifted() -> None:
    ensemble = Ensemble(BAND, BEAT)
    ensemble.begin(score.NOTHING, 0)
    memory = [Remembered(Meter(), (Note(0, 0, 60, 480), Note(480, 0, 62, 480), Note(0, 40, 62, 480)))]
    places = ensemble.echo(memory, 1, Meter())
    assert {(onset, place.note) for onset, several in places.items() for place in several} == {(0, 60), (480, 62)}
    plain, echoed = ensemble.biases(0), ensemble.biases(0, (), places[0])
    assert plain is not None
    assert echoed is not None
    assert (ensemble.rows[np.flatnonzero(echoed != plain)] == [NOTE + 60]).all()


def test_one_that_plays_too_much_is_lowered_and_recovers() -> None:
    ensemble = Ensemble(BAND, BEAT)
    ensemble.begin(score.rows(playing(33, range(0, 400, 6))), 0)
    too_much = lift(ensemble, 33, 400)
    assert too_much < -1
    ensemble.begin(score.rows(playing(33, range(0, 400, 50))), 0)
    assert lift(ensemble, 33, 400) > too_much + 3


def test_one_whose_share_is_less_than_usual_is_lifted() -> None:
    ensemble = Ensemble(BAND, BEAT)
    ensemble.begin(score.rows(sorted([*playing(33, range(0, 400, 12)), *playing(DRUMS, range(0, 400, 50))])), 0)
    assert lift(ensemble, 33, 400) < 0 < lift(ensemble, DRUMS, 400)


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
