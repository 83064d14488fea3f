"""What a session has played: every bar, compactly, for saving as a MIDI file. Knows no client and no network."""

from __future__ import annotations

import os
from array import array

from patterns import midi
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import Note

_FIELDS = 5


class Record:
    """Played bars in order; 20 bytes a note."""

    def __init__(self) -> None:
        self._bars: list[tuple[Meter, float, array[int]]] = []
        self.end = 0
        """The index after the last bar's."""

    def __len__(self) -> int:
        return len(self._bars)

    def add(self, bar: Bar, tempo: float) -> None:
        """Append a bar; its index is above those of all before."""
        numbers = array("i")
        for note in bar.notes:
            numbers.extend((note.onset, note.instrument, note.pitch, note.duration, note.velocity))
        self._bars.append((bar.meter, tempo, numbers))
        self.end = bar.index + 1

    def copy(self) -> Record:
        """As it is now, for another thread."""
        copy = Record()
        copy._bars, copy.end = list(self._bars), self.end
        return copy

    def bars(self) -> list[Bar]:
        """The bars, counted from 0."""
        return [
            Bar(index, meter, tuple(Note(*numbers[at : at + _FIELDS]) for at in range(0, len(numbers), _FIELDS)))
            for index, (meter, _, numbers) in enumerate(self._bars)
        ]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a MIDI file, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        midi.write(path, self.bars(), [tempo for _, tempo, _ in self._bars])
