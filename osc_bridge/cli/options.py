"""What several commands share: the model option, steering options made from the table of keys, one-line failures."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from amt import weights
from amt.compiler import CompileError
from amt.config import ModelConfig, ModelError
from amt.decoder import Decoder, load
from amt.keys import KEYS, Key, arguments_for
from amt.runtime import RuntimeUnusable
from amt.steering import Steering, SteeringError
from amt.vocabulary import WINDOW
from osc_bridge import places
from patterns.atomic import is_stream
from patterns.instruments import UnknownInstrument, choose

Command = Callable[..., Any]


class Failure(click.ClickException):
    """Ends the command with one line on stderr and exit code 2."""

    exit_code = 2


def model_option(command: Command) -> Command:
    return click.option(
        "--model",
        default=places.EMBEDDED,
        show_default=True,
        metavar="NAME",
        help="A model folder, a model fetched with `pull`, or the embedded one.",
    )(command)


def threads_option(command: Command) -> Command:
    return click.option(
        "--threads",
        type=click.IntRange(1, 256),
        help="Threads that compute; by default one for each physical core. Fewer than the cores leaves room for "
        "sclang and scsynth.",
    )(command)


def model_folder(name: str) -> Path:
    """Where a model lies.

    Raises:
        Failure: there is none.
    """
    try:
        return places.model(name)
    except ModelError as error:
        raise Failure(str(error)) from error


def load_decoder(name: str, threads: int | None) -> Decoder:
    """The compiled model, with progress on stderr where it has to be compiled first.

    Raises:
        Failure: missing or damaged.
    """
    try:
        folder = places.model(name)
        weights.verify(folder)
        positions = ModelConfig.from_file(folder / weights.CONFIG).positions
        if positions < WINDOW:
            raise ModelError(f"{folder}: reads {positions:,} tokens at most; a model that composes reads {WINDOW:,}")
        return load(folder, threads=threads, progress=show_progress)
    except (ModelError, CompileError, RuntimeUnusable) as error:
        raise Failure(str(error)) from error


def show_progress(what: str, share: float) -> None:
    """A step of compiling, on stderr."""
    click.echo(f"  compiling the model for this computer: {share:4.0%} {what}", err=True)


def show_count(done: int, whole: int) -> None:
    """A counter that stays on one line of a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r  {done} of {whole}", nl=done == whole, err=True)


def steering_options(command: Command) -> Command:
    """One option for each key that can be set; the values arrive as keyword arguments named after the keys."""
    for key in reversed(KEYS.values()):
        command = click.option(
            f"--{key.name.replace('_', '-')}",
            key.name,
            metavar="VALUES"
            if len(key.arguments) > 1 or key.arguments[-1].repeated
            else key.arguments[0].kind.__name__,
            multiple=key.of_each,
            help=f'{key.text[0].upper()}{key.text[1:]}, as in "{key.example}".{_about_names(key)}',
        )(command)
    return command


def _about_names(key: Key) -> str:
    """How names of instruments that have spaces are typed."""
    if key.arguments[0].repeated:
        return ' Commas part names that have spaces, as in "synth bass, drums".'
    return " The name may have spaces." if key.of_each else ""


def steering_from(options: dict[str, str | tuple[str, ...] | None]) -> Steering:
    """The steering that the options ask for, in whatever order they are given.

    Raises:
        click.UsageError: what the table of keys refuses, in its words.
    """
    steering = Steering()
    for name in (name for name in KEYS if name in options):
        given = options[name]
        for text in given if isinstance(given, tuple) else [given]:
            if text is not None:
                try:
                    steering = steering.set(name, *_values(name, text))
                except SteeringError as error:
                    raise click.UsageError(f"--{name.replace('_', '-')}: {error}") from error
    return steering


def _values(name: str, text: str) -> list[int | float | str]:
    """The words of an option, those of number arguments as numbers."""
    key = KEYS[name]
    words = _names(text) if key.arguments[0].repeated else _words(key, text)
    values: list[int | float | str] = []
    meant = arguments_for(key.arguments, len(words)) or [key.arguments[-1]] * len(words)  # too many: refused later
    for argument, word in zip(meant, words, strict=True):
        is_number = argument.kind is not str and re.fullmatch(r"[-+]?\d*\.?\d+", word)
        values.append(float(word) if is_number else word)
    return values


def _names(text: str) -> list[str]:
    """Instruments: what commas part, or else one name that may have spaces, or else what spaces part."""
    if "," in text:
        return [name.strip() for name in text.split(",") if name.strip()]
    with suppress(UnknownInstrument):
        if choose(text).name == re.sub(r"\W+", "_", text.partition(":")[0].lower()).strip("_"):
            return [text]  # and not a plural that is forgiven: "bass drums" are two
    return text.split()


def _words(key: Key, text: str) -> list[str]:
    words = re.split(r"\s*,\s*|\s+" + (r"|\s*/\s*" if key.name == "meter" else ""), text.strip())
    if key.name == "key":  # the scale's own name may have spaces; "" is how nothing is typed
        words = [word.strip('"') for word in words]
        return [words[0], " ".join(words[1:])]
    if key.of_each and len(words) > len(key.arguments):  # so may the instrument's
        spare = len(words) - len(key.arguments) + 1
        return [" ".join(words[:spare]), *words[spare:]]
    return words


def writable(path: Path, advice: str = "choose another place") -> Path:
    """The path, once it is sure that a file can be made there.

    Raises:
        Failure: its folder cannot be made or is closed.
    """
    if is_stream(path):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / f".{path.name}.probe").open("wb"):
            pass
        (path.parent / f".{path.name}.probe").unlink()
    except FileExistsError as error:
        raise Failure(f"cannot write {path}: {error.filename} is no folder; {advice}") from error
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}; {advice}") from error
    return path
