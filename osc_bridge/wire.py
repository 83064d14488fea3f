"""OSC 1.0 bytes to addresses and values, and back: lenient on the way in, narrow on the way out.

Knows no message of the protocol. Written out here because python-osc 1.10 never returns from a bundle element of
negative size, copies the packet once per argument and lets UnicodeDecodeError out; the tests use it as reference.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amt.keys import Value

MAX_SENT = 8192
"""Largest datagram sent, in bytes: one byte more ends OSC in Sonic Pi 3.2 until it is restarted."""

MAX_RECEIVED = 65_507
"""Largest UDP payload."""

_MAX_DEPTH = 8
_BUNDLE = b"#bundle\0"
_NUMBERS = {"i": struct.Struct(">i"), "f": struct.Struct(">f"), "h": struct.Struct(">q"), "d": struct.Struct(">d")}
_CONSTANTS: dict[str, int] = {"T": 1, "F": 0}
_INT = _NUMBERS["i"]


class WireError(ValueError):
    """Bytes that are no OSC, or a message that must not be sent."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """An argument of an OSC type that no message of ours takes; it fails every type check under its name."""

    name: str

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came: booleans as 1 and 0, arrays flattened, types without use as `Unsupported`."""

    address: str
    values: tuple[Value | Unsupported, ...]


def decode(data: bytes) -> list[Received]:
    """The messages of a packet; a bundle's in their order, whatever its time tag.

    Raises:
        WireError: the bytes are not OSC; the text says why.
    """
    received: list[Received] = []
    _decode_into(received, data, 0)
    return received


def _decode_into(received: list[Received], data: bytes, depth: int) -> None:
    if not data.startswith(_BUNDLE):
        received.append(_decode_message(data))
        return
    if depth == _MAX_DEPTH:
        raise WireError(f"bundles lie more than {_MAX_DEPTH} deep in one another")
    at = 16
    if len(data) < at:
        raise WireError("a bundle ends inside its time tag")
    while at < len(data):
        size = _unpack(_INT, data, at)
        at += 4
        if size <= 0 or size % 4 or at + size > len(data):
            raise WireError(f"a bundle element claims {size} bytes; {len(data) - at} are left")
        _decode_into(received, data[at : at + size], depth + 1)
        at += size


def _decode_message(data: bytes) -> Received:
    if not data.startswith(b"/"):
        raise WireError("an OSC message begins with '/', a bundle with '#bundle'")
    address, at = _string(data, 0)
    if at == len(data):
        return Received(address, ())
    tags, at = _string(data, at)
    if not tags.startswith(","):
        raise WireError("the type tags begin with ','")
    values: list[Value | Unsupported] = []
    for tag in tags[1:]:
        if tag in _NUMBERS:
            number = _NUMBERS[tag]
            values.append(_unpack(number, data, at))
            at += number.size
        elif tag in "sS":
            text, at = _string(data, at)
            values.append(text)
        elif tag in _CONSTANTS:
            values.append(_CONSTANTS[tag])
        elif tag not in "[]":
            value, at = _unsupported(tag, data, at)
            values.append(value)
    if at < len(data):
        raise WireError(f"{len(data) - at} bytes follow the last argument")
    return Received(address, tuple(values))


def _unsupported(tag: str, data: bytes, at: int) -> tuple[Unsupported, int]:
    if tag in "NI":
        return Unsupported("nil" if tag == "N" else "an impulse"), at
    if tag == "b":
        size = _unpack(_INT, data, at)
        name, width = "a blob", 4 + size + -size % 4
        if size < 0:
            raise WireError(f"a blob claims {size} bytes")
    elif tag in "crm":
        name, width = {"c": "a character", "r": "a colour", "m": "a MIDI message"}[tag], 4
    elif tag == "t":
        name, width = "a time tag", 8
    else:
        raise WireError(f"there is no OSC type {tag!r}")
    if at + width > len(data):
        raise WireError("the packet ends inside an argument")
    return Unsupported(name), at + width


def _unpack(form: struct.Struct, data: bytes, at: int) -> Any:
    if at + form.size > len(data):
        raise WireError("the packet ends inside an argument")
    return form.unpack_from(data, at)[0]


def _string(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at)
    after = end + 4 - (end - at) % 4
    if end < 0 or after > len(data):
        raise WireError("the packet ends inside a string")
    try:
        return data[at:end].decode(), after
    except UnicodeDecodeError as error:
        raise WireError("a string is not UTF-8") from error


def encode(address: str, values: Sequence[Value]) -> bytes:
    """One message of int32, float32 and strings, ready to be sent.

    Raises:
        WireError: a value of another type or out of range, or more than `MAX_SENT` bytes.
    """
    tags, body = [","], []
    for value in values:
        if isinstance(value, str):
            tags.append("s")
            body.append(_padded(value))
        elif isinstance(value, float):
            tags.append("f")
            body.append(_float(value))
        elif isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31:
            tags.append("i")
            body.append(_INT.pack(value))
        else:
            raise WireError(f"only int32, float32 and strings are sent, not {value!r:.80}")
    data = b"".join((_padded(address), _padded("".join(tags)), *body))
    if len(data) > MAX_SENT:
        raise WireError(f"{address} would take {len(data)} bytes; {MAX_SENT} may be sent")
    return data


def _float(value: float) -> bytes:
    try:
        data = _NUMBERS["f"].pack(value)
    except OverflowError as error:
        raise WireError(f"{value!r} does not fit a float32") from error
    if not math.isfinite(value):
        raise WireError(f"{value!r} is not sent")
    return data


def _padded(text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise WireError(f"{text!r:.80} is not Unicode") from error
    if b"\0" in data:
        raise WireError(f"{text!r:.80} contains a null")
    return data + bytes(4 - len(data) % 4)
