from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterns import instruments
from patterns.instruments import (
    ALIASES,
    DRUM_KEYS,
    FAMILIES,
    PERCUSSION,
    PROGRAMS,
    UnknownInstrument,
    choose,
    name_of,
)
from patterns.note import DRUMS


def test_the_tables_have_general_midis_sizes():
    assert len(PROGRAMS) == len(set(PROGRAMS)) == 128
    assert len(FAMILIES) == 16
    assert [p for programs in FAMILIES.values() for p in programs] == list(range(128))
    assert list(PERCUSSION) == list(range(33, 82))
    assert set().union(*DRUM_KEYS.values()) <= set(PERCUSSION)


@pytest.mark.parametrize(
    ("program", "name"),
    [
        (0, "Acoustic Grand Piano"),
        (33, "Electric Bass (finger)"),
        (56, "Trumpet"),
        (80, "Lead 1 (square)"),
        (127, "Gunshot"),
    ],
)
def test_known_programs(program, name):
    assert name_of(program) == name


@pytest.mark.parametrize("program", range(128))
def test_every_program_is_chosen_by_name_and_number(program):
    by_name, by_number = choose(name_of(program)), choose(str(program))
    assert by_name.programs == by_number.programs == {program}
    assert by_name.keys is None
    assert choose(by_number.name).programs == {program}


@pytest.mark.parametrize(
    ("spoken", "programs"),
    [
        ("piano", {0}),
        ("bass", {33}),
        ("upright", {32}),
        ("guitar", {25}),
        ("sax", {66}),
        ("lead", {81}),
        ("pad", {89}),
        ("organ", {16}),
        ("rhodes", {4}),
        ("epiano", {4}),
        ("e-piano", {4}),
        ("electric piano 2", {5}),
        ("strings", set(range(40, 48))),
        ("brass", set(range(56, 64))),
        ("guitars", set(range(24, 32))),
        ("bass_family", set(range(32, 40))),
        ("saxes", {64, 65, 66, 67}),
        ("drums", {128}),
        ("drum-kit", {128}),
        ("128", {128}),
    ],
)
def test_what_a_live_coder_types(spoken, programs):
    assert choose(spoken).programs == programs
    assert choose(spoken).keys is None


@pytest.mark.parametrize(
    ("spoken", "keys"),
    [
        ("kick", {35, 36}),
        ("snares", {38, 40}),
        ("hi-hat", {42, 44, 46}),
        ("hihats", {42, 44, 46}),
        ("open_hat", {46}),
        ("clap", {39}),
        ("ride", {51, 53, 59}),
        ("crashes", {49, 57}),
        ("toms", {41, 43, 45, 47, 48, 50}),
        ("cowbell", {56}),
        ("metronome bell", {34}),
    ],
)
def test_pieces_of_the_kit_confine_the_drums_to_keys(spoken, keys):
    assert choose(spoken).programs == {DRUMS}
    assert choose(spoken).keys == keys


@pytest.mark.parametrize(
    "spelling",
    [
        "electric_bass_finger",
        ":electric_bass_finger",
        "\\electricBassFinger",
        "Electric-Bass Finger",
        " ELECTRIC BASS (FINGER) ",
    ],
)
def test_spellings_of_both_clients_are_one_name(spelling):
    assert choose(spelling).programs == {33}
    assert choose(spelling).name == "electric_bass_finger"


@pytest.mark.parametrize("plural", ["violins", "flutes", "cellos", "trumpets", "drum", "congas"])
def test_plurals_and_singulars(plural):
    assert choose(plural).programs in ({40}, {73}, {42}, {56}, {128})


def test_every_name_means_one_thing():
    meanings = {}
    for name, choice in instruments._named_choices():
        compact = instruments._compact(name)
        assert compact, name
        meanings.setdefault(compact, []).append((name, choice.programs, choice.keys))
    ambiguous = {c: m for c, m in meanings.items() if len({(p, k) for _, p, k in m}) > 1}
    # An everyday word for one program comes before the family of the same name, which stays reachable by its plural.
    assert set(ambiguous) == {"piano", "organ", "guitar", "bass"}


def test_no_name_stands_twice():
    names = [name for names in ALIASES.values() for name in names.split(", ")]
    names += [*PROGRAMS, *FAMILIES, *DRUM_KEYS, *PERCUSSION.values()]
    compact = [instruments._compact(name) for name in names]
    twice = {name for name in compact if compact.count(name) > 1}
    assert twice == {"piano", "organ", "guitar", "bass"}


def test_a_choices_name_chooses_it_again():
    for _, choice in instruments._named_choices():
        held = choose(choice.name)
        assert choose(held.name) == held


def test_a_weight_follows_a_colon():
    assert choose("bass").weight == 1.0
    assert choose("bass:0.5").weight == 0.5
    assert choose(":bass:2").weight == 2.0
    assert choose("bass:0.5").programs == {33}


@pytest.mark.parametrize("name", ["bass", "bass:0.25", "snare:0.3333333333", "128:10"])
def test_what_is_spoken_is_chosen_again(name):
    assert choose(choose(name).spoken) == choose(name)


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "11", "loud", ""])
def test_a_weight_that_is_none_is_refused(weight):
    with pytest.raises(UnknownInstrument, match="above 0 and at most 10"):
        choose(f"bass:{weight}")


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("pinao", "piano"),
        ("trumpt", "trumpet"),
        ("snair", "snare"),
        ("violing", "violin"),
        ("electric", "electric_piano"),
    ],
)
def test_an_unknown_name_gets_the_nearest_ones(wrong, nearest):
    with pytest.raises(UnknownInstrument, match=f'no instrument is called "{wrong}".*did you mean.*{nearest}'):
        choose(wrong)


@pytest.mark.parametrize("wrong", ["", " ", ":", "_", "qqqqqqqq", "x" * 100_000, "9" * 5000])
def test_hopeless_names_get_a_short_text(wrong):
    with pytest.raises(UnknownInstrument) as raised:
        choose(wrong)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("number", ["129", "-1", "1000"])
def test_a_number_out_of_range_names_the_range(number):
    with pytest.raises(UnknownInstrument, match="0 to 127, or 128 for drums"):
        choose(number)


@given(st.text(max_size=40))
def test_any_text_is_chosen_or_refused(text):
    with suppress(UnknownInstrument):
        assert choose(text).programs


def test_name_of():
    assert name_of(DRUMS) == "Drums"
    for wrong in (-1, 129):
        with pytest.raises(ValueError, match="0 to 127"):
            name_of(wrong)
