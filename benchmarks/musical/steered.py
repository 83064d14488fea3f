"""Sessions as a performer steers them: what a change does, and whether a seed gives the same music again."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from amt.composer import Composer
from amt.draft import Draft
from amt.keys import Value
from benchmarks.musical.measures import notes_per_bar, trespasses
from osc_bridge.session import Job, Opening, Session
from patterns.bar import Bar
from patterns.meter import Meter

PLAYED, AHEAD = 2, 8
"""Bars that are played before a change, and bars that are looked at after it: the horizon."""
INTERRUPTED = 40
"""Draws after a bar is begun at which the change comes: it is on its way then."""

CHANGES: dict[str, tuple[tuple[Value, ...], tuple[Value, ...]]] = {
    "instruments": (("piano", "bass", "drums"), ("organ", "guitar", "drums")),
    "key": (("c", "major"), ("f#", "minor")),
    "density": ((0.2,), (0.8,)),
}
"""What is set before the piece begins and what it is changed to."""


class Desk:
    """Composes what sessions lack, in lockstep, as osc_bridge.engine does; without clocks, so that it repeats."""

    def __init__(self, composer: Composer, sessions: Sequence[Session]) -> None:
        self._composer = composer
        self._sessions = sessions
        self._running: dict[Session, tuple[Job, Draft]] = {}

    def step(self) -> bool:
        """One draw of each bar on its way; whether there was any."""
        for session in self._sessions:
            if session not in self._running and (job := session.job(0)):
                passage = self._composer.begin() if isinstance(job.place, Opening) else job.place
                self._running[session] = job, self._composer.begin_bar(passage, job.steering)
        self._composer.advance([draft for _, draft in self._running.values()])
        for session, (job, draft) in list(self._running.items()):
            if isinstance(draft.outcome, Exception):
                raise draft.outcome
            if draft.outcome:
                del self._running[session]
                session.finish(job, *draft.outcome)
        return bool(self._running)

    def settle(self) -> None:
        """Until each session has all that it wants."""
        while self.step() or any(session.job(0) for session in self._sessions):
            pass


@dataclass(frozen=True)
class Change:
    """What a change in the middle of one session did.

    Attributes:
        in_force: every unplayed bar was composed after the change and keeps to it; what was played stayed.
        before, after: notes a bar.
    """

    in_force: bool
    before: float
    after: float


def change(composer: Composer, key: str, settings: Sequence[tuple[int, int, Meter]]) -> list[Change]:
    """Sessions of these seeds, tempi and meters in which `key` changes while bars ahead are composed already, and one
    is on its way."""
    sessions = [Session(f"{key} {seed}", seed) for seed, _, _ in settings]
    first, second = CHANGES[key]
    for session, (_, tempo, meter) in zip(sessions, settings, strict=True):
        session.steer("tempo", (tempo,))
        session.steer("meter", (meter.numerator, meter.denominator))
        session.steer(key, first)
    desk = Desk(composer, sessions)
    desk.settle()
    for session in sessions:
        session.promise(PLAYED)
    for _ in range(INTERRUPTED):
        desk.step()
    played = [_bars(session, 0, PLAYED) for session in sessions]
    for session in sessions:
        session.steer(key, second)
    desk.settle()
    changes = []
    for session, before in zip(sessions, played, strict=True):
        after = _bars(session, PLAYED, PLAYED + AHEAD)
        kept = _bars(session, 0, PLAYED) == before
        new = all(bar.revision == session.generation for bar in after)
        in_force = kept and new and not trespasses(after, session.steering)
        changes.append(Change(in_force, notes_per_bar(before), notes_per_bar(after)))
    return changes


def repeated(composer: Composer, seeds: Sequence[int], bars: int) -> list[bool]:
    """Whether each seed gives the same notes alone with a horizon of 1, and of 8 beside others under load."""
    alone = [_played(composer, [Session("alone", seed)], 1, bars)[0] for seed in seeds]
    with _load():
        together = _played(composer, [Session(f"together {seed}", seed) for seed in seeds], 8, bars)
    return [one == other for one, other in zip(alone, together, strict=True)]


def _played(composer: Composer, sessions: Sequence[Session], horizon: int, bars: int) -> list[list[tuple[object, ...]]]:
    """The notes of each session's bars, played one by one."""
    for session in sessions:
        session.steer("horizon", (horizon,))
    desk = Desk(composer, sessions)
    music: list[list[tuple[object, ...]]] = [[] for _ in sessions]
    for index in range(bars):
        for session in sessions:
            session.promise(1)
        desk.settle()
        for session, notes in zip(sessions, music, strict=True):
            notes += [bar.notes for bar in _bars(session, index, index + 1)]
    return music


@contextmanager
def _load() -> Iterator[None]:
    """Something else that keeps a core busy and now and then has Python's lock."""
    ended = threading.Event()

    def work() -> None:
        block = bytes(1_000_000)
        while not ended.is_set():
            hashlib.sha256(block)

    thread = threading.Thread(target=work, name="load", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _bars(session: Session, first: int, end: int) -> list[Bar]:
    """Bars that are there. A lacking one is an error of the session's, and fails here."""
    found = [session.bar(index) for index in range(first, end)]
    assert all(found), f"session {session.name!r} lacks bars of {first} to {end - 1}"
    return [bar for bar in found if bar]
