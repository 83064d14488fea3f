"""Composes the sessions of lines, several in lockstep, and keeps what is done for a next run."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

import amt
import patterns
from amt.composer import Composer
from amt.draft import Draft
from benchmarks.musical.lines import Line, Plan
from patterns.atomic import write_atomically
from patterns.bar import Bar
from patterns.note import Note

LANES = 8
"""Sessions that are composed in lockstep."""

Music = list[Bar]
Sessions = list[tuple[Plan, Music]]
Composed = Sequence[tuple[Line, Sequence[Music]]]


class _Lane:
    """A session on its way."""

    def __init__(self, composer: Composer, number: int, plan: Plan) -> None:
        self.number = number
        self.plan = plan
        self.bars: Music = []
        self.draft: Draft = composer.begin_bar(composer.begin(), plan.steering)


def compose(composer: Composer, plans: Sequence[Plan], composed: Callable[[], None] | None = None) -> list[Music]:
    """The bars of each plan. Which are composed beside which makes no difference to them.

    Args:
        composed: called after each bar.
    """
    music: list[Music] = [[] for _ in plans]
    waiting = iter(enumerate(plans))
    lanes = [_Lane(composer, *each) for each in islice(waiting, LANES)]
    while lanes:
        composer.advance([lane.draft for lane in lanes])
        for place in reversed(range(len(lanes))):
            lane = lanes[place]
            if lane.draft.outcome is None:
                continue
            if isinstance(lane.draft.outcome, Exception):
                raise lane.draft.outcome
            bar, passage = lane.draft.outcome
            lane.bars.append(bar)
            if composed:
                composed()
            if len(lane.bars) < lane.plan.bars:
                lane.draft = composer.begin_bar(passage, lane.plan.steering)
                continue
            music[lane.number] = lane.bars
            if following := next(waiting, None):
                lanes[place] = _Lane(composer, *following)
            else:
                del lanes[place]
    return music


def pairs(composed: Iterable[tuple[Line, Sequence[Music]]]) -> Sessions:
    """The sessions of several lines, with what was asked for."""
    return [pair for line, music in composed for pair in zip(line.plans, music, strict=True)]


class Store:
    """Lines that are composed already, as files; what other code or another model made is not taken.

    Args:
        folder: for the files; made where it does not exist.
        model: the model's folder.
    """

    def __init__(self, folder: Path, model: Path) -> None:
        self._folder = folder
        self._origin = _fingerprint(model)
        folder.mkdir(parents=True, exist_ok=True)

    def has(self, line: Line) -> bool:
        """Whether the line is composed already."""
        return self._path(line).is_file()

    def load(self, line: Line) -> list[Music]:
        """The line's sessions. Raises FileNotFoundError for one that is not there."""
        with np.load(self._path(line)) as file:
            rows = file["notes"]
        music: list[list[list[Note]]] = [[[] for _ in range(plan.bars)] for plan in line.plans]
        for session, bar, *fields in rows.tolist():
            music[session][bar].append(Note(*fields))
        return [
            [Bar(index, plan.steering.meter, tuple(notes)) for index, notes in enumerate(session)]
            for plan, session in zip(line.plans, music, strict=True)
        ]

    def save(self, line: Line, music: Sequence[Music]) -> None:
        """Keep the line's sessions; the file is whole or not there."""
        buffer = io.BytesIO()
        rows = np.array(list(_rows(music)), np.int32).reshape(-1, 7)
        np.savez_compressed(buffer, notes=rows)
        write_atomically(self._path(line), buffer.getvalue())

    def _path(self, line: Line) -> Path:
        return self._folder / f"{hashlib.sha256((self._origin + repr(line)).encode()).hexdigest()[:24]}.npz"


def _rows(music: Sequence[Music]) -> Iterator[tuple[int, ...]]:
    for session, bars in enumerate(music):
        for bar in bars:
            for note in bar.notes:
                yield session, bar.index, note.onset, note.instrument, note.pitch, note.duration, note.velocity


def _fingerprint(model: Path) -> str:
    """Of everything that the music depends on: the code that composes and the model."""
    digest = hashlib.sha256()
    code = [path for package in (amt, patterns) for path in Path(str(package.__file__)).parent.rglob("*.py")]
    for path in sorted([*code, *(path for path in model.resolve().rglob("*") if path.is_file())]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
