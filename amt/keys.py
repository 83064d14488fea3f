"""The one table of what can be steered: keys, their values' types and ranges, and the text that explains them.

Validation, error texts, the protocol document, the command line's help and the tests all read it.
What a key does to the music stands in amt.steering and amt.composer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Value = int | float | str
_KIND_NAMES = {int: "a whole number", float: "a number", str: "a string"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One value of a key or a message.

    Attributes:
        name: what it is called in documents and errors.
        kind: int, float or str.
        low, high: inclusive limits; for a str, of its length.
        choices: the only values allowed, where they are few.
        repeated: any number of these, none included; only the last argument may be.
        unit: for the reader.
    """

    name: str
    kind: type
    low: float | None = None
    high: float | None = None
    choices: tuple[Value, ...] = ()
    repeated: bool = False
    unit: str = ""

    def check(self, value: object) -> Value:
        """The value in this argument's type; a whole float passes for an int, and an int for a float.

        Raises:
            TypeError: not of this type.
            ValueError: outside the limits, which the text names.
        """
        wrong = TypeError(f"{self.name} is {_KIND_NAMES[self.kind]}, not {value!r}")
        if self.kind is str:
            if not isinstance(value, str):
                raise wrong
            measured: float = len(value)
        else:
            if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
                raise wrong
            if self.kind is int and value not in (float("inf"), float("-inf")) and value == int(value):
                value = int(value)
            elif self.kind is int:
                raise wrong
            else:
                value = float(value)
            measured = value
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.name} is one of {', '.join(map(str, self.choices))}, not {value}")
        low_enough = self.high is None or measured <= self.high
        if not low_enough or (self.low is not None and measured < self.low):
            shown = f"{value!r:.60}" if self.kind is str else f"{value}"
            raise ValueError(f"{self.name} is {self.limits}, not {shown}")
        return value

    @property
    def limits(self) -> str:
        """The limits in words, as in "40 to 240"."""
        noun = " characters" if self.kind is str else ""
        if self.choices:
            return " or ".join(map(str, self.choices))
        if self.low is not None and self.high is not None:
            return f"{self.low} to {self.high}{noun}"
        if self.low is not None:
            return f"{self.low} or more{noun}"
        return f"at most {self.high}{noun}" if self.high is not None else "any"


def check_values(arguments: Sequence[Argument], values: Sequence[object], subject: str) -> tuple[Value, ...]:
    """Check `values` against `arguments`, the last of which may be repeated.

    Raises:
        TypeError: a wrong number of values, or one of a wrong type.
        ValueError: one out of its range.
    """
    repeated = bool(arguments) and arguments[-1].repeated
    fixed = len(arguments) - repeated
    if len(values) < fixed or (len(values) > fixed and not repeated):
        wanted = " ".join(argument.name + ("…" if argument.repeated else "") for argument in arguments)
        raise TypeError(f"{subject} takes {wanted or 'no values'}; {len(values)} came")
    spread = list(arguments[:fixed]) + [arguments[-1]] * (len(values) - fixed) if repeated else arguments
    return tuple(argument.check(value) for argument, value in zip(spread, values, strict=True))


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that can be steered.

    Attributes:
        arguments: its values.
        text: one line for a musician.
        example: values as typed.
        available: False where the music of it is not built yet; setting it answers "not yet".
    """

    name: str
    arguments: tuple[Argument, ...]
    text: str
    example: str
    available: bool = True


NAME = Argument("name", str, 1, 64)
_INSTRUMENTS = Argument("instrument", str, 1, 64, repeated=True)

KEYS: dict[str, Key] = {
    key.name: key
    for key in (
        Key(
            "tempo",
            (Argument("tempo", float, 40, 240, unit="beats a minute"),),
            "the tempo the model hears",
            "120",
        ),
        Key(
            "meter",
            (Argument("beats", int, 1, 16), Argument("unit", int, choices=(2, 4, 8, 16))),
            "the time signature; a beat of 480 ticks stays a quarter note",
            "7 8",
        ),
        Key("instruments", (_INSTRUMENTS,), "who plays; none named: whom the model likes", "piano bass drums"),
        Key("mute", (_INSTRUMENTS,), "who pauses; none named: nobody", "drums"),
        Key("solo", (_INSTRUMENTS,), "who alone plays; none named: everybody", "bass drums"),
        Key(
            "density",
            (Argument("density", float, 0, 1),),
            "notes per bar; 0.5 is the model's own",
            "0.8",
            False,
        ),
        Key(
            "temperature",
            (Argument("temperature", float, 0.1, 2),),
            "how daring; 1 is the model's own",
            "1.1",
        ),
        Key("top_p", (Argument("top_p", float, 0.1, 1),), "leave out the least likely 1 - top_p", "0.95"),
        Key(
            "key",
            (Argument("tonic", str, 0, 16), Argument("scale", str, 0, 64)),
            'the key all pitched notes stay in; two empty strings, or "" "", free it',
            "d dorian",
        ),
        Key(
            "range",
            (
                NAME,
                Argument("low", int, 0, 127, unit="MIDI note"),
                Argument("high", int, 0, 127, unit="MIDI note"),
            ),
            "the lowest and highest note of one instrument; 0 127 frees it",
            "bass 28 52",
        ),
        Key("polyphony", (Argument("notes", int, 1, 64),), "notes that may sound at once", "6", False),
        Key(
            "subdivision",
            (Argument("steps", int, choices=(0, 1, 2, 3, 4, 6, 8, 12), unit="grid steps a beat"),),
            "the grid: 4 sixteenths, 3 triplets, 8 thirty-seconds, 0 free",
            "4",
        ),
        Key("swing", (Argument("swing", float, 0, 1),), "how late the off-beats fall", "0.3", False),
        Key(
            "humanize",
            (Argument("humanize", float, 0, 1),),
            "small deviations of time and touch",
            "0.2",
            False,
        ),
        Key("horizon", (Argument("bars", int, 1, 32),), "how many bars are composed ahead", "8"),
        Key(
            "seed",
            (Argument("seed", int, 0, 2**31 - 1),),
            "the same seed and steering give the same music",
            "7",
        ),
    )
}
