"""The one table of what can be steered: keys, their values' types and ranges, and the text that explains them.

Validation, error texts, the protocol document, the command line's help and the tests all read it.
What a key does to the music stands in amt.steering and amt.composer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Value = int | float | str
MOST_AT_ONCE = 64
"""The largest polyphony, which stands for as many notes as the music brings."""
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
        optional: may be left out; only one before others may be.
        unit: for the reader.
    """

    name: str
    kind: type
    low: float | None = None
    high: float | None = None
    choices: tuple[Value, ...] = ()
    repeated: bool = False
    optional: bool = False
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
    def usage(self) -> str:
        """Its name as in a usage line: "name…" for any number, "[name]" where it may be left out."""
        return f"[{self.name}]" if self.optional else self.name + ("…" if self.repeated else "")

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


def arguments_for(arguments: Sequence[Argument], count: int) -> list[Argument] | None:
    """The arguments that `count` values are meant for, one each; None if there cannot be so many."""
    repeated = bool(arguments) and arguments[-1].repeated
    fixed = list(arguments[: len(arguments) - repeated])
    if count < len(fixed):
        fixed = [argument for argument in fixed if not argument.optional]
    if count < len(fixed) or (count > len(fixed) and not repeated):
        return None
    return fixed + list(arguments[-1:]) * (count - len(fixed))


def check_values(arguments: Sequence[Argument], values: Sequence[object], subject: str) -> tuple[Value, ...]:
    """Check `values` against `arguments`, the last of which may be repeated, and some of which left out.

    Raises:
        TypeError: a wrong number of values, or one of a wrong type.
        ValueError: one out of its range.
    """
    meant = arguments_for(arguments, len(values))
    if meant is None:
        wanted = " ".join(argument.usage for argument in arguments)
        raise TypeError(f"{subject} takes {wanted or 'no values'}; {len(values)} came")
    return tuple(argument.check(value) for argument, value in zip(meant, values, strict=True))


@dataclass(frozen=True, slots=True)
class Key:
    """One thing that can be steered.

    Attributes:
        arguments: its values.
        text: one line for a musician.
        example: values as typed.
        of_each: what is set for different instruments holds side by side.
    """

    name: str
    arguments: tuple[Argument, ...]
    text: str
    example: str
    of_each: bool = False


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
            "notes per bar; 0.5 is what such a band usually plays",
            "0.8",
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
            of_each=True,
        ),
        Key(
            "polyphony",
            (Argument("instrument", str, 1, 64, optional=True), Argument("notes", int, 1, MOST_AT_ONCE)),
            f"notes that may sound at once, of one instrument or of all; {MOST_AT_ONCE} frees it",
            "bass 1",
            of_each=True,
        ),
        Key(
            "subdivision",
            (Argument("steps", int, choices=(0, 1, 2, 3, 4, 6, 8, 12), unit="grid steps a beat"),),
            "the grid: 4 sixteenths, 3 triplets, 8 thirty-seconds, 0 free",
            "4",
        ),
        Key("swing", (Argument("swing", float, 0, 1),), "how late the off-beats fall; 1 is the triplet feel", "0.3"),
        Key(
            "humanize",
            (Argument("humanize", float, 0, 1),),
            "small deviations of time and touch",
            "0.2",
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
