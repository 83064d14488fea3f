"""The one thread on which music is composed, several bars at once. Knows jobs and their outcome; no client and no OSC.

What is most urgent is decided on the event loop, by the `choose` that is passed in, each time that something may have
changed; so is what is awaited. The thread goes on step by step: bars that are done are handed over at once, others
join between two steps, and while any is awaited the others pause.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from amt.draft import Outcome
from amt.passage import Passage
from amt.steering import Steering
from osc_bridge.session import Job, Opening

log = logging.getLogger("osc_bridge")

LATE = 20.0
"""Seconds of composing after which a bar counts as late."""

_TRIES = 2
_PATIENCE = 5.0


class DraftLike(Protocol):
    """What is needed of amt.draft.Draft: a bar on its way."""

    @property
    def outcome(self) -> Outcome | None: ...


class ComposerLike(Protocol):
    """What is needed of amt.composer.Composer."""

    def begin(self) -> Passage: ...
    def begin_bar(self, passage: Passage, steering: Steering) -> DraftLike: ...
    def advance(self, drafts: Sequence[Any]) -> None: ...


class _Task:
    """A job on the composer's thread.

    Attributes:
        draft: None before the first try.
        seconds: of composing so far, whole steps only; pauses do not count.
        since: when the step began that it is in, if it is in one.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.draft: DraftLike | None = None
        self.tries = 0
        self.seconds = 0.0
        self.since: float | None = None

    @property
    def age(self) -> float:
        """Seconds of composing; may be asked on any thread."""
        since = self.since
        return self.seconds + (time.perf_counter() - since if since is not None else 0.0)


class Engine:
    """Composes the jobs that `choose` names.

    Args:
        choose: the most urgent job to compose besides those that are running, or None; called on the event loop.
        is_awaited: whether somebody waits for a running job, so that others pause for it; on the event loop.
        finished: takes each outcome, on the event loop.
        late: told every `LATE` seconds while one job lasts longer, on the event loop.
    """

    def __init__(
        self,
        composer: ComposerLike,
        choose: Callable[[Sequence[Job]], Job | None],
        is_awaited: Callable[[Job], bool],
        finished: Callable[[Job, Outcome], None],
        late: Callable[[Job], None],
    ) -> None:
        self._composer = composer
        self._choose = choose
        self._is_awaited = is_awaited
        self._finished = finished
        self._late = late
        self._loop = asyncio.get_running_loop()
        self._watches: dict[Job, asyncio.TimerHandle] = {}  # of each running job
        self._awaited: frozenset[Job] = frozenset()  # replaced on the loop, read on the thread
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._stopping = False
        self.last_duration = 0.0
        """Seconds of composing that the latest bar took."""
        self._thread = threading.Thread(target=self._run, name="composer", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for work, and for what is awaited by now."""
        if self._stopping:
            return
        begun = []
        while job := self._choose(tuple(self._watches)):
            begun.append(_Task(job))
            self._watch(begun[-1], LATE)
        self._awaited = frozenset(job for job in self._watches if self._is_awaited(job))
        for task in begun:
            self._tasks.put(task)

    def stop(self) -> None:
        """End the thread; a step that is being computed is waited for."""
        self._stopping = True
        for watch in self._watches.values():
            watch.cancel()
        self._tasks.put(None)
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            log.warning("the composer did not stop within %g s; its thread ends with the program", _PATIENCE)

    def _watch(self, task: _Task, seconds: float) -> None:
        self._watches[task.job] = self._loop.call_later(seconds, self._look, task)

    def _look(self, task: _Task) -> None:
        age = task.age
        if age < LATE:  # it has paused meanwhile
            self._watch(task, LATE - age)
            return
        log.warning("bar %d of session %r has taken more than %g s", task.job.index, task.job.session.name, LATE)
        self._watch(task, LATE)
        self._late(task.job)

    def _run(self) -> None:
        running: list[_Task] = []
        while True:
            try:
                task = self._tasks.get(block=not running)
            except queue.Empty:
                running = self._step(running)
                continue
            if task is None or self._stopping:
                return
            running.append(task)

    def _step(self, running: list[_Task]) -> list[_Task]:
        """Go on with what is awaited, or else with all; those still running."""
        awaited = self._awaited
        active = [task for task in running if task.job in awaited] or running
        start = time.perf_counter()
        for task in active:
            task.since = start
        outcomes = self._advanced(active)
        seconds = time.perf_counter() - start
        for task, outcome in zip(active, outcomes, strict=True):
            task.seconds, task.since = task.seconds + seconds, None
            if outcome is not None:
                running = [other for other in running if other is not task]
                self._hand_over(task, outcome)
        return running

    def _advanced(self, tasks: list[_Task]) -> list[Outcome | None]:
        """What became of each task after a step: its outcome, or None where there is more to compose."""
        failures: dict[_Task, Exception] = {}
        for task in tasks:
            if task.draft is None:
                try:
                    place = task.job.place
                    passage = self._composer.begin() if isinstance(place, Opening) else place
                    task.draft = self._composer.begin_bar(passage, task.job.steering)
                except Exception as error:  # noqa: BLE001  judged below: whatever a model throws, the server plays on
                    failures[task] = error
        drafts = {task: task.draft for task in tasks if task.draft}
        try:
            self._composer.advance(list(drafts.values()))
        except Exception as error:  # noqa: BLE001  judged below
            failures.update(dict.fromkeys(drafts, error))
        outcomes = {task: draft.outcome for task, draft in drafts.items()} | failures
        return [self._judged(task, outcomes[task]) for task in tasks]

    def _judged(self, task: _Task, outcome: Outcome | None) -> Outcome | None:
        """The outcome, unless it is a failure that is worth another try."""
        if not isinstance(outcome, Exception):
            return outcome
        task.tries += 1
        task.draft = None
        log.error(
            "bar %d of session %r, attempt %d",
            task.job.index,
            task.job.session.name,
            task.tries,
            exc_info=outcome,
        )
        return outcome if task.tries == _TRIES else None

    def _hand_over(self, task: _Task, outcome: Outcome) -> None:
        if not self._stopping:
            self._loop.call_soon_threadsafe(self._done, task, outcome)

    def _done(self, task: _Task, outcome: Outcome) -> None:
        if self._stopping:
            return
        self._watches.pop(task.job).cancel()
        self.last_duration = task.seconds
        self._finished(task.job, outcome)
        self.wake()
