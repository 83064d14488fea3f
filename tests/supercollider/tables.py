"""Writes supercollider/Classes/AMTTables.sc: instrument names, steering keys, scales, limits, each from one source.

    python -m tests.supercollider.tables

test_quark.py says when that was forgotten. It stands here because sclang compiles what lies in the quark's folder.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from amt.keys import KEYS, Argument
from osc_bridge.messages import MAX_BARS, MAX_VALUES
from patterns import scales
from patterns.atomic import write_atomically
from patterns.instruments import ALIASES, DRUM_KEYS, FAMILIES, PERCUSSION, PROGRAMS, choose

FILE = Path(__file__).parents[2] / "supercollider" / "Classes" / "AMTTables.sc"
KIT = ("drums", "drum kit", "drum set", "kit", "drummer")
_KINDS = {int: "\\int", float: "\\float", str: "\\str"}


def source() -> str:
    """The class file: three class methods that return literals."""
    scale_names = " ".join([*scales.SCALES, *scales._OTHER_NAMES])
    keys = ",\n".join(f"\t\t{_key(name)}" for name in KEYS)
    return (
        "// What the server's tables say, written by tests/supercollider/tables.py: change their sources instead.\n"
        "AMTTables {\n"
        "\t// every name of an instrument = programs / drum keys\n"
        f'\t*instruments {{ ^"\n{_filled(instruments())}\n" }}\n\n'
        "\t// name, text, example, and each value's name, type, lowest, highest, choices, \\repeated or \\optional\n"
        f"\t*keys {{ ^#[\n{keys}\n\t] }}\n\n"
        f'\t*scales {{ ^"\n{_filled(scale_names)}\n" }}\n\n'
        f"\t*maxBars {{ ^{MAX_BARS} }}\n\n"
        f"\t*maxValues {{ ^{MAX_VALUES} }}\n"
        "}\n"
    )


def instruments() -> str:
    """Every name as a symbol, with what patterns.instruments says it stands for."""
    aliases = [alias for names in ALIASES.values() for alias in names.split(", ")]
    spoken = [*aliases, *KIT, *PROGRAMS, *FAMILIES, *(f"{family} family" for family in FAMILIES)]
    choices = {_symbol(name): choose(name) for name in [*spoken, *DRUM_KEYS, *PERCUSSION.values()]}
    return " ".join(
        f"{name}={_numbers(choice.programs)}{'/' + _numbers(choice.keys) if choice.keys else ''}"
        for name, choice in choices.items()
    )


def _key(name: str) -> str:
    key = KEYS[name]
    arguments = ", ".join(map(_argument, key.arguments))
    return f"[\\{name}, {_quoted(key.text)}, {_quoted(key.example)}, [{arguments}]]"


def _argument(argument: Argument) -> str:
    low, high = ("nil" if limit is None else f"{limit:.10g}" for limit in (argument.low, argument.high))
    choices = f"[{', '.join(map(str, argument.choices))}]" if argument.choices else "nil"
    number = "\\repeated" if argument.repeated else "\\optional" if argument.optional else "nil"
    return f"[\\{argument.name}, {_KINDS[argument.kind]}, {low}, {high}, {choices}, {number}]"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _filled(text: str) -> str:
    return textwrap.fill(text, 124, break_on_hyphens=False, break_long_words=False)


def _numbers(numbers: frozenset[int]) -> str:
    ordered = sorted(numbers)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}-{ordered[-1]}"
    return ",".join(map(str, ordered))


def _symbol(name: str) -> str:
    """A name as a live coder's symbol: letters and digits in lower case, joined by underscores."""
    return "_".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


if __name__ == "__main__":
    write_atomically(FILE, source().encode())
