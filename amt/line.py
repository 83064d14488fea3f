"""A window as it is written and read on while a bar is composed."""

from __future__ import annotations

from amt import anticipation
from amt.anticipation import Event
from amt.passage import Window
from amt.reader import Reader, Reading


class Line:
    """A window as it is written and read on: whole events, and after each the controls that are due."""

    def __init__(self, window: Window, reader: Reader) -> None:
        self.origin = window.origin
        self.reading: Reading = reader.read(window.tokens())
        self._waiting = window.waiting()
        self._next = 0
        self._complete = self.reading.length

    def put(self, token: int) -> None:
        """One of the first tokens of an event."""
        self.reading.append(token)

    def take_back(self) -> None:
        """Forget the first tokens of an event."""
        self.reading.rewind(self._complete)

    def write(self, event: Event) -> None:
        """An event, or the rest of one of which the first tokens stand there."""
        self.reading.append(*anticipation.triplet(event, self.origin)[self.reading.length - self._complete :])
        while self._next < len(self._waiting) and self._waiting[self._next][0] <= event.time:
            self.reading.append(*self._waiting[self._next][1])
            self._next += 1
        self._complete = self.reading.length
