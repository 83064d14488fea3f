"""The one thread on which music is composed, one bar at a time. Knows jobs and their outcome; no client and no OSC.

What is most urgent is decided on the event loop, by the `choose` that is passed in, each time the thread is free.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Protocol

from amt.passage import Passage
from amt.steering import Steering
from osc_bridge.session import Job, Opening
from patterns.bar import Bar

log = logging.getLogger("osc_bridge")

LATE = 20.0
"""Seconds after which a bar that is being composed counts as late."""

_TRIES = 2
_PATIENCE = 5.0


class ComposerLike(Protocol):
    """What is needed of amt.composer.Composer."""

    def begin(self) -> Passage: ...
    def compose(self, passage: Passage, steering: Steering) -> tuple[Bar, Passage]: ...


Outcome = tuple[Bar, Passage] | Exception


class Engine:
    """Composes the jobs that `choose` names.

    Args:
        choose: the most urgent job, or None; called on the event loop.
        finished: takes each outcome, on the event loop.
        late: told every `LATE` seconds while one job lasts longer, on the event loop.
    """

    def __init__(
        self,
        composer: ComposerLike,
        choose: Callable[[], Job | None],
        finished: Callable[[Job, Outcome], None],
        late: Callable[[Job], None],
    ) -> None:
        self._composer = composer
        self._choose = choose
        self._finished = finished
        self._late = late
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._watch: asyncio.TimerHandle | None = None
        self._stopping = False
        self.last_duration = 0.0
        """Seconds that the latest bar took."""
        self._thread = threading.Thread(target=self._run, name="composer", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for work, unless a bar is being composed."""
        if self._watch or self._stopping:
            return
        job = self._choose()
        if job:
            self._watch = self._loop.call_later(LATE, self._is_late, job)
            self._jobs.put(job)

    def stop(self) -> None:
        """End the thread; a bar that is being composed is waited for."""
        self._stopping = True
        if self._watch:
            self._watch.cancel()
        self._jobs.put(None)
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            log.warning("the composer did not stop within %g s; its thread ends with the program", _PATIENCE)

    def _is_late(self, job: Job) -> None:
        log.warning("bar %d of session %r has taken more than %g s", job.index, job.session.name, LATE)
        self._watch = self._loop.call_later(LATE, self._is_late, job)
        self._late(job)

    def _run(self) -> None:
        while job := self._jobs.get():
            began = time.perf_counter()
            outcome = self._outcome(job)
            duration = time.perf_counter() - began
            if self._stopping:
                return
            self._loop.call_soon_threadsafe(self._done, job, outcome, duration)

    def _outcome(self, job: Job) -> Outcome:
        for attempt in range(1, _TRIES + 1):
            try:
                place = job.place
                passage = self._composer.begin() if isinstance(place, Opening) else place
                return self._composer.compose(passage, job.steering)
            except Exception as error:  # whatever a model throws, the server plays on
                log.exception("bar %d of session %r, attempt %d", job.index, job.session.name, attempt)
                failure = error
        return failure

    def _done(self, job: Job, outcome: Outcome, duration: float) -> None:
        if self._stopping:
            return
        if self._watch:
            self._watch.cancel()
            self._watch = None
        self.last_duration = duration
        self._finished(job, outcome)
        self.wake()
