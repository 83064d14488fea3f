"""Steering as options: the same table, the same errors."""

import click
import pytest

from amt.keys import KEYS
from amt.steering import Steering
from osc_bridge.cli.options import steering_from

AVAILABLE = [key for key in KEYS.values() if key.available]


def example(name: str) -> tuple[int | float | str, ...]:
    words = KEYS[name].example.split()
    return tuple(float(word) if word.replace(".", "").isdigit() else word for word in words)


@pytest.mark.parametrize("key", AVAILABLE, ids=lambda key: key.name)
def test_every_example_of_the_table_works_as_an_option(key: object) -> None:
    name = key.name  # type: ignore[attr-defined]
    assert steering_from({name: KEYS[name].example}) == Steering().set(name, *example(name))


@pytest.mark.parametrize(
    ("name", "text", "same_as"),
    [
        ("meter", "7/8", "7 8"),
        ("instruments", "piano,bass, drums", "piano bass drums"),
        ("key", "a harmonic minor", "a harmonic_minor"),
    ],
)
def test_everyday_spellings_mean_the_same(name: str, text: str, same_as: str) -> None:
    assert steering_from({name: text}) == steering_from({name: same_as})


def test_a_range_may_be_given_several_times() -> None:
    steering = steering_from({"range": ("bass 28 52", "piano 48 84")})
    assert steering.get("range") == ("bass", 28, 52, "piano", 48, 84)


def test_polyphony_may_be_of_all_and_of_instruments() -> None:
    steering = steering_from({"polyphony": ("6", "bass 1", "piano,4")})
    assert steering.get("polyphony") == (6, "bass", 1, "piano", 4)


def test_what_is_not_given_stays_as_it_is() -> None:
    assert steering_from({"tempo": None, "range": ()}) == Steering()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("tempo", "fast", "--tempo: tempo is a number"),
        ("tempo", "500", "40 to 240"),
        ("top_p", "2", "--top-p"),
        ("instruments", "piano basso-profundo", "basso-profundo"),
        ("meter", "4", "--meter: meter takes"),
        ("polyphony", "bass 1 2", "--polyphony: polyphony takes"),
        ("polyphony", "bass", "notes is a whole number"),
        ("key", "c majestic", "--key"),
    ],
)
def test_mistakes_are_usage_errors_in_the_words_of_the_table(name: str, text: str, message: str) -> None:
    with pytest.raises(click.UsageError, match=message):
        steering_from({name: text})
