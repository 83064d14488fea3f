"""Steering: everything a performer can set, as one immutable value.

What can be set, with types and ranges, stands in amt.keys; what instruments and scales are called, in patterns.
How it bends the model's choices stands in amt.composer. A change of steering is a new value.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from amt.keys import KEYS, MOST_AT_ONCE, Value, check_values
from amt.metronome import BELL, CLICK
from amt.vocabulary import PITCHES
from patterns.grid import Grid
from patterns.instruments import PERCUSSION, Choice, choose
from patterns.meter import Meter
from patterns.note import DRUMS
from patterns.scales import Scale, scale

KIT = frozenset(PERCUSSION) - {CLICK, BELL}
"""The keys of the drum kit; the metronome's are the model's to hear, not to play."""


class SteeringError(ValueError):
    """A request that cannot be followed; the text names what can.

    Attributes:
        code: "unknown-key", "type", "range" or "name".
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Range:
    """The notes one instrument may play: MIDI note numbers, both ends included."""

    choice: Choice
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Limit:
    """How many notes may sound at once: of one instrument, or, where `choice` is None, of all."""

    choice: Choice | None
    notes: int

    def binds(self, instrument: int, pitch: int) -> bool:
        """Whether such a note counts."""
        return self.choice is None or _is_of(self.choice, instrument, pitch)


def _is_of(choice: Choice, instrument: int, pitch: int) -> bool:
    """Whether such a note is one of those that a name stands for."""
    return instrument in choice.programs and (choice.keys is None or instrument != DRUMS or pitch in choice.keys)


def _ensemble(*names: str) -> tuple[Choice, ...]:
    return tuple(choose(name) for name in names)


@dataclass(frozen=True, slots=True)
class Steering:
    """All that a performer can set.

    Attributes:
        tempo: beats a minute.
        instruments: the ensemble; empty: whom the model likes.
        mute, solo: parts of it that pause, or that alone play.
        ranges: instruments kept between two notes.
        limits: how many notes may sound at once; that of all instruments last.
        scale: the key all pitched notes stay in, or None.
        temperature, top_p: of the drawing; top_p is the share of probability kept.
        density: how many notes, 0 … 1; 0.5 is what such a band usually plays.
        subdivision: grid steps a beat; 0 is free.
        swing: how late off-beats fall, 0 … 1, the triplet feel.
        humanize: how much time and touch deviate, 0 … 1.
        horizon: bars composed ahead; it never changes the music.
        seed: of the drawing.

    Raises:
        SteeringError: by `set` and `get`, with a text that names what is valid.
    """

    tempo: float = 120.0
    meter: Meter = Meter(4, 4)
    instruments: tuple[Choice, ...] = field(default_factory=lambda: _ensemble("piano", "bass", "drums"))
    mute: tuple[Choice, ...] = ()
    solo: tuple[Choice, ...] = ()
    ranges: tuple[Range, ...] = ()
    limits: tuple[Limit, ...] = ()
    scale: Scale | None = None
    temperature: float = 1.0
    top_p: float = 0.98
    density: float = 0.5
    subdivision: int = 4
    swing: float = 0.0
    humanize: float = 0.0
    horizon: int = 8
    seed: int = 0

    def set(self, key: str, *values: Value) -> Steering:
        """The steering with `key` changed to `values`, as a client sends them."""
        name = self._checked(key)
        try:
            checked = check_values(KEYS[name].arguments, values, name)
        except TypeError as error:
            raise SteeringError("type", f"{error}; for example: {name} {KEYS[name].example}") from error
        except ValueError as error:
            raise SteeringError("range", str(error)) from error
        try:
            changed = _SETTERS[name](self, *checked)
        except SteeringError:
            raise
        except ValueError as error:
            raise SteeringError("name", str(error)) from error
        if name in _SILENCING and (left := changed.speechless - self.speechless):
            who = min(left)
            raise SteeringError(
                "range",
                f"that leaves {who} no note to play: none of its notes lies both in its range and in the key; "
                f"range {who} 0 127 frees its range",
            )
        return changed

    def get(self, key: str) -> tuple[Value, ...]:
        """What holds for `key`, as a client would set it (`range` and `polyphony` may repeat theirs)."""
        return _GETTERS[self._checked(key)](self)

    @staticmethod
    def _checked(key: str) -> str:
        if key not in KEYS:
            close = difflib.get_close_matches(key.lower(), KEYS, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise SteeringError("unknown-key", f"there is no key {key[:60]!r}; {hint}the keys are {', '.join(KEYS)}")
        return key

    @property
    def grid(self) -> Grid:
        """The grid that onsets keep to."""
        return _grid(self.tempo, self.meter, self.subdivision)

    @property
    def voices(self) -> tuple[Choice, ...]:
        """Who is to be heard: the ensemble (or, if it is free, every program and the drums) less the silenced."""
        mutes, solos = _programs(self.mute), _programs(self.solo)
        muted, alone = _keys(self.mute), _keys(self.solo)
        heard = []
        for choice in self.instruments or _EVERYONE:
            programs = (choice.programs & solos if self.solo else choice.programs) - mutes - {DRUMS}
            whole = _keys([choice])
            keys = (whole & alone if self.solo else whole) - muted
            if keys:
                programs |= {DRUMS}
            if programs:
                heard.append(replace(choice, programs=programs, keys=choice.keys if keys == whole else keys))
        return tuple(heard)

    @property
    def speechless(self) -> frozenset[str]:
        """Names of those to be heard who have no note that they may play; of a free ensemble only if nobody has one."""
        voices = self.voices
        silent = frozenset(voice.name for voice in voices if not any(self.notes_of(voice)))
        return silent if self.instruments or len(silent) == len(voices) else frozenset()

    def notes_of(self, voice: Choice) -> Iterator[tuple[int, int]]:
        """Programs and pitches of the notes that one of `voices` may play in the key and within the ranges."""
        for program in voice.programs:
            for pitch in (voice.keys or KIT) if program == DRUMS else range(PITCHES):
                in_key = program == DRUMS or not self.scale or pitch % 12 in self.scale.pitch_classes
                ranges = (each for each in self.ranges if _is_of(each.choice, program, pitch))
                if in_key and all(each.low <= pitch <= each.high for each in ranges):
                    yield program, pitch


def _programs(choices: Iterable[Choice]) -> frozenset[int]:
    return frozenset(program for choice in choices for program in choice.programs)


def _keys(choices: Iterable[Choice]) -> frozenset[int]:
    """The keys of the kit that are any of theirs."""
    return frozenset(key for choice in choices if DRUMS in choice.programs for key in choice.keys or KIT)


_grid = lru_cache(maxsize=64)(Grid)
_EVERYONE = tuple(Choice(str(program), frozenset({program})) for program in range(DRUMS + 1))


def _set_instruments(steering: Steering, *names: str) -> Steering:
    chosen = [choose(name) for name in names if name]
    instruments = tuple({choice.name: choice for choice in chosen}.values())
    # a solo of those who have gone would be silence
    solo = steering.solo if any(_plays(choice, instruments) for choice in steering.solo) else ()
    return replace(steering, instruments=instruments, solo=solo)


def _plays(choice: Choice, instruments: tuple[Choice, ...]) -> bool:
    """Whether any of it is in the ensemble, which has everybody where it has no names."""
    playing, struck = _programs(instruments), _keys(instruments)
    return not playing or bool(choice.programs & playing - {DRUMS} or _keys([choice]) & struck)


def _set_group(group: str) -> Callable[..., Steering]:
    def set_group(steering: Steering, *names: str) -> Steering:
        choices = tuple(choose(name) for name in names if name)
        for choice in choices:
            if not _plays(choice, steering.instruments):
                ensemble = ", ".join(each.name for each in steering.instruments)
                raise SteeringError("name", f"{choice.name!r} does not play here; playing are {ensemble}")
        change: dict[str, Any] = {group: choices}
        return replace(steering, **change)

    return set_group


def _set_key(steering: Steering, tonic: str, name: str) -> Steering:
    return replace(steering, scale=scale(tonic, name or "major") if tonic else None)


def _set_range(steering: Steering, name: str, low: int, high: int) -> Steering:
    choice = choose(name)
    if low > high:
        raise SteeringError("range", f"a range goes from low to high; {low} is above {high}")
    others = tuple(each for each in steering.ranges if each.choice.name != choice.name)
    return replace(steering, ranges=others if (low, high) == (0, 127) else (*others, Range(choice, low, high)))


def _set_polyphony(steering: Steering, *values: Value) -> Steering:
    *names, notes = values
    choice = choose(str(names[0])) if names else None
    name = choice and choice.name
    others = tuple(each for each in steering.limits if (each.choice and each.choice.name) != name)
    limits = others if notes == MOST_AT_ONCE else (*others, Limit(choice, int(notes)))
    return replace(steering, limits=tuple(sorted(limits, key=lambda limit: limit.choice is None)))


def _get_polyphony(steering: Steering) -> tuple[Value, ...]:
    """As many notes of all, unless only instruments are bound; then name and notes of each that is."""
    of_all = [limit.notes for limit in steering.limits if limit.choice is None]
    of_each = [(limit.choice.name, limit.notes) for limit in steering.limits if limit.choice]
    first = of_all if of_all or of_each else [MOST_AT_ONCE]
    return (*first, *(value for pair in of_each for value in pair))


def _names(choices: tuple[Choice, ...]) -> tuple[Value, ...]:
    return tuple(choice.spoken for choice in choices)


def _plain(name: str) -> Callable[..., Steering]:
    return lambda steering, value: replace(steering, **{name: value})


_PLAIN = ("tempo", "density", "temperature", "top_p", "subdivision", "swing", "humanize", "horizon", "seed")
_SILENCING = ("instruments", "mute", "solo", "key", "range")
"""Keys that may leave somebody no note."""
_SETTERS: dict[str, Callable[..., Steering]] = {
    **{name: _plain(name) for name in _PLAIN},
    "meter": lambda steering, beats, unit: replace(steering, meter=Meter(beats, unit)),
    "instruments": _set_instruments,
    "mute": _set_group("mute"),
    "solo": _set_group("solo"),
    "key": _set_key,
    "range": _set_range,
    "polyphony": _set_polyphony,
}

_GETTERS: dict[str, Callable[[Steering], tuple[Value, ...]]] = {
    **{
        name: lambda steering, name=name: (getattr(steering, name),)  # type: ignore[misc]
        for name in _PLAIN
    },
    "meter": lambda steering: (steering.meter.numerator, steering.meter.denominator),
    "instruments": lambda steering: _names(steering.instruments),
    "mute": lambda steering: _names(steering.mute),
    "solo": lambda steering: _names(steering.solo),
    "key": lambda steering: (steering.scale.tonic, steering.scale.name) if steering.scale else ("", ""),
    "range": lambda steering: tuple(
        value for each in steering.ranges for value in (each.choice.name, each.low, each.high)
    ),
    "polyphony": _get_polyphony,
}
