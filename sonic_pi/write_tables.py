"""Writes the generated tables of sonic_pi/amt.rb: instrument names and steering keys, each from its one source.

Run it after a change of patterns.instruments or amt.keys; tests/sonic_pi/test_tables.py says when that was forgotten.
"""

import textwrap
from pathlib import Path

from amt.keys import KEYS, Argument
from patterns.instruments import ALIASES, DRUM_KEYS, FAMILIES, PERCUSSION, PROGRAMS, choose

CLIENT = Path(__file__).with_name("amt.rb")
BEGIN = "  # Tables written by write_tables.py; change their sources instead.\n"
END = "  # End of the tables.\n"
KIT = ("drums", "drum kit", "drum set", "kit", "drummer")


def tables() -> str:
    """The lines between BEGIN and END: Ruby constants of a class body."""
    aliases = [alias for names in ALIASES.values() for alias in names.split(",")]
    spoken = [*aliases, *KIT, *PROGRAMS, *FAMILIES, *(f"{family} family" for family in FAMILIES)]
    choices = {compact(name): choose(name) for name in [*spoken, *DRUM_KEYS, *PERCUSSION.values()]}
    names = " ".join(
        f"{name}={_numbers(choice.programs)}{'/' + _numbers(choice.keys) if choice.keys else ''}"
        for name, choice in sorted(choices.items())
    )
    keys = ",\n".join(f"    {key.name}: [{', '.join(map(_argument, key.arguments))}]" for key in KEYS.values())
    return (
        "  # every name without case, spaces and punctuation = programs / drum keys\n"
        f"  NAMES ||= <<-TABLE\n{textwrap.fill(names, 124, initial_indent='    ', subsequent_indent='    ')}\n  TABLE\n"
        f"  # what amt_set takes: name, type, allowed values\n  KEYS ||= {{\n{keys}\n  }}.freeze\n"
    )


def with_tables(source: str) -> str:
    """The client's source with its tables brought up to date."""
    before, _, rest = source.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise ValueError(f"{CLIENT.name} lacks the lines that its tables stand between")
    return before + BEGIN + tables() + END + after


def compact(name: str) -> str:
    """Letters and digits only, in lower case: how amt.rb looks names up."""
    return "".join(c for c in name.lower() if c.isalnum())


def _numbers(numbers: frozenset[int]) -> str:
    ordered = sorted(numbers)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}-{ordered[-1]}"
    return ",".join(map(str, ordered))


def _argument(argument: Argument) -> str:
    if argument.choices:
        allowed = f"[{', '.join(map(str, argument.choices))}]"
    else:
        allowed = f"({argument.low:.10g}..{argument.high:.10g})"
    kind = {int: ":i", float: ":f", str: ":s"}[argument.kind]
    number = ", :repeated" if argument.repeated else ", :optional" if argument.optional else ""
    return f'["{argument.name}", {kind}, {allowed}{number}]'


if __name__ == "__main__":
    fresh = CLIENT.with_suffix(".new")
    fresh.write_text(with_tables(CLIENT.read_text("utf-8")), "utf-8")
    fresh.replace(CLIENT)
