import pytest

from amt.steering import Steering
from benchmarks.musical import measures
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import DRUMS, Note

PIANO, BASS = 0, 33
STEERING = Steering().set("instruments", "piano", "bass", "drums")
VOICES = STEERING.voices


def bar(*strikes: tuple[int, int, int], index: int = 0) -> Bar:
    """A bar of notes at (onset, instrument, pitch)."""
    return Bar(index, Meter(4, 4), tuple(Note(onset, instrument, pitch, 120) for onset, instrument, pitch in strikes))


EMPTY = bar()
BAND = bar((0, PIANO, 60), (0, BASS, 36), (480, DRUMS, 38))
DUO = bar((0, PIANO, 60), (480, DRUMS, 38))


def test_onsets_count_as_off_the_grid_by_a_single_tick() -> None:
    bars = [bar((0, PIANO, 60), (120, PIANO, 60), (121, PIANO, 60)), bar((1800, PIANO, 60), (80, PIANO, 60))]
    assert measures.off_grid(bars, STEERING.grid) == 2


def test_a_frozen_loop_has_few_different_bars() -> None:
    assert measures.fewest_different([BAND, DUO] * 4 + [EMPTY, BAND, DUO], 4) == 2
    assert measures.fewest_different([BAND, DUO, EMPTY], 8) == 3


def test_each_wrong_note_is_a_trespass() -> None:
    keyed = STEERING.set("key", "c", "major").set("range", "piano", 48, 72)
    wrong = [(0, 1, 60), (0, BASS, 37), (0, PIANO, 74), (0, DRUMS, 1)]
    right = [(0, PIANO, 48), (0, PIANO, 72), (0, BASS, 28), (0, DRUMS, 37)]
    assert measures.trespasses([bar(*right)], keyed) == 0
    assert [measures.trespasses([bar(each)], keyed) for each in wrong] == [1, 1, 1, 1]
    assert measures.trespasses([bar(*wrong, *right)], keyed) == 4


def test_who_is_muted_may_not_play() -> None:
    assert measures.trespasses([BAND], STEERING.set("mute", "bass")) == 1


def test_a_kit_piece_is_heard_on_its_own_keys_only() -> None:
    (snare,) = Steering().set("instruments", "snare").voices
    assert measures.plays(snare, Note(0, DRUMS, 38, 1))
    assert not measures.plays(snare, Note(0, DRUMS, 36, 1))


def test_an_ensemble_is_heard_when_every_voice_is() -> None:
    assert measures.all_heard([DUO, BAND], VOICES)
    assert not measures.all_heard([DUO, DUO], VOICES)
    assert not measures.all_heard([], VOICES)


def test_heard_within_looks_at_every_run_of_bars() -> None:
    assert measures.heard_within([BAND, DUO, DUO, DUO, BAND], VOICES, 4)
    assert not measures.heard_within([BAND, DUO, DUO, DUO, DUO], VOICES, 4)
    assert measures.heard_within([DUO, BAND], VOICES, 4), "fewer bars are taken together"


def test_empty_bars_and_notes_a_bar() -> None:
    assert measures.empty([EMPTY, BAND, EMPTY]) == 2
    assert measures.notes_per_bar([EMPTY, BAND, EMPTY]) == 1


def test_repeats_do_not_count_empty_bars_nor_look_at_lengths() -> None:
    longer = Bar(0, Meter(4, 4), tuple(Note(note.onset, note.instrument, note.pitch, 480) for note in BAND.notes))
    assert measures.repeats([BAND, longer, DUO]) == 0.5
    assert measures.repeats([EMPTY, EMPTY]) is None
    assert measures.repeats([BAND, EMPTY, EMPTY, BAND]) == 0


def test_distance_is_the_share_of_strikes_that_are_not_common() -> None:
    assert measures.distance([BAND, BAND], 1) == 0
    assert measures.distance([BAND, DUO], 1) == pytest.approx(1 / 3)
    assert measures.distance([BAND, EMPTY, EMPTY], 1) == 1
    assert measures.distance([BAND, DUO, DUO, DUO, BAND], 4) == 0
    assert measures.distance([BAND, DUO], 4) is None
