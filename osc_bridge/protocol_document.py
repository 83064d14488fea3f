"""docs/protocol.md, written from the tables of messages and keys. Knows nothing of how they are answered."""

from __future__ import annotations

from collections.abc import Iterable

from amt.keys import KEYS, Argument, Key
from amt.steering import Steering
from osc_bridge.messages import ANSWERS, CODES, PROTOCOL, REQUESTS, Message
from osc_bridge.sender import GAP
from osc_bridge.wire import MAX_SENT

_HEAD = f"""# Wire protocol, version {PROTOCOL}

Written by `python -m osc_bridge.protocol_document > docs/protocol.md` from the tables that the server checks requests
with; do not edit it by hand.

OSC 1.0 over UDP, 127.0.0.1:57990 unless told otherwise, and over TCP on the same port with int32 size prefixes
(what sclang's `NetAddr.connect` speaks).

Every datagram the server sends has type tags i, f and s only, is no bundle, takes at most {MAX_SENT:,} bytes,
comes at least {GAP * 1000:g} ms after the last one to the same address, and is sent from the listening socket to
the address that asked. Incoming packets may be bundles (their messages are taken in order, at once, whatever the
time tag), ints where a float is meant and whole floats where an int is, int64 and double where the value is in
range; booleans count as 1 and 0, and the brackets of arrays are ignored.

A request either changes nothing when repeated or carries an id, which the answer echoes. UDP loses packets:
whoever gets no answer asks again. A request that cannot be followed is answered with `/amt/error`; packets that
do not even begin like OSC, and messages that are answers, are dropped and logged.
"""


def render() -> str:
    """The whole document."""
    sections = [
        _HEAD,
        "## Client to server",
        *(_section(message) for message in REQUESTS.values()),
        "## Server to client",
        *(_section(message) for message in ANSWERS.values()),
        "## Keys of `/amt/set` and `/amt/get`",
        _table(("key", "values", "at first", "example", "what it does"), map(_key_row, KEYS.values())),
        "## Codes of `/amt/error`",
        _table(("code", "meaning"), ((f"`{code}`", text) for code, text in CODES.items())),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _section(message: Message) -> str:
    lines = [
        f"### `{message.usage}`",
        message.text + ("" if message.available else ' Answers "not-yet" in this version.'),
    ]
    if message.answer:
        lines.append("Answer: " + ", ".join(f"`{address}`" for address in message.answer) + ".")
    rows = [*map(_argument_row, message.arguments), *map(_argument_row, message.group)]
    if rows:
        lines.append(_table(("argument", "type", "range"), rows))
    return "\n\n".join(lines)


def _argument_row(argument: Argument) -> tuple[str, ...]:
    return argument.name, argument.kind.__name__, _range(argument)


def _range(argument: Argument) -> str:
    return f"{argument.limits}, {argument.unit}" if argument.unit else argument.limits


def _key_row(key: Key) -> tuple[str, ...]:
    values = ", ".join(map(_key_value, key.arguments))
    return f"`{key.name}`", values, _default(key), f"`{key.example}`", key.text


def _default(key: Key) -> str:
    """What holds in a new session."""
    if key.name == "seed":
        return "drawn"
    values = " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in Steering().get(key.name))
    return f"`{values}`" if values.strip() else "none"


def _key_value(argument: Argument) -> str:
    value = f"{argument.kind.__name__[0]}:{argument.name}{'…' if argument.repeated else ''}"
    return f"{f'[{value}]' if argument.optional else value} ({_range(argument)})"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    print(render(), end="")
