"""What is set is what holds; what cannot be set is said with what can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt.keys import KEYS
from amt.steering import KIT, Steering, SteeringError
from patterns.note import DRUMS


def example(name: str) -> tuple[int | float | str, ...]:
    words = KEYS[name].example.split()
    return tuple(float(word) if word.replace(".", "").isdigit() else word for word in words)


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_what_is_set_is_what_get_gives(key: object) -> None:
    name = key.name  # type: ignore[attr-defined]
    steering = Steering().set(name, *example(name))
    values = steering.get(name)
    assert Steering().set(name, *values) == steering
    assert len(values) == len(example(name))
    assert all(type(value) in (int, float, str) for value in values)


def test_weights_are_told_too() -> None:
    steering = Steering().set("instruments", "piano", "bass:0.25", "drums:2")
    assert steering.get("instruments") == ("piano", "bass:0.25", "drums:2")


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_a_steering_is_a_value(key: object) -> None:
    before = Steering()
    assert hash(before) == hash(Steering())
    before.set(key.name, *example(key.name))  # type: ignore[attr-defined]
    assert before == Steering()


@pytest.mark.parametrize(
    ("key", "values", "code", "text"),
    [
        ("tmepo", (120,), "unknown-key", "did you mean 'tempo'"),
        ("nonsense", (), "unknown-key", "the keys are tempo"),
        ("tempo", ("fast",), "type", "for example: tempo 120"),
        ("tempo", (), "type", "takes tempo"),
        ("tempo", (10,), "range", "40 to 240"),
        ("meter", (4, 3), "range", "2, 4, 8, 16"),
        ("instruments", ("pianoo",), "name", "piano"),
        ("mute", ("violin",), "name", "playing are piano, bass, drums"),
        ("key", ("h", "major"), "name", "h"),
        ("key", ("c", "majr"), "name", "major"),
        ("range", ("bass", 60, 40), "range", "60 is above 40"),
        ("range", ("basd", 40, 60), "name", "bass"),
        ("subdivision", (7,), "range", "not 7"),
        ("density", (1.5,), "range", "0 to 1"),
        ("swing", (-0.1,), "range", "0 to 1"),
        ("humanize", ("much",), "type", "for example: humanize 0.2"),
        ("polyphony", (0,), "range", "1 to 64"),
        ("polyphony", ("bass",), "type", "notes is a whole number"),
        ("polyphony", ("bass", "one"), "type", "notes is a whole number"),
        ("polyphony", ("basd", 1), "name", "bass"),
        ("polyphony", ("bass", 1, 2), "type", "takes [instrument] notes"),
        ("seed", (-1,), "range", "0 to"),
    ],
)
def test_mistakes_are_answered_with_what_is_valid(key: str, values: tuple, code: str, text: str) -> None:
    with pytest.raises(SteeringError) as caught:
        Steering().set(key, *values)
    assert caught.value.code == code
    assert text in str(caught.value)


def programs(steering: Steering) -> list[set[int]]:
    return [set(voice.programs) for voice in steering.voices]


def test_voices_are_the_ensemble_less_the_silenced() -> None:
    band = Steering().set("instruments", "piano", "bass", "drums")
    assert programs(band) == [{0}, {33}, {DRUMS}]
    assert programs(band.set("mute", "drums")) == [{0}, {33}]
    soloed = band.set("solo", "bass")
    assert programs(soloed.set("instruments", "violin")) == [{40}], "a solo of those who have gone is no silence"
    assert soloed.set("instruments", "bass", "violin").get("solo") == ("bass",)
    assert programs(band.set("solo", "bass")) == [{33}]
    assert programs(band.set("solo", "bass").set("mute", "bass")) == []
    assert programs(band.set("mute", "drums").set("mute")) == programs(band)


def keys(steering: Steering) -> list[frozenset[int] | None]:
    return [voice.keys for voice in steering.voices]


def test_a_piece_of_the_kit_is_muted_and_plays_alone_by_itself() -> None:
    kit, pieces = Steering().set("instruments", "drums"), Steering().set("instruments", "kick", "snare", "hihat")
    kick, snare, hihat = keys(pieces)
    assert kick
    assert snare
    assert keys(kit) == [None]
    assert keys(kit.set("mute", "kick")) == [KIT - kick]
    assert keys(kit.set("solo", "kick", "snare")) == [kick | snare]
    assert keys(kit.set("solo", "kick", "snare").set("mute", "snare")) == [kick]
    assert keys(pieces.set("mute", "kick")) == [snare, hihat]
    assert keys(pieces.set("solo", "hihat")) == [hihat]
    assert keys(pieces.set("mute", "drums")) == []
    assert keys(pieces.set("solo", "drums")) == [kick, snare, hihat]
    with pytest.raises(SteeringError, match="'crash' does not play here; playing are kick, snare, hihat"):
        pieces.set("mute", "crash")


def test_a_range_of_one_piece_of_the_kit_is_not_the_others() -> None:
    pieces = Steering().set("instruments", "kick", "snare").set("range", "kick", 36, 36)
    kick, snare = (set(pieces.notes_of(voice)) for voice in pieces.voices)
    assert kick == {(DRUMS, 36)}
    assert (DRUMS, 38) in snare


@pytest.mark.parametrize(
    ("before", "change", "who"),
    [
        ([], ("range", "drums", 0, 10), "drums"),
        ([("instruments", "kick", "bass")], ("range", "kick", 60, 70), "kick"),
        ([("key", "c", "major")], ("range", "bass", 37, 37), "bass"),
        ([("range", "bass", 36, 36)], ("key", "d", "major"), "bass"),
        ([("instruments",), ("solo", "violin"), ("key", "c", "major")], ("range", "violin", 61, 61), "40"),
        ([("key", "c", "major"), ("instruments", "piano"), ("range", "bass", 37, 37)], ("instruments", "bass"), "bass"),
    ],
)
def test_nobody_named_is_left_without_a_note(before: list[tuple], change: tuple, who: str) -> None:
    steering = Steering()
    for each in before:
        steering = steering.set(*each)
    with pytest.raises(SteeringError, match=f"leaves {who} no note to play.*range {who} 0 127") as caught:
        steering.set(*change)
    assert caught.value.code == "range"


def test_a_free_ensemble_is_everyone() -> None:
    assert set().union(*programs(Steering().set("instruments"))) == set(range(DRUMS + 1))


def test_a_family_is_one_voice() -> None:
    assert len(Steering().set("instruments", "strings", "drums").voices) == 2


def test_an_instrument_named_twice_plays_once() -> None:
    assert len(Steering().set("instruments", "bass", "bass").voices) == 1


def test_a_range_and_a_key_are_freed() -> None:
    steering = Steering().set("range", "bass", 28, 52).set("range", "piano", 60, 72).set("key", "c", "minor")
    assert steering.get("range") == ("bass", 28, 52, "piano", 60, 72)
    assert steering.set("range", "bass", 0, 127).get("range") == ("piano", 60, 72)
    assert steering.set("key", "", "").scale is None


def test_polyphony_is_of_all_and_of_each_instrument_at_once() -> None:
    steering = Steering().set("polyphony", 6).set("polyphony", "bass", 2).set("polyphony", "bass", 1)
    assert steering.get("polyphony") == (6, "bass", 1)
    assert steering.set("polyphony", 64).get("polyphony") == ("bass", 1)
    assert steering.set("polyphony", "bass", 64).get("polyphony") == (6,)
    assert Steering().get("polyphony") == (64,)


def test_the_limit_of_all_comes_last() -> None:
    steering = Steering().set("polyphony", 6).set("polyphony", "bass", 1)
    assert [limit.notes for limit in steering.limits] == [1, 6]


@given(st.floats(40, 240, width=32))
def test_a_32_bit_tempo_is_taken_as_it_is(tempo: float) -> None:
    assert Steering().set("tempo", tempo).tempo == tempo
