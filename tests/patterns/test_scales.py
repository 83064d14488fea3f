from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterns import scales
from patterns.scales import SCALES, UnknownScale, scale


@pytest.mark.parametrize("name", SCALES)
def test_every_scale_ascends_from_its_tonic_within_the_octave(name):
    semitones = SCALES[name]
    assert semitones[0] == 0
    assert list(semitones) == sorted(set(semitones))
    assert semitones[-1] < 12
    assert scale("c", name).pitch_classes == set(semitones)


def test_other_names_name_scales():
    assert set(scales._OTHER_NAMES.values()) <= set(SCALES)
    assert not set(scales._OTHER_NAMES) & set(SCALES)


@pytest.mark.parametrize(
    ("tonic", "spelled", "pitch_class"),
    [
        ("c", "C", 0), (":cs", "C#", 1), ("Cs4", "C#", 1), ("C#", "C#", 1), ("F♯", "F#", 6), ("fs", "F#", 6),
        ("f", "F", 5), ("eb", "Eb", 3), (":ef", "Eb", 3), ("Ef", "Eb", 3), ("b", "B", 11), ("bb", "Bb", 10),
        ("bf", "Bb", 10), ("B flat", "Bb", 10), ("cb", "Cb", 11), ("\\as", "A#", 10), ("D♭", "Db", 1), ("g5", "G", 7),
        ("es", "E#", 5), ("a-1", "A", 9),
    ],
)  # fmt: skip
def test_tonics_in_the_spellings_of_both_clients(tonic, spelled, pitch_class):
    found = scale(tonic, "0")
    assert found.tonic == spelled
    assert found.pitch_classes == {pitch_class}


@pytest.mark.parametrize(
    ("spoken", "name"),
    [
        ("Major", "major"), (":minor_pentatonic", "minor_pentatonic"), ("minorPentatonic", "minor_pentatonic"),
        ("harmonic minor", "harmonic_minor"), ("whole-tone", "whole_tone"), ("ionian", "major"), ("aeolian", "minor"),
        ("Dorian mode", "dorian"), ("blues scale", "blues"), ("0 2 4 7", "0 2 4 7"), ("7, 4,2 0 0", "0 2 4 7"),
    ],
)  # fmt: skip
def test_scale_names_as_they_are_typed(spoken, name):
    assert scale("c", spoken).name == name


def test_known_scales():
    assert scale("d", "dorian").pitch_classes == scale("c", "major").pitch_classes
    assert scale("eb", "major").pitch_classes == {3, 5, 7, 8, 10, 0, 2}
    assert scale("d", "0 4 7").pitch_classes == {2, 6, 9}
    assert 62 in scale("d", "minor")
    assert 66 not in scale("d", "minor")
    assert str(scale("fs", "minor")) == "F# minor"


@given(st.sampled_from("CDEFGAB"), st.sampled_from(["", "#", "b"]), st.sampled_from([*SCALES, "0 5 6"]))
def test_a_scale_names_itself(letter, sign, name):
    found = scale(letter + sign, name)
    assert scale(found.tonic, found.name) == found


@pytest.mark.parametrize(("wrong", "nearest"), [("dorain", "dorian"), ("mayor", "major"), ("penta", "pentatonic")])
def test_an_unknown_scale_gets_the_nearest_ones(wrong, nearest):
    with pytest.raises(UnknownScale, match=f'no scale is called "{wrong}"; did you mean.*{nearest}'):
        scale("c", wrong)


@pytest.mark.parametrize("tonic", ["", "h", "cis", "c##b", "12", "cc", "x" * 10_000])
def test_an_unknown_tonic_is_refused(tonic):
    with pytest.raises(UnknownScale, match="a tonic is a letter") as raised:
        scale(tonic, "major")
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize("name", ["0 12", "99", "1" * 5000])
def test_semitones_past_the_octave_are_refused(name):
    with pytest.raises(UnknownScale, match="0 to 11"):
        scale("c", name)


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_a_scale_or_refused(tonic, name):
    with suppress(UnknownScale):
        assert scale("c", name).pitch_classes
    with suppress(UnknownScale):
        assert scale(tonic, "major").pitch_classes
