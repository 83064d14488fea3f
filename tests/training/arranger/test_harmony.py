import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.arranger import harmony
from training.arranger.harmony import QUALITIES, SCALES, Chord, Key

chords = st.builds(Chord, st.integers(0, 11), st.sampled_from(sorted(QUALITIES.values())))
keys = st.builds(Key, st.integers(0, 11), st.sampled_from(sorted(SCALES)))


@pytest.mark.parametrize(
    ("numeral", "root", "tones"),
    [
        ("I", 0, (0, 4, 7)),
        ("ii7", 2, (0, 3, 7, 10)),
        ("bVII", 10, (0, 4, 7)),
        ("V7sus4", 7, (0, 5, 7, 10)),
        ("#ivdim", 6, (0, 3, 6)),
        ("bVImaj7", 8, (0, 4, 7, 11)),
        ("iim7b5", 2, (0, 3, 6, 10)),
        ("i5", 0, (0, 7)),
    ],
)
def test_numerals_name_chords(numeral: str, root: int, tones: tuple[int, ...]) -> None:
    assert harmony.chord(numeral, 0) == Chord(root, tones)
    assert harmony.chord(numeral, 5) == Chord((root + 5) % 12, tones)


@pytest.mark.parametrize("numeral", ["H", "Ifoo", ""])
def test_what_is_no_numeral_is_refused(numeral: str) -> None:
    with pytest.raises(ValueError, match="numeral"):
        harmony.chord(numeral, 0)


def test_a_word_is_a_bar_and_a_hyphen_halves_it() -> None:
    names = harmony.progression("I ii7-V7", 0)
    assert [chord.root for chord in names] == [0, 0, 2, 7]


@given(source=chords, target=chords, key=keys)
def test_chord_tones_move_to_chord_tones_and_never_far(source: Chord, target: Chord, key: Key) -> None:
    moved = harmony.shifts(source, target, key)
    tones = {(target.root + tone) % 12 for tone in target.tones}
    for tone in source.tones:
        pitch_class = (source.root + tone) % 12
        assert (pitch_class + moved[pitch_class]) % 12 in tones
    assert np.abs(moved).max() <= 12


@given(chord=chords, move=st.integers(0, 11), mode=st.sampled_from(sorted(SCALES)))
def test_a_phrase_over_the_same_chord_elsewhere_is_transposed(chord: Chord, move: int, mode: str) -> None:
    moved = harmony.shifts(chord, chord.moved(move), Key(0, mode))
    for tone in chord.tones:
        assert moved[(chord.root + tone) % 12] % 12 == move


@given(chord=chords, low=st.integers(36, 66), voices=st.integers(1, 4), near=st.lists(st.integers(40, 80), max_size=4))
def test_voicings_are_close_and_of_the_chord(chord: Chord, low: int, voices: int, near: list[int]) -> None:
    pitches = harmony.voiced(chord, near, low, voices)
    assert 1 <= len(pitches) <= voices
    assert pitches == sorted(pitches)
    assert low <= pitches[0]
    assert pitches[-1] <= low + 19
    assert {pitch % 12 for pitch in pitches} <= {(chord.root + tone) % 12 for tone in chord.tones}
