"""What sounded before is lifted where bars wander, and lowered where they only repeat themselves."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amt.form import FRESH, KEPT, STRONGEST, WEAR, Echo, Place, Remembered, alike, echo, lift, wear
from amt.habits import LAGS, PHRASE, form
from patterns.grid import Grid
from patterns.meter import Meter
from patterns.note import Note

BAR = Meter(4, 4)
GRID = Grid(120, BAR, 4)
RIFF = (Note(0, 0, 60, 240), Note(480, 0, 64, 240), Note(960, 33, 40, 480))
OTHER = (Note(240, 0, 61, 240), Note(720, 0, 65, 240), Note(1200, 33, 41, 480))


def bar(notes: tuple[Note, ...], meter: Meter = BAR) -> Remembered:
    return Remembered(meter, notes)


def program(note: int) -> int:
    return note // 128


def usual(_: int) -> tuple[float, ...]:
    return (0.3,) * len(LAGS)


def lifts(memory: list[Remembered], index: int) -> dict[tuple[int, int], float]:
    places = echo(memory, index, BAR, program, usual)
    return {(onset, place.note): place.lift for onset, several in places.items() for place in several}


def test_how_alike_bars_are_is_counted_for_each_voice() -> None:
    found = alike([bar(RIFF), bar((*RIFF[:1], *OTHER[2:]))], 1, program)
    assert found == {0: (0.5, 1), 33: (0.0, 1)}
    assert alike([bar(RIFF)] * 5, 4, program) == {0: (1.0, 1), 33: (1.0, 1)}


def test_bars_of_another_meter_are_not_compared() -> None:
    assert alike([bar(RIFF), bar(RIFF, Meter(3, 4))], 1, program) == {}
    assert echo([bar(RIFF, Meter(3, 4))], 1, BAR, program, usual) == {}


@given(st.floats(0, 1), st.floats(0, 5), st.floats(0, 5), st.integers(0, 7), st.floats(0.5, 1.5))
def test_the_more_alike_bars_were_the_less_is_lifted(
    usual: float, one: float, other: float, pairs: int, factor: float
) -> None:
    less, more = sorted((one, other))
    assert lift(usual, less, pairs, factor) >= lift(usual, more, pairs, factor)


def test_bars_as_alike_as_is_usual_are_left_alone() -> None:
    assert abs(lift(0.4, 0.4 * 1000, 1000, 1.0)) < 0.01


def test_a_band_that_wanders_is_led_back_and_one_that_is_stuck_led_away() -> None:
    wandering = [
        bar(tuple(Note(note.onset, note.instrument, note.pitch + index, 240) for note in RIFF)) for index in range(4)
    ]
    assert all(value > 0 for value in lifts(wandering, 4).values())
    assert all(value < 0 for value in lifts([bar(RIFF)] * 8, 8).values())


def loop(different: int, length: int = KEPT) -> list[Remembered]:
    """So many different bars over and over."""
    return [
        bar((Note(0, 0, 60 + index % different, 240), Note(480, 33, 40, 240), Note(480, 128, 36, 60)))
        for index in range(length)
    ]


def test_a_loop_is_worn_the_more_the_fewer_its_bars_are() -> None:
    found = [wear(loop(different)) for different in range(1, FRESH + 1)]
    assert found == sorted(found, reverse=True)
    assert (found[0], found[-1]) == (WEAR, 0)


@given(st.integers(1, 8), st.integers(0, KEPT - 1))
def test_no_loop_is_worn_before_it_has_gone_round_for_long(different: int, length: int) -> None:
    assert wear(loop(different, length)) == 0
    assert all(
        place.wear == 0 for places in echo(loop(1, length), length, BAR, program, usual).values() for place in places
    )


def test_silence_is_no_loop() -> None:
    assert wear([bar(())] * KEPT) == 0


def test_a_worn_loop_keeps_its_rhythm_and_its_drums_but_not_its_notes() -> None:
    memory = [*loop(1, 1), bar((Note(960, 0, 72, 240),)), *loop(1, KEPT - 2)]
    places = {
        (onset, place.note): place for onset, each in echo(memory, KEPT, BAR, program, usual).items() for place in each
    }
    assert places[0, 60].wear == places[480, 33 * 128 + 40].wear == wear(memory) > 0
    assert places[480, 128 * 128 + 36].wear == 0
    assert places[960, 72].lift == 0, "too long ago to sound again, but not to be worn"
    pulls = Echo({0: [places[0, 60]]}, GRID).onsets(np.array([0]))
    assert pulls.tolist() == [places[0, 60].lift], "the onset's pull knows no wear"


def test_drums_alone_are_worn_as_well() -> None:
    memory = [bar((Note(0, 128, 36, 60), Note(480, 128, 38, 60)))] * KEPT
    assert {place.wear for each in echo(memory, KEPT, BAR, program, usual).values() for place in each} == {WEAR}


def test_who_no_longer_plays_wears_nothing() -> None:
    memory = [bar((Note(0, 0, 60, 240),))] * KEPT
    assert echo(memory, KEPT, BAR, lambda _: -1, usual) == {}


def test_what_came_back_more_often_is_lifted_more() -> None:
    found = lifts([bar(RIFF), bar((RIFF[0], OTHER[1]))], 2)
    assert found[0, 60] > found[480, 64] > 0
    assert found[0, 60] > found[720, 65] > 0


@given(st.lists(st.lists(st.tuples(st.integers(0, 15), st.integers(60, 64)), max_size=6), max_size=KEPT))
def test_a_lift_is_bounded_and_of_what_sounded(bars: list[list[tuple[int, int]]]) -> None:
    memory = [bar(tuple(Note(step * 120, 0, pitch, 120) for step, pitch in set(each))) for each in bars]
    found = lifts(memory, len(memory))
    assert set(found) <= {strike for each in memory for strike in each.strikes}
    assert all(-STRONGEST <= value <= STRONGEST for value in found.values())


def test_a_phrase_answers_itself() -> None:
    """As measured: a phrase begins with something new, and its second half is like the first."""
    first, *_, last = (form(index) for index in range(PHRASE))
    assert first == form(PHRASE)
    assert first[LAGS.index(1)] < 1
    assert last[LAGS.index(4)] > 1 > form(2)[LAGS.index(4)]


def test_nobody_s_notes_do_not_come_back() -> None:
    assert echo([bar(RIFF)], 1, BAR, lambda _: -1, usual) == {}


def places() -> dict[int, list[Place]]:
    return {0: [Place(240, 60, 2.0), Place(480, 64, 1.0)], 960: [Place(120, 40, -1.0)], 100: [Place(120, 50, 3.0)]}


def test_onsets_are_lifted_as_what_may_sound_there() -> None:
    several = Echo(places(), GRID)
    np.testing.assert_array_equal(several.onsets(np.array([0, 1, 8, -1, -2])), [2, 0, -1, 0, 0])


def test_what_is_struck_is_not_lifted_once_more() -> None:
    several = Echo(places(), GRID)
    several.struck(0, 60)
    assert [place.note for place in several.notes(0)] == [64]
    assert several.onsets(np.array([0]))[0] == 1
    several.struck(0, 64)
    several.struck(3, 64)
    assert several.onsets(np.array([0]))[0] == 0


def test_only_what_is_lifted_has_a_length_to_come_back() -> None:
    several = Echo(places(), GRID)
    assert several.durations(0) == [(240, 1.0), (480, 0.5)]
    assert several.durations(8) == several.durations(5) == []
