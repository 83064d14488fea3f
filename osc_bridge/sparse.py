"""Warnings that a flood of bad packets cannot turn into a flood of lines. Knows nothing of OSC."""

from __future__ import annotations

import logging
from collections.abc import Callable

_INTERVAL = 1.0


class SparseLog:
    """Logs at most one warning a second; the next one says how many were left out."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float]) -> None:
        self._log = log
        self._clock = clock
        self._due = float("-inf")
        self._left_out = 0

    def warning(self, text: str, *values: object) -> None:
        now = self._clock()
        if now < self._due:
            self._left_out += 1
            return
        if self._left_out:
            text, values = text + " (and %d more like it)", (*values, self._left_out)
        self._log.warning(text, *values)
        self._due, self._left_out = now + _INTERVAL, 0
