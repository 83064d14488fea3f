import numpy as np
import pytest

from benchmarks.musical.features import FEATURES, LONGEST, OCTAVES, Score, distance_overlap, histograms, overlap
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import DRUMS, Note

BARS = [
    # a chord of a quarter, an octave up after two beats; the drums do not count where pitches are meant
    Bar(0, Meter(4, 4), (Note(0, 0, 60, 480), Note(0, 0, 64, 480), Note(960, 0, 76, 240), Note(480, DRUMS, 38, 120))),
    # down a fourth, on the next bar's first beat; rings past the end
    Bar(1, Meter(4, 4), (Note(0, 0, 71, 4000), Note(240, DRUMS, 38, 120))),
]


def counted(name: str) -> dict[int, float]:
    """The places of a histogram that are not zero."""
    feature = next(each for each in FEATURES if each.name == name)
    histogram = feature.histogram(Score.of(BARS))
    assert len(histogram) == feature.bins
    return {int(place): float(histogram[place]) for place in np.flatnonzero(histogram)}


def test_pitch_classes_are_those_of_pitched_notes() -> None:
    assert counted("pitch class") == {0: 1, 4: 2, 11: 1}


def test_intervals_go_from_top_note_to_top_note_across_bar_lines() -> None:
    assert counted("interval") == {OCTAVES + 12: 1, OCTAVES - 5: 1}


def test_durations_are_sixteenths_up_to_the_longest() -> None:
    assert counted("duration") == {3: 2, 1: 1, LONGEST - 1: 1}


def test_gaps_are_between_onsets_of_one_instrument() -> None:
    assert counted("inter-onset interval") == {7: 2, 13: 1}


def test_notes_of_bars_are_counted_in_fours() -> None:
    assert counted("notes per bar") == {1: 1, 0: 1}


def test_polyphony_is_what_sounds_at_each_sixteenth_up_to_the_end() -> None:
    assert counted("polyphony") == {2: 4, 0: 4 + 6, 1: 2 + 16}


def test_music_without_notes_has_no_distribution() -> None:
    nothing = histograms([[Bar(0, Meter(4, 4))]])
    assert [each[0].sum() for each in nothing] == [0, 0, 0, 0, 1, 0], (
        "an empty bar has none, which is a number of notes"
    )


def test_overlap_is_the_common_area() -> None:
    one, other = np.array([1.0, 1, 0]), np.array([0.0, 10, 10])
    assert overlap(one, one * 3) == pytest.approx(1)
    assert overlap(one, other) == pytest.approx(0.5)
    assert overlap(one, np.array([0.0, 0, 1])) == 0
    assert overlap(one, np.zeros(3)) is None


def drawn(shares: list[float], count: int, seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.multinomial(50, shares).astype(float) for _ in range(count)]


def test_pieces_of_one_kind_lie_among_each_other() -> None:
    real = drawn([0.2, 0.3, 0.5], 60, 1)
    alike = distance_overlap(drawn([0.2, 0.3, 0.5], 60, 2), real)
    other = distance_overlap(drawn([0.8, 0.1, 0.1], 60, 3), real)
    assert alike is not None
    assert other is not None
    assert alike > 0.9
    assert other < 0.1


def test_too_few_pieces_or_all_the_same_have_no_distances() -> None:
    real = drawn([0.5, 0.5], 5, 1)
    assert distance_overlap(real, real[:2]) is None
    assert distance_overlap([], real) is None
    assert distance_overlap(real, [real[0]] * 5) is None
