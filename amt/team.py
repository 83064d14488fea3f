"""How many threads compute the next pass: the whole team, or one while the other cores are busy.

All threads of a team wait for one another four times in each block of the model. That halves a token's time on a quiet
computer; but when another program takes a core away from one of them, all wait for the scheduler: 25 ms a token were
measured instead of 0.2, beside two busy programs on two cores. One thread alone loses only what is taken from it. So
a team that is suddenly slow goes on alone for a while, then tries again. Results are bitwise the same either way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

SLOW = 6.0
"""Times its usual duration that a step of the team may take."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 2.0
"""Seconds alone before the team is tried again: doubled each time that it is still slow."""
DRIFT = 1.01
"""How fast the usual duration may grow from step to step; it does as the context gets longer."""


class Team:
    """Decides between one thread and all, from how long passes over some tokens take.

    Args:
        threads: how many the team has.
        resize: told the number of threads from the next pass on.
        clock: seconds.
    """

    def __init__(
        self, threads: int, resize: Callable[[int], None], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._threads = threads
        self._resize = resize
        self._clock = clock
        self._usual: dict[int, float] = {}
        self._pause = SHORTEST_PAUSE
        self._size = threads
        self._until = clock() + SHORTEST_PAUSE
        self._set(1)

    def step(self, size: int, work: Callable[..., Any], *arguments: Any) -> Any:
        """Do `work` and decide who does the next; what it gave. Work of the same `size` usually takes the same time."""
        start = self._clock()
        result = work(*arguments)
        end = self._clock()
        self._decide(size, end - start, end)
        return result

    def _decide(self, size: int, seconds: float, now: float) -> None:
        usual = self._usual.get(size, float("inf"))
        slow = seconds > SLOW * usual
        self._usual[size] = min(seconds, DRIFT * usual)
        if self._size == 1:
            if now >= self._until:
                self._set(self._threads)
                self._until = now + 2 * self._pause
        elif slow:
            self._set(1)
            self._until = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        elif now >= self._until:
            self._pause = SHORTEST_PAUSE

    def _set(self, size: int) -> None:
        if size != self._size:
            self._size = size
            self._resize(size)
