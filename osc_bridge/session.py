"""One endless piece: bars, revisions, position, and what to compose next. Knows no client, thread or clock.

Indices are where bars stand on the performers' clock. Bars below `position` are played or promised and stay; bars
from `position` on follow the steering. Bars below `frontier` are composed as the steering wants; what is kept from
there on is superseded. When the clock has run past the frontier, composing goes on at the clock: bars nobody played
are left out.

Each performer that takes phrases goes through the piece at a place of its own, and all get the same bars
(docs/decisions/cursors.md).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from amt.keys import Value
from amt.passage import Passage
from amt.steering import Steering
from osc_bridge.messages import LAG
from osc_bridge.record import Record
from patterns.bar import Bar

KEPT = 64
"""Played bars that can be sent again."""


class Opening:
    """Before the first bar of a piece."""


Place = Passage | Opening


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One bar to compose.

    Attributes:
        place: what it follows.
        generation: of the steering; becomes the bar's revision.
    """

    session: Session
    index: int
    place: Place
    steering: Steering
    generation: int


class Session:
    """A piece under its name.

    Attributes:
        steering: what holds from the first bar not yet played.
        position: the first bar not yet played.
        frontier: the first bar that is still to be composed.
        generation: grows with each change of steering and each reset; the revision of bars composed since.
        record: what has been played.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.steering = Steering()
        self.generation = -1
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Begin again at bar 0."""
        self.generation += 1
        self.steering = self.steering.set("seed", seed)
        self.position = self.frontier = self._promised = 0
        self._cursors: dict[Hashable, int] = {}
        self._entry = 0
        self.record = Record()
        self._bars: dict[int, tuple[Bar, float]] = {}
        self._places: dict[int, Place] = {0: Opening()}
        self._superseded = False
        self._wasted = False
        self._changed_at: int | None = None

    @property
    def seed(self) -> int:
        """The seed of what is composed next."""
        return self.steering.seed

    @property
    def is_untouched(self) -> bool:
        """Whether nothing of the piece has been played or promised."""
        return self.position == 0

    def bar(self, index: int) -> Bar | None:
        """The bar in its newest revision, if it is composed and holds."""
        kept = self._bars.get(index) if index < self.frontier else None
        return kept[0] if kept else None

    def is_gone(self, index: int) -> bool:
        """Whether this bar was played and is no longer, or never was, kept."""
        played = min(self.position, self.frontier)
        return index < played - KEPT or (index < played and index not in self._bars)

    def steer(self, key: str, values: Sequence[Value]) -> tuple[Value, ...]:
        """Change the steering from the first bar not yet played; what holds for `key` then.

        Raises:
            SteeringError: what cannot be followed, and what can.
        """
        before, self.steering = self.steering, self.steering.set(key, *values)
        if replace(self.steering, horizon=before.horizon) != before:
            self._change()
            if not self._superseded:
                self.frontier = min(self.frontier, self.position)
        return self.steering.get(key)

    def place(self, who: Hashable = None) -> int:
        """The first bar of the phrase that a performer would get now.

        It follows the performer's last one. Whoever has had none, or is more than `LAG` bars behind, or whose bars are
        gone, is given what the others play: the phrase given last, or the bar that the clock has come to.
        """
        own = self._cursors.get(who, self._entry)
        places = (own, self._entry) if own >= self._entry - LAG else (self._entry,)
        return next((first for first in places if not self._lacks_from(first)), self.position)

    def _lacks_from(self, first: int) -> bool:
        """Whether a bar from `first` on that should be there is not kept, or is left out."""
        return any(
            index not in self._bars if index < self.frontier else index >= self._promised
            for index in range(first, self.position)
        )

    def leave(self, who: Hashable) -> None:
        """Forget a performer's place."""
        self._cursors.pop(who, None)

    def advance(self, index: int, who: Hashable = None) -> None:
        """A performer's clock has come to bar `index`: those before it are played."""
        self.position = max(self.position, index)
        self._entry = max(self._entry, index)
        if who in self._cursors:
            self._cursors[who] = max(self._cursors[who], index)
        self._settle()

    def promise(self, count: int, who: Hashable = None) -> int:
        """Take the `count` bars at a performer's place; the first one's index.

        Those that nobody has taken, composed or not, will all be as the steering now wants them.
        """
        first = self.place(who)
        end = self._cursors[who] = first + count
        self._entry = max(self._entry, first)
        if end > self.position:
            if self._superseded:
                self._recompose()
            self.position = self._promised = end
            self._settle()
        return first

    def give_up(self) -> None:
        """Forget promises that cannot be kept; the piece goes on from the first bar that is not composed."""
        if self._promised > self.frontier:
            if self.position == self._promised:
                self.position = self.frontier
            self._promised = self.frontier
            self._entry = min(self._entry, self.position)
            self._cursors = {who: min(cursor, self.frontier) for who, cursor in self._cursors.items()}
            self._settle()

    def job(self, reach: int) -> Job | None:
        """The bar to compose next, if one is lacking below `reach`, below a promise or inside the horizon.

        A job that was given out before and is not finished yet is forgotten.
        """
        end = max(reach, self._promised, self.position + self.steering.horizon)
        if self.frontier >= end and self._superseded:
            self._recompose()
        if self.frontier >= end:
            return None
        self._changed_at = None
        return Job(self, self.frontier, self._places[self.frontier], self.steering, self.generation)

    def finish(self, job: Job, bar: Bar, place: Passage) -> Bar | None:
        """Take the bar that came of `job`, unless it no longer fits; the bar as it now holds.

        While steering changes faster than bars are composed, every other outdated bar is taken all the same (and
        composed anew when the changes pause): a moving fader must not end the music.
        """
        if self._places.get(self.frontier) is not job.place:
            return None
        outdated = self._changed_at is not None and self.frontier >= self._changed_at
        if outdated and (self.frontier < self.position or not self._wasted):
            self._wasted = True
            return None
        self._wasted = False
        bar = replace(bar, index=self.frontier, revision=job.generation)
        self._bars[bar.index] = (bar, job.steering.tempo)
        self.frontier += 1
        self._places[self.frontier] = place
        if outdated:
            self._superseded = True
        elif self._superseded and bar.index >= self.position:
            self._recompose()
        self._settle()
        return bar

    def _recompose(self) -> None:
        """Compose anew what is not yet played; its own generation, so that no revision names two versions."""
        self._superseded = False
        self._change()
        self.frontier = min(self.frontier, self.position)

    def _change(self) -> None:
        """Bars from the position on are to be composed otherwise than the running job may do."""
        self.generation += 1
        self._changed_at = self.position if self._changed_at is None else min(self._changed_at, self.position)

    def _settle(self) -> None:
        """Catch up with the clock, record what is played, forget what nobody can ask for any more."""
        if self._promised <= self.frontier < self.position:
            follows = self.position if self.position in self._places else self.frontier
            self._places[self.position] = self._places[follows]
            self.frontier = self.position
        played = min(self.position, self.frontier)
        kept = sorted(index for index in self._bars if index < played)
        for index in kept:
            if index >= self.record.end:
                self.record.add(*self._bars[index])
        for index in [index for index in self._places if index < played]:
            del self._places[index]
        for index in kept[:-KEPT]:
            del self._bars[index]
