"""Code that performers type, and what the log says about it.

What is asserted are virtual times, which Sonic Pi logs exactly, never arrival times.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from tests.sonic_pi.harness import Line, SonicPi
from tests.sonic_pi.servers import four, installed

BPM = 160
BAR = 4 * 60 / BPM  # seconds
ROUNDS = installed() is four
"""4.x rounds virtual time by 2.4e-7 s at each sleep; in 3.x it is exact."""
EXACT = 5 if ROUNDS else 9
"""Decimals of a second that are as they should be."""
WITHIN = 1e-4 if ROUNDS else 1e-9
"""Seconds within which a bar begins on its line."""
LINKED = 0.02 if ROUNDS else WITHIN
"""The same where no tempo was set: in 4.x that is Link's, whose clock is corrected every 5 s, for all loops alike."""
BASS = ("synth :fm", "synth :bass_foundation")
"""What plays bass where nothing else was said: the better one, which 3.2 lacks."""


@dataclass(frozen=True)
class Start:
    """A bar that an amt_loop began: its number, virtual second and beat, the programs that play, each note's beat."""

    n: int
    time: float
    beat: float
    programs: frozenset[int]
    onsets: tuple[float, ...]


def loop(port: int, session: str, name: str = "amt", first: str = "", opts: str = "", bpm: int | None = BPM) -> str:
    """Code of an amt_loop that logs each bar as it begins; without a bpm at the one that Sonic Pi begins with."""
    return f"""
        {f"use_bpm {bpm}" if bpm else ""}
        amt_connect port: {port}, session: "{session}"
        {first}
        amt_loop :{name}{opts} do |bar|
          notes = bar[:notes].map {{ |note| [note[:program], note[:at]].join("@") }}
          puts "bar of {name}", bar[:n], vt, beat, notes.join(" ")
          nil
        end
    """


def starts(lines: list[Line], name: str = "amt") -> list[Start]:
    """The bars that began, in order."""
    found = (
        re.fullmatch(rf'"bar of {name}" (\d+) (\S+) (\S+) "(.*)"', line.text) for line in lines if line.kind == "user"
    )
    bars = []
    for match in filter(None, found):
        notes = [note.split("@") for note in match[4].split()]
        programs = frozenset(int(program) for program, _ in notes)
        bars.append(
            Start(int(match[1]), float(match[2]), float(match[3]), programs, tuple(float(at) for _, at in notes))
        )
    return bars


def begun(count: int, name: str = "amt") -> Callable[[list[Line]], bool]:
    return lambda lines: len(starts(lines, name)) >= count


def programs(bars: list[Start]) -> frozenset[int]:
    return frozenset().union(*(bar.programs for bar in bars))


def assert_exact(bars: list[Start], bar: float = BAR, within: float = WITHIN) -> None:
    """Every bar but the first, into which a loop may come late, begins on a bar line, four beats after the one before.

    Args:
        within: seconds.
    """
    late = [one for one in bars[1:] if abs(one.time - bar * round(one.time / bar)) > within]
    lengths = {round(b.beat - a.beat, 9) for a, b in pairwise(bars[1:])}
    assert not late
    assert lengths == {4.0}


def struck(lines: list[Line]) -> list[float]:
    """Virtual seconds of all notes that were played, as logged: 4 decimals."""
    return [line.runtime for line in lines if line.kind == "log" and line.text.startswith(("synth", "sample"))]


def no_errors(sonic_pi: SonicPi) -> bool:
    return not sonic_pi.texts("error") and not sonic_pi.texts("syntax error")


def says(lines: list[Line], text: str) -> bool:
    return any(line.kind == "user" and text in line.text for line in lines)


def said(lines: list[Line], what: str = "") -> list[str]:
    """What `puts` said that begins with a word in quotes, or all of it; without that word."""
    word = f'"{what}" ' if what else ""
    return [line.text[len(word) :] for line in lines if line.kind == "user" and line.text.startswith(word)]
