"""Steering as options: the same table, the same errors."""

from dataclasses import replace
from pathlib import Path

import click
import pytest

from amt.keys import KEYS
from amt.quantization import quantization
from amt.steering import Steering
from amt.weights import write
from osc_bridge.cli.options import Failure, load_decoder, steering_from
from patterns.instruments import PROGRAMS, choose
from tests.amt import checkpoints


def example(name: str) -> tuple[int | float | str, ...]:
    words = KEYS[name].example.split()
    return tuple(float(word) if word.replace(".", "").isdigit() else word for word in words)


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_every_example_of_the_table_works_as_an_option(key: object) -> None:
    name = key.name  # type: ignore[attr-defined]
    assert steering_from({name: KEYS[name].example}) == Steering().set(name, *example(name))


@pytest.mark.parametrize(
    ("name", "text", "same_as"),
    [
        ("meter", "7/8", "7 8"),
        ("instruments", "piano,bass, drums", "piano bass drums"),
        ("key", "a harmonic minor", "a harmonic_minor"),
        ("key", '""  ""', ""),
        ("instruments", "acoustic grand piano", "acoustic_grand_piano"),
        ("instruments", "synth bass", "synth_bass"),
        ("instruments", "synth bass:0.5", "synth_bass:0.5"),
        ("instruments", "alto sax:2, bass:0.5, drums", "alto_sax:2 bass:0.5 drums"),
        ("instruments", "alto sax,", "alto_sax"),
        ("instruments", "bass drums", "bass, drums"),
        ("range", "synth bass 28 52", "synth_bass 28 52"),
        ("range", "Lead 1 (square), 40, 80", "lead_1_square 40 80"),
        ("polyphony", "acoustic grand piano 4", "acoustic_grand_piano 4"),
    ],
)
def test_everyday_spellings_mean_the_same(name: str, text: str, same_as: str) -> None:
    assert steering_from({name: text}) == steering_from({name: same_as})


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_name_of_general_midi_is_one_instrument(program: str) -> None:
    assert steering_from({"instruments": program}).instruments == (choose(program),)
    assert steering_from({"polyphony": (f"{program} 2",)}).limits[0].choice == choose(program)


def test_nobody_named_is_a_free_ensemble_and_no_key_a_free_one() -> None:
    steering = steering_from({"instruments": "", "mute": "", "key": '"" ""'})
    assert (steering.instruments, steering.mute, steering.scale) == ((), (), None)


def test_the_order_of_options_does_not_matter() -> None:
    given = {"solo": "piano", "mute": "sax", "instruments": "sax piano"}
    assert steering_from(given) == steering_from(dict(reversed(given.items())))


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
        ("polyphony", "bass 1 2", '--polyphony: no instrument is called "bass 1"'),
        ("range", "bass 28", "--range: range takes"),
        ("polyphony", "bass", "notes is a whole number"),
        ("key", "c majestic", "--key"),
    ],
)
def test_mistakes_are_usage_errors_in_the_words_of_the_table(name: str, text: str, message: str) -> None:
    with pytest.raises(click.UsageError, match=message):
        steering_from({name: text})


def test_a_model_that_reads_too_little_is_refused_before_it_is_compiled(tmp_path: Path) -> None:
    config = replace(checkpoints.COMPOSER, positions=512)
    write(tmp_path / "short", config, quantization("q4f32_1"), checkpoints.weights(config))
    with pytest.raises(Failure, match="short: reads 512 tokens at most; a model that composes reads 1,024"):
        load_decoder(str(tmp_path / "short"), 1)
