"""How far a long run is, on stderr, with the time that is left."""

from __future__ import annotations

import sys
import time


class Progress:
    """Counts bars. On a terminal the line is renewed, elsewhere one is written from time to time.

    Args:
        whole: bars to come.
    """

    def __init__(self, whole: int) -> None:
        self._whole = whole
        self._done = self._composed = 0
        self._start = time.monotonic()
        self._shown = self._start
        self._terminal = sys.stderr.isatty()

    def composed(self, bars: int) -> None:
        """So many are, since the start."""
        self._done += bars - self._composed
        self._composed = bars
        now = time.monotonic()
        if now - self._shown >= (0.2 if self._terminal else 15):
            self._shown = now
            end = "" if self._terminal else "\n"
            print(
                f"\r{self._text(now)}\033[K" if self._terminal else self._text(now),
                end=end,
                file=sys.stderr,
                flush=True,
            )

    def skip(self, bars: int) -> None:
        """So many were there already."""
        self._done += bars

    def say(self, text: str) -> None:
        """A line that stays."""
        print(f"\r{text}\033[K" if self._terminal else text, file=sys.stderr, flush=True)

    def _text(self, now: float) -> str:
        so_far = f"{self._done} of {self._whole} bars composed"
        if not self._composed:
            return so_far
        minutes, seconds = divmod(round((now - self._start) / self._composed * (self._whole - self._done)), 60)
        return f"{so_far}, {minutes}:{seconds:02} left"
