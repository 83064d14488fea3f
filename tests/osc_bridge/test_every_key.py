"""Each key of the one table does what its text says, from a client by OSC and from `midinfinite-osc generate`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from amt.keys import KEYS, Value
from osc_bridge.cli import main
from patterns import midi
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import DRUMS, Note
from tests.osc_bridge.conftest import Talker

BARS = 3
SEED = 5
PIANO, BASS, SNARE, KICKS, HATS = 0, 33, {38, 40}, {35, 36}, {42, 44, 46}
MusicOf = Callable[..., list[Bar]]


@dataclass(frozen=True)
class Case:
    """A setting and what has to hold for the music, beside that where nothing is set.

    Attributes:
        mistake: values that are refused, and what the refusal names.
    """

    key: str
    values: tuple[Value, ...]
    holds: Callable[[list[Bar], list[Bar]], bool]
    mistake: tuple[Value, ...] = ()
    named: str = ""

    def __str__(self) -> str:
        return " ".join(map(str, (self.key, *self.values)))


def notes(music: list[Bar]) -> list[Note]:
    return [note for bar in music for note in bar.notes]


def programs(music: list[Bar]) -> set[int]:
    return {note.instrument for note in notes(music)}


def pitches(music: list[Bar]) -> list[int]:
    return sorted(note.pitch for note in notes(music))


def of(music: list[Bar], program: int) -> list[Note]:
    return [note for note in notes(music) if note.instrument == program]


def onsets(music: list[Bar]) -> set[int]:
    return {note.onset for note in notes(music)}


def most_at_once(music: list[Bar], program: int) -> int:
    changes = []
    for index, bar in enumerate(music):
        for note in of([bar], program):
            start = index * bar.meter.bar_ticks + note.onset
            changes += [(start, 1), (start + note.duration, -1)]
    return max(itertools.accumulate(change for _, change in sorted(changes)))


def other(music: list[Bar], plain: list[Bar]) -> bool:
    return notes(music) != notes(plain)


CASES = (
    Case("tempo", (90.0,), lambda music, plain: other(music, plain) and all(tick % 120 == 0 for tick in onsets(music)),
         (1000,), "40 to 240"),
    Case("meter", (7, 8), lambda music, _: {bar.meter.bar_ticks for bar in music} == {1680}, (7, 3), "2, 4, 8, 16"),
    Case("instruments", ("violin", "drums"), lambda music, _: programs(music) == {40, DRUMS}, ("violim",), "violin"),
    Case("instruments", ("kick", "snare", "piano"), lambda music, _: {
        note.pitch for note in of(music, DRUMS)} <= {*KICKS, *SNARE} and programs(music) == {PIANO, DRUMS}),
    Case("instruments", ("piano", "bass", "drums:0.3"), lambda music, plain:
         0 < len(of(music, DRUMS)) / len(notes(music)) < len(of(plain, DRUMS)) / len(notes(plain)),
         ("bass:loud",), "bass:"),
    Case("mute", ("drums",), lambda music, _: programs(music) == {PIANO, BASS}, ("violin",), "piano, bass, drums"),
    Case("solo", ("bass",), lambda music, _: programs(music) == {BASS}, ("violin",), "piano, bass, drums"),
    Case("density", (0.9,), lambda music, plain: len(notes(music)) > 1.5 * len(notes(plain)), (2.0,), "0 to 1"),
    Case("density", (0.1,), lambda music, plain: len(notes(music)) < 0.7 * len(notes(plain)), ("much",), "a number"),
    Case("temperature", (0.2,), other, (0.0,), "0.1 to 2"),
    Case("top_p", (0.3,), other, (1.5,), "0.1 to 1"),
    Case("key", ("d", "dorian"), lambda music, _: {note.pitch % 12 for note in notes(music) if not note.is_drum}
         <= {0, 2, 4, 5, 7, 9, 11}, ("d", "doriam"), "dorian"),
    Case("range", ("bass", 40, 45), lambda music, _: {note.pitch for note in of(music, BASS)} <= set(range(40, 46)),
         ("basd", 40, 45), "bass"),
    Case("polyphony", ("piano", 1), lambda music, _: most_at_once(music, PIANO) == 1, ("piano", 0), "1 to 64"),
    Case("subdivision", (3,), lambda music, _: {tick % 160 for tick in onsets(music)} == {0}, (7,), "0, 1, 2, 3, 4"),
    Case("swing", (1.0,), lambda music, plain: len(notes(music)) == len(notes(plain)) and other(music, plain),
         (2.0,), "0 to 1"),
    Case("humanize", (1.0,), lambda music, plain: any(tick % 120 for tick in onsets(music))
         and pitches(music) == pitches(plain),
         (-1.0,), "0 to 1"),
    Case("horizon", (2,), lambda music, plain: music == plain, (0,), "1 to 32"),
    Case("seed", (SEED + 1,), other, (-1,), "0 to"),
)  # fmt: skip
MISTAKES = [case for case in CASES if case.named]


def test_every_key_is_here() -> None:
    assert {case.key for case in CASES} == {case.key for case in MISTAKES} == set(KEYS)


@pytest.fixture(scope="module")
def by_osc(embedded_server) -> MusicOf:  # type: ignore[no-untyped-def]
    """Music as a client gets it."""

    def music(key: str = "", *values: Value) -> list[Bar]:
        talker = Talker(embedded_server.port)
        try:
            talker.ask("/amt/hello", "test", f"{key} {values}")
            talker.ask("/amt/set", "horizon", 1)
            talker.ask("/amt/set", "seed", SEED)
            if key:
                talker.ask("/amt/set", key, *values)
            talker.send("/amt/next", 1, BARS)
            *received, _ = talker.until("/amt/next.reply")
        finally:
            talker.socket.close()
        return [
            Bar(number, Meter(each.values[4] // 120, 16), tuple(
                Note(onset, program, pitch, duration, velocity)
                for onset, duration, pitch, velocity, program in zip(
                    *(each.values[6 + field :: 5] for field in range(5)), strict=True)))
            for number, each in enumerate(received)
        ]  # fmt: skip

    return music


@pytest.fixture(scope="module")
def by_generate(decoder: object, tmp_path_factory: pytest.TempPathFactory) -> MusicOf:
    """Music as the command line writes it."""
    folder = tmp_path_factory.mktemp("generated")
    numbers = itertools.count()

    def music(key: str = "", *values: Value) -> list[Bar]:
        output = folder / f"{next(numbers)}.mid"
        written = [f"--{key.replace('_', '-')}", " ".join(map(str, values))] if key else []
        seed = [] if key == "seed" else ["--seed", str(SEED)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(import_module("osc_bridge.cli.generate"), "load_decoder", lambda *_: decoder)
            result = CliRunner().invoke(main, ["generate", str(output), "--bars", str(BARS), *seed, *written])
        assert result.exit_code == 0, result.output
        return list(midi.read(output).bars)

    return music


@pytest.fixture(scope="module")
def plain(by_osc: MusicOf) -> list[Bar]:
    """Music where nothing but the seed is set."""
    return by_osc()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_key_does_what_it_says_for_a_client(case: Case, by_osc: MusicOf, plain: list[Bar]) -> None:
    music = by_osc(case.key, *case.values)
    assert all(bar.notes for bar in music)
    assert case.holds(music, plain)


@pytest.mark.parametrize("case", [case for case in CASES if case.key != "horizon"], ids=str)
def test_a_key_does_what_it_says_on_the_command_line(case: Case, by_generate: MusicOf, plain: list[Bar]) -> None:
    music = by_generate(case.key, *case.values)
    assert all(bar.notes for bar in music)
    assert case.holds(music, plain)


@pytest.mark.parametrize("case", MISTAKES, ids=str)
def test_a_mistake_names_what_is_valid_to_a_client(case: Case, talker) -> None:  # type: ignore[no-untyped-def]
    talker.send("/amt/set", case.key, *case.mistake)
    answer = talker.receive()
    assert answer.address == "/amt/error"
    assert case.named in answer.values[2]


@pytest.mark.parametrize("case", [case for case in MISTAKES if case.key != "horizon"], ids=str)
def test_a_mistake_names_what_is_valid_on_the_command_line(case: Case, tmp_path: Path) -> None:
    written = f"--{case.key.replace('_', '-')}={' '.join(map(str, case.mistake))}"
    result = CliRunner().invoke(main, ["generate", str(tmp_path / "x.mid"), written])
    assert result.exit_code == 2
    assert case.named in result.output
