"""MESSAGES, the one table of wire protocol version 1: every message, its arguments, types, ranges and text.

Checking, error texts, the tests and docs/protocol.md (osc_bridge.protocol_document) read it. Knows no session.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from amt.keys import KEYS, Argument, Value, check_values

PROTOCOL = 1
DEFAULT_SESSION = "main"
MAX_NOTES = 300
"""Notes in one `/amt/bar`; its 1,506 integers take 7,560 of the 8,192 bytes a datagram may have."""
MAX_BARS = 64
MAX_VALUES = 64
"""Values of one `/amt/set`, so that its reply fits a datagram."""
LEASE = 30.0
"""Seconds after its last `/amt/want` that a client is sent bars, and after its last request that it counts as there."""
MAX_SESSIONS = 128
MAX_CLIENTS = 256
"""Addresses that are remembered."""
PENDING = 4
"""Phrases one client may wait for at once."""
LAG = 16
"""Bars that a client's phrases may be behind those given to others: two phrases of eight."""

_INT32 = 2**31 - 1
_LAST_INDEX = 1_000_000_000


class ProtocolError(ValueError):
    """A request that cannot be followed.

    Attributes:
        code: one of `CODES`.
        id: of the request, 0 where it had none.
    """

    def __init__(self, code: str, text: str, id: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.id = id


CODES = {
    "malformed": "the packet is not OSC 1.0",
    "unknown-message": "there is no such message",
    "type": "too few or too many arguments, or one of a wrong type",
    "range": "a value out of its range",
    "unknown-key": "there is no such key",
    "name": "no such instrument, scale or file name",
    "not-yet": "part of the protocol whose music comes in a later version",
    "starting": "the server still prepares its model, and answers every request like this until it is ready; ask again",
    "hello": "say `/amt/hello` first (the server may have been restarted)",
    "past": "these bars are gone; the text says from which bar to go on",
    "composer": "composing failed or takes too long; ask again",
    "busy": "too many sessions, clients or unanswered requests; the text says which",
    "file": "a file could not be written; the text says why",
    "size": "the answer does not fit a datagram",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        arguments: those with a name of their own.
        text: what it does, in the document.
        optional: how many of the last arguments may be left out.
        group: arguments of which as many groups follow as the last of `arguments` says.
        pairs: the words for what follows freely: "value…" of a key, or key-value pairs.
        answer: addresses that answer a request.
        available: False where it answers "not-yet".
    """

    address: str
    arguments: tuple[Argument, ...]
    text: str
    optional: int = 0
    group: tuple[Argument, ...] = ()
    pairs: str = ""
    answer: tuple[str, ...] = ()
    available: bool = True

    @property
    def has_id(self) -> bool:
        return bool(self.arguments) and self.arguments[0].name == "id"

    @property
    def usage(self) -> str:
        """The message as it is written in documents: `/amt/next i:id i:bars`."""
        words = [f"{argument.kind.__name__[0]}:{argument.name}" for argument in self.arguments]
        if self.optional:
            words[-self.optional] = "[" + words[-self.optional]
            words[-1] += "]"
        if self.group:
            group = " ".join(f"{argument.kind.__name__[0]}:{argument.name}" for argument in self.group)
            words.append(f"{self.arguments[-1].name}×({group})")
        return " ".join([self.address, *words, *([self.pairs] if self.pairs else [])])

    def check(self, values: Sequence[object]) -> tuple[Value, ...]:
        """The values in the types of the table; what follows freely is passed on as it came.

        Raises:
            ProtocolError: "type" or "range"; the text says what the message takes.
        """
        fixed = len(self.arguments)
        given = len(values)
        id_ = self._id_of(values)
        if given < fixed - self.optional or (given > fixed and not self.group and not self.pairs):
            raise ProtocolError("type", f"{self.address} takes {self._takes}; {_counted(given)} came", id_)
        try:
            checked = check_values(self.arguments[:given], values[:fixed], self.address)
            rest = values[fixed:]
            if self.group and given > fixed - 1:
                wanted = int(checked[-1]) * len(self.group)
                if len(rest) != wanted:
                    text = f"{self.address} takes {self._takes}; n is {checked[-1]}, so {wanted} values follow it"
                    raise ProtocolError("type", f"{text}, not {len(rest)}", id_)
                checked += check_values(self.group * int(checked[-1]), rest, self.address)
            elif self.pairs:
                checked += self._free(rest, id_)
        except TypeError as error:
            raise ProtocolError("type", f"{self.address}: {error}; it takes {self._takes}", id_) from error
        except ProtocolError:
            raise
        except ValueError as error:
            raise ProtocolError("range", f"{self.address}: {error}", id_) from error
        return checked

    def _free(self, values: Sequence[object], id_: int) -> tuple[Value, ...]:
        if len(values) > MAX_VALUES:
            raise ProtocolError("range", f"{self.address}: at most {MAX_VALUES} values, not {len(values)}", id_)
        for value in values:
            if not isinstance(value, int | float | str):
                raise ProtocolError("type", f"{self.address}: values are numbers and strings, not {value!r}", id_)
        return tuple(value for value in values if isinstance(value, int | float | str))

    def _id_of(self, values: Sequence[object]) -> int:
        if not self.has_id or not values:
            return 0
        first = values[0]
        return first if isinstance(first, int) and not isinstance(first, bool) and 0 <= first <= _INT32 else 0

    @property
    def _takes(self) -> str:
        return self.usage.partition(" ")[2] or "no arguments"


def _counted(number: int) -> str:
    return "none" if number == 0 else str(number)


_ID = Argument("id", int, 1, _INT32)
_INDEX = Argument("index", int, 0, _LAST_INDEX)
_FROM = Argument("from", int, 0, _LAST_INDEX)
_BARS = Argument("bars", int, 1, MAX_BARS)
_COUNT = Argument("count", int, 1, MAX_BARS)
_REVISION = Argument("revision", int, 0, _INT32)
_SEED = KEYS["seed"].arguments[0]
_NAME = Argument("name", str, 1, 64)
_SESSION = Argument("session", str, 0, 64)
_KEY = Argument("key", str, 1, 64)
_NOTES = Argument("n", int, 0, MAX_NOTES)
_NOTE = (
    Argument("onset", int, 0, _INT32, unit="ticks from the bar line, 480 a beat"),
    Argument("duration", int, 1, _INT32, unit="ticks"),
    Argument("pitch", int, 0, 127),
    Argument("velocity", int, 1, 127),
    Argument("instrument", int, 0, 128, unit="General MIDI program, 128 the drum kit"),
)

_REQUESTS = (
    Message(
        "/amt/hello",
        (Argument("client", str, 0, 64), _SESSION, Argument("slots", int, 0, 256)),
        f"""Join a session, or begin it. An empty session name is "{DEFAULT_SESSION}". With slots k > 0 bars come at
`/amt/bar/<index mod k>` instead of `/amt/bar`. One address is in one session at a time; hello ends what
it had subscribed to and forgets the ids it has used (so a restarted client may count from 1 again),
but not where in the piece the address is (see `/amt/next`). Only `/amt/want` needs a hello first:
whoever has said none is in session "{DEFAULT_SESSION}", without slots. To see whether the server is
there, without side effects, ask `/amt/status`.

There are at most {MAX_SESSIONS} sessions and {MAX_CLIENTS} addresses; idle ones make room for others,
addresses without a hello first. After a long silence say hello again: an
address that was forgotten is in session "{DEFAULT_SESSION}".""",
        optional=1,
        answer=("/amt/hello.reply",),
    ),
    Message(
        "/amt/next",
        (_ID, _BARS),
        f"""The phrase at the cursor: its bars as `/amt/bar`, in order, then `/amt/next.reply`; the cursor moves on
at once. The same id again gets the same bars and the same reply again, never new music (while the
phrase is still being composed: one answer, when it is ready). The last 8 ids of each address are
remembered, and {PENDING} phrases may be on their way. With slots k, at most k bars.

Each address has a cursor of its own in each session it has joined, so all clients of a session get the
same bars, one phrase after the other. Whoever joins begins where the others are: with the first bar of
the phrase given last, or at the bar that the clock of those who `/amt/want` has come to, if that is
further on. Whoever is more than {LAG} bars behind that place goes on there; so does whoever needs bars
that are gone. A bar that one client was given stays as it is for the others: a change of steering holds
from the first bar that nobody has taken. Those who said no hello share one cursor.""",
        answer=("/amt/bar", "/amt/next.reply"),
    ),
    Message(
        "/amt/want",
        (_FROM, _COUNT),
        f"""Keep bars from … from+count-1 supplied. `from` is the first bar that the client has not begun to play:
bars before it are played and stay as they are, it and later ones follow a change of steering. Each bar
of the window is sent as soon as it is ready, once in each revision; of a bar, the newest revision
holds. Say it again at every bar with `from` moved on: it is clock, acknowledgement and keep-alive.
**Resend:** the same `from` and `count` twice running mean that something was lost: every bar of the
window that was sent more than 0.1 s ago is sent again. {LEASE:g} s without a want end the subscription.
A `from` beyond what is composed moves the piece on: bars that nobody played are not composed. (While
others are subscribed to the session, by at most 64 bars at once.) Bars long played are gone: the error
"past" names the bar to go on from. With slots k, at most k bars. Unlike the other requests it has no
reply of its own.""",
        answer=("/amt/bar",),
    ),
    Message(
        "/amt/set",
        (_KEY,),
        f"Steer; the keys stand below, with at most {MAX_VALUES} values. In force from the first bar not yet played.",
        pairs="value…",
        answer=("/amt/set.reply",),
    ),
    Message("/amt/get", (_KEY,), "What holds for a key.", answer=("/amt/set.reply",)),
    Message(
        "/amt/part",
        (_INDEX, _NOTES),
        "Notes that the model is to play with, in one bar.",
        group=_NOTE,
        answer=("/amt/part.reply",),
        available=False,
    ),
    Message(
        "/amt/prompt",
        (_NAME,),
        "Go on from a MIDI file of the workspace folder, by bare name.",
        answer=("/amt/prompt.reply",),
        available=False,
    ),
    Message(
        "/amt/save",
        (_NAME,),
        """Write what has been played since the session began (or its last reset) as a MIDI file into the workspace
folder: a bare name, `.mid` may be left out, no path. A file of this name is replaced.""",
        answer=("/amt/save.reply",),
    ),
    Message(
        "/amt/vary",
        (_ID, _FROM, _COUNT),
        "New revisions of these bars.",
        answer=("/amt/vary.reply",),
        available=False,
    ),
    Message(
        "/amt/keep",
        (_INDEX, _REVISION),
        "Go on from this revision of a bar.",
        answer=("/amt/keep.reply",),
        available=False,
    ),
    Message(
        "/amt/loop",
        (_FROM, Argument("count", int, 0, MAX_BARS)),
        "Repeat these bars; count 0 ends it.",
        answer=("/amt/loop.reply",),
        available=False,
    ),
    Message(
        "/amt/chords",
        (Argument("chart", str, 0, 1024), _INDEX),
        "Follow a chord chart from a bar on.",
        answer=("/amt/chords.reply",),
        available=False,
    ),
    Message(
        "/amt/reset",
        (_SEED,),
        """Begin the piece again at bar 0 with this seed, or with a new one, which the reply names; steering stays.
Revisions go on counting, so that (index, revision) still names one version of a bar. Repeated before
anything of the new piece was played it changes nothing. Subscribers go on by their next `/amt/want`,
wherever their clock is.""",
        optional=1,
        answer=("/amt/reset.reply",),
    ),
    Message("/amt/status", (), "How things stand, as pairs.", answer=("/amt/status.reply",)),
    Message("/amt/bye", (), "End the subscription, and phrases still to come; the session stays. It has no reply."),
)

_ANSWERS = (
    Message(
        "/amt/hello.reply",
        (
            Argument("protocol", int, PROTOCOL, PROTOCOL),
            Argument("version", str, 1, 64),
            Argument("model", str, 0, 256),
            _SESSION,
            Argument("next_bar", int, 0, _LAST_INDEX),
        ),
        """next_bar is where this client is: what `/amt/next` gives it next, and where to begin with `/amt/want`.
0 where the piece has not begun.""",
    ),
    Message(
        "/amt/bar",
        (
            _INDEX,
            _REVISION,
            Argument("part", int, 0, 255),
            Argument("parts", int, 1, 256),
            Argument("bar_ticks", int, 1, _INT32, unit="ticks"),
            _NOTES,
        ),
        f"""One bar. Notes are sorted by onset and may ring past the bar's end. A bar of more than {MAX_NOTES} notes
comes in parts 0 … parts-1 of the same index and revision (and the same slot); otherwise part is 0 and
parts is 1 (which is so of all bars in this version: none has more, and a very long and dense one ends in
silence). An empty bar has n = 0. With slots k > 0 the address is `/amt/bar/<index mod k>`.""",
        group=_NOTE,
    ),
    Message(
        "/amt/next.reply",
        (_ID, Argument("first", int, 0, _LAST_INDEX), _BARS),
        "All bars first … first+bars-1 have been sent before it.",
    ),
    Message("/amt/set.reply", (_KEY,), "What now holds for a key.", pairs="value…"),
    Message("/amt/part.reply", (_INDEX, _NOTES), "The notes are taken."),
    Message("/amt/prompt.reply", (_NAME, _BARS), "The file is read."),
    Message(
        "/amt/save.reply",
        (Argument("name", str, 1, 68), Argument("bars", int, 1, _INT32)),
        "The file's full name inside the workspace, and how many bars it holds.",
    ),
    Message("/amt/vary.reply", (_ID, _FROM, _COUNT), "The new revisions follow."),
    Message("/amt/keep.reply", (_INDEX, _REVISION), "This revision holds."),
    Message("/amt/loop.reply", (_FROM, Argument("count", int, 0, MAX_BARS)), "These bars repeat."),
    Message("/amt/chords.reply", (Argument("chart", str, 0, 1024), _INDEX), "The chart holds."),
    Message("/amt/reset.reply", (_SEED,), "The seed of the new piece."),
    Message(
        "/amt/status.reply",
        (),
        f"""s:key value pairs, in this order: version s, model s, session s, next_bar i (as in hello), composed i
(the first bar that is not), revision i, seed i, tempo f, clients i (of this session: whoever has asked for
anything in the last {LEASE:g} s and not said bye), sessions i, compose_ms f (the latest bar).""",
        pairs="s:key value …",
    ),
    Message(
        "/amt/error",
        (Argument("id", int, 0, _INT32), Argument("code", str, 1, 32), Argument("text", str, 1, 1024)),
        "id 0 where the request had none; the text says what to do about it.",
    ),
)

REQUESTS = {message.address: message for message in _REQUESTS}
ANSWERS = {message.address: message for message in _ANSWERS}
MESSAGES = {**REQUESTS, **ANSWERS}


def request(address: str) -> Message:
    """The request of this address. Raises: ProtocolError: "unknown-message"; the text names the nearest ones."""
    if address in REQUESTS:
        return REQUESTS[address]
    near = difflib.get_close_matches(address[:64], REQUESTS, n=3, cutoff=0.7)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(REQUESTS)}"
    raise ProtocolError("unknown-message", f"there is no request {address[:64]!r}; {hint}")
