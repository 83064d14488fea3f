"""Bars as messages of the protocol. Knows no client but its number of slots."""

from __future__ import annotations

from osc_bridge.messages import MAX_NOTES
from patterns.bar import Bar


def as_messages(bar: Bar, slots: int = 0) -> list[tuple[str, tuple[int, ...]]]:
    """Addresses and values of the `/amt/bar` messages of one bar, at most `MAX_NOTES` notes in each."""
    address = f"/amt/bar/{bar.index % slots}" if slots else "/amt/bar"
    runs = [bar.notes[at : at + MAX_NOTES] for at in range(0, len(bar.notes), MAX_NOTES)] or [()]
    messages = []
    for part, notes in enumerate(runs):
        values = [bar.index, bar.revision, part, len(runs), bar.meter.bar_ticks, len(notes)]
        for note in notes:
            values += note.onset, note.duration, note.pitch, note.velocity, note.instrument
        messages.append((address, tuple(values)))
    return messages
