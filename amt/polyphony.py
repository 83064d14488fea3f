"""How many notes may sound at once: who makes way for whom, as a synthesizer's voices are stolen. Pure functions.

Times are ticks of one bar. Notes of earlier bars that still ring are promised to the performer and cannot be cut. They
take up half of the places at most: a bar lets no more ring past its end, and what was struck before a limit was lowered
rings out beside the new bar, which is full from its first beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from amt.steering import Limit
from patterns.note import Note


class Ringing(NamedTuple):
    """A note of an earlier bar that still sounds: until so many ticks past the bar line."""

    end: int
    instrument: int
    pitch: int


def make_way(
    notes: Sequence[Note], held: Sequence[Ringing], new: Note, limits: Sequence[Limit]
) -> tuple[int, ...] | None:
    """Which of a bar's notes have to end where `new` begins: indices, the oldest first.

    Args:
        notes: those of the bar so far, in order of time.
        held: notes of earlier bars that sound at that time.
        limits: all have to hold; those of instruments before that of everybody.

    Returns:
        None where that would not do: the others begin with it, or are held.
    """
    stolen: list[int] = []
    for limit in limits:
        if not limit.binds(new.instrument, new.pitch):
            continue
        sounding = [
            number
            for number, note in enumerate(notes)
            if note.onset + note.duration > new.onset
            and number not in stolen
            and limit.binds(note.instrument, note.pitch)
        ]
        excess = len(sounding) + _bound(held, limit) + 1 - limit.notes
        older = [number for number in sounding if notes[number].onset < new.onset]
        if excess > len(older):
            return None
        stolen += older[: max(0, excess)]
    return tuple(stolen)


def to_end(notes: Sequence[Note], held: Sequence[Ringing], bar: int, limits: Sequence[Limit]) -> tuple[int, ...]:
    """Which of a bar's notes have to end at its end, `bar` ticks: indices, the oldest first.

    Args:
        held: notes of earlier bars that sound on after it.
    """
    ended: list[int] = []
    for limit in limits:
        over = [
            number
            for number, note in enumerate(notes)
            if note.onset + note.duration > bar and number not in ended and limit.binds(note.instrument, note.pitch)
        ]
        excess = len(over) + _bound(held, limit) - limit.notes // 2
        ended += over[: max(0, excess)]
    return tuple(ended)


def still_ringing(notes: Sequence[Note], held: Sequence[Ringing], bar: int) -> tuple[Ringing, ...]:
    """What sounds on after a bar of `bar` ticks, seen from its end."""
    ends = [*held, *(Ringing(note.onset + note.duration, note.instrument, note.pitch) for note in notes)]
    return tuple(each._replace(end=each.end - bar) for each in ends if each.end > bar)


def _bound(held: Sequence[Ringing], limit: Limit) -> int:
    """The places that earlier bars' notes take up."""
    return min(sum(limit.binds(each.instrument, each.pitch) for each in held), limit.notes // 2)
