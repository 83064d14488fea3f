"""A passage: all that the next bar depends on, as an immutable value, and the window of it that the model reads.

Times are model steps (10 ms) from the session's start, bar lines exact fractions of them. Which bars the window
holds depends on the passage alone, never on caches or timing: that is what makes a session repeatable.

A window moves by leaving its oldest bars out. Which ones is settled long before, so that the next window can be read
while the present one is still in use (docs/decisions/window-moves.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np

from amt import score
from amt.anticipation import Event
from amt.form import KEPT, Remembered
from amt.lineup import UNTOLD, Lineup, controls
from amt.metronome import clicks, clicks_in
from amt.polyphony import Ringing
from amt.score import Int32s
from amt.vocabulary import ANTICIPATION, EVENT_TOKENS, STEPS_PER_SECOND, WINDOW
from patterns.grid import Grid
from patterns.note import Note

LONGEST_WINDOW = 40 * STEPS_PER_SECOND
"""Steps from a window's start to the bar being composed, at most: even the longest bar's times then have tokens."""
ROOM = 24 * EVENT_TOKENS
"""Tokens that a bar needs to begin; its window may move while it is composed."""
SETTLED = 0.7
"""Share of the window that is full when it is settled which bars leave it next."""
AFTER_MOVE, LEAST_KEPT = 0.5, 0.25
"""Shares of it that are full just after a move, about, and that older bars may take up then in any case."""

_FINEST = 10**6
"""Bar lines are exact at one tempo; over many changes of it their denominators would grow without end."""


@dataclass(frozen=True)
class ComposedBar:
    """A bar as the model made it.

    Attributes:
        start: its bar line.
        events: its notes, ordered by time.
        lineup: what the model is told of it.
    """

    start: Fraction
    grid: Grid
    events: tuple[Event, ...] = ()
    lineup: Lineup = UNTOLD

    @property
    def end(self) -> Fraction:
        return self.start + _bar_length(self.grid)

    @cached_property
    def line(self) -> int:
        """The step of its bar line."""
        return self.grid.to_step(0, self.start)

    @cached_property
    def rows(self) -> Int32s:
        """Its notes as an array of events [n, 3]."""
        return score.rows(self.events)

    @cached_property
    def clicks(self) -> Int32s:
        """Its metronome's as an array of events [n, 3]."""
        return self.clicks_ahead[: clicks_in(self.grid.meter)]

    @cached_property
    def clicks_ahead(self) -> Int32s:
        """Those, and all that may be due before it ends, as if bars like it followed: [n, 3]."""
        bars_ahead = math.ceil((ANTICIPATION + STEPS_PER_SECOND) / _bar_length(self.grid))
        return clicks(self.grid, self.start, 1 + bars_ahead, self.lineup.click)

    @cached_property
    def size(self) -> int:
        """Events and clicks that it puts into a window, with the rests among its notes but not before them."""
        return len(score.pad(self.rows, self.events[0].time if self.events else 0)) + len(self.clicks)

    def filled(self, events: tuple[Event, ...]) -> ComposedBar:
        """This bar with `events` as its notes."""
        if not events:
            return self
        bar = replace(self, events=events)
        vars(bar).update(line=self.line, clicks_ahead=self.clicks_ahead)
        return bar


@dataclass(frozen=True, slots=True)
class Passage:
    """A session just before bar `index`.

    Attributes:
        start: the bar line.
        past: the newest bars, as far back as the model reads.
        leaving: how many of them the next window leaves out; 0: that is not settled yet.
        ringing: what was struck before and sounds on, as the performer hears it.
        memory: the newest bars, farther back than the model reads, for their form.
    """

    index: int = 0
    start: Fraction = Fraction(0)
    past: tuple[ComposedBar, ...] = ()
    leaving: int = 0
    ringing: tuple[Ringing, ...] = ()
    memory: tuple[Remembered, ...] = ()

    def followed_by(self, bar: ComposedBar, ringing: tuple[Ringing, ...] = (), notes: tuple[Note, ...] = ()) -> Passage:
        """The passage after `bar`, which are `notes` on the grid, and across whose end `ringing` sounds on."""
        end = bar.end.limit_denominator(_FINEST)
        memory = (*self.memory, Remembered(bar.grid.meter, notes))[-KEPT:]
        return Passage(self.index + 1, end, (*self.past, bar), self.leaving, ringing, memory)

    def next(self, grid: Grid, lineup: Lineup = UNTOLD) -> ComposedBar:
        """The bar that follows, on `grid`, before it has notes."""
        return _empty(self.start, grid, lineup)

    def window(self, bar: ComposedBar) -> Window:
        """What the model reads while composing `bar`, which is the next one with the notes that are there already."""
        return Window(self.past, bar)

    def trimmed(self, bar: ComposedBar) -> Passage:
        """The passage with room for `bar`, the next one, to begin."""
        passage = self
        while passage.past and (passage.size(bar) > WINDOW - ROOM or passage._steps > LONGEST_WINDOW):
            passage = passage.moved(bar)
        return passage

    def settled(self, bar: ComposedBar, tokens: int) -> Passage:
        """The passage with its next move settled, if its window for `bar`, which holds `tokens` by now, fills up.

        The next window grows together with this one, and begins with as many bars as will fill about half of it then.
        """
        if self.leaving or not self.past or max(tokens / WINDOW, self._steps / LONGEST_WINDOW) < SETTLED:
            return self
        still_to_come = 1 - self._fullness(bar)
        return replace(self, leaving=self._surplus(bar, max(AFTER_MOVE - still_to_come, LEAST_KEPT)))

    def moved(self, bar: ComposedBar) -> Passage:
        """The passage in its next window: as settled, else with as many bars as fill half a window."""
        return replace(self, past=self.past[self.leaving or self._surplus(bar, AFTER_MOVE) :], leaving=0)

    def _surplus(self, bar: ComposedBar, share: float) -> int:
        """How many bars, one at least, have to go for the others to fill no more than `share` of a window."""
        for count in range(1, len(self.past)):
            if replace(self, past=self.past[count:])._fullness(bar) <= share:
                return count
        return len(self.past)

    def _fullness(self, bar: ComposedBar) -> float:
        """The share of a window that is full at the bar line of `bar`, the next one."""
        return max(self.size(bar) / WINDOW, self._steps / LONGEST_WINDOW)

    @property
    def _steps(self) -> int:
        """From the window's start to the bar line."""
        return math.ceil(self.start) - self.past[0].line if self.past else 0

    def size(self, bar: ComposedBar) -> int:
        """How many tokens its window has when `bar`, the next one, begins, or a few more; without building it."""
        line, grid = bar.line, bar.grid
        reached = self.past[0].line if self.past else line
        events = sum(len(players) for _, players in _changes((*self.past, bar)))
        for past in self.past:
            events += past.size
            if past.events:
                events += score.rests_between(reached, past.events[0].time)
                reached = past.events[-1].time
        events += score.rests_between(reached, line) + _clicks_ahead(grid)
        return 1 + EVENT_TOKENS * events


@lru_cache(maxsize=64)
def _bar_length(grid: Grid) -> Fraction:
    """Steps of a bar."""
    return grid.meter.bar_ticks * grid.steps_per_tick


@lru_cache(maxsize=64)
def _clicks_ahead(grid: Grid) -> int:
    """Clicks that are due at a bar line already, at most."""
    return math.ceil(ANTICIPATION / _bar_length(grid) * clicks_in(grid.meter)) + 1


@lru_cache(maxsize=256)
def _empty(start: Fraction, grid: Grid, lineup: Lineup) -> ComposedBar:
    """A bar before it has notes; kept, as several windows hold it."""
    return ComposedBar(start, grid, (), lineup)


def _changes(bars: Iterable[ComposedBar]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The steps at which a window of such bars says who plays from there on."""
    before: tuple[int, ...] = ()
    for bar in bars:
        players = bar.lineup.players
        if players and players != before:
            yield bar.line, players
            before = players


@dataclass(frozen=True)
class Window:
    """The bars that the model reads, the one being composed last."""

    past: tuple[ComposedBar, ...]
    current: ComposedBar

    @property
    def origin(self) -> int:
        """The step that the model's times count from: the first bar line."""
        return (self.past[0] if self.past else self.current).line

    @cached_property
    def events(self) -> Int32s:
        """The notes, with rests in the gaps and up to a second before the bar being composed: [n, 3]."""
        notes = [bar.rows for bar in self.past]
        if self.current.events:
            return score.pad(score.joined([*notes, self.current.rows]), self.origin)
        line = np.array([[self.current.line, 0, 0]], np.int32)
        return score.pad(score.joined([*notes, line]), self.origin)[:-1]

    @property
    def reached(self) -> int:
        """The time of the newest event."""
        return int(self.events[-1, 0]) if len(self.events) else self.origin

    @cached_property
    def controls(self) -> Int32s:
        """The click, from the first bar line to past all that may be due while this bar is composed: [n, 3]."""
        return score.joined([*(bar.clicks for bar in self.past), self.current.clicks_ahead])

    @cached_property
    def lineups(self) -> Int32s:
        """The controls that say who plays: [n, 3]."""
        return score.joined([controls(*change) for change in _changes((*self.past, self.current))])

    @cached_property
    def due(self) -> int:
        """How many of the controls stand in the window already."""
        return score.due(self.controls, self.reached)

    def tokens(self) -> Int32s:
        """The sequence to read: the flag, then events and the controls due among them; int32 [n]."""
        return score.tokens(self.events, self.controls[: self.due], self.origin, self.lineups)

    def waiting(self) -> list[tuple[int, list[int]]]:
        """Controls that are not due yet: the step at which each is, and its tokens."""
        controls = self.controls[self.due :]
        steps = (controls[:, 0] - ANTICIPATION).tolist()
        return list(zip(steps, score.triplets(controls, self.origin), strict=True))
