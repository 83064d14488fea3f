"""A passage: all that the next bar depends on, as an immutable value, and the window of it that the model reads.

Times are model steps (10 ms) from the session's start, bar lines exact fractions of them. Which bars the window
holds depends on the passage alone, never on caches or timing: that is what makes a session repeatable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from amt import anticipation
from amt.anticipation import Event
from amt.metronome import clicks
from amt.vocabulary import ANTICIPATION, EVENT_TOKENS, STEPS_PER_SECOND, WINDOW
from patterns.grid import Grid

LONGEST_WINDOW = 40 * STEPS_PER_SECOND
"""Steps from a window's start to the bar being composed, at most: even the longest bar's times then have tokens."""

_FINEST = 10**6
"""Bar lines are exact at one tempo; over many changes of it their denominators would grow without end."""


@dataclass(frozen=True, slots=True)
class ComposedBar:
    """A bar as the model made it.

    Attributes:
        start: its bar line.
        events: its notes, ordered by time.
    """

    start: Fraction
    grid: Grid
    events: tuple[Event, ...]

    @property
    def end(self) -> Fraction:
        return self.start + self.grid.meter.bar_ticks * self.grid.steps_per_tick


@dataclass(frozen=True, slots=True)
class Passage:
    """A session just before bar `index`.

    Attributes:
        start: the bar line.
        past: the newest bars, as far back as the model reads.
    """

    index: int = 0
    start: Fraction = Fraction(0)
    past: tuple[ComposedBar, ...] = ()

    def followed_by(self, bar: ComposedBar) -> Passage:
        """The passage after `bar`."""
        return Passage(self.index + 1, bar.end.limit_denominator(_FINEST), (*self.past, bar))

    def window(self, grid: Grid, events: tuple[Event, ...] = ()) -> Window:
        """What the model reads while composing this bar on `grid`, of which `events` are there already."""
        return Window(self.past, ComposedBar(self.start, grid, events))

    def trimmed(self, grid: Grid) -> Passage:
        """The passage without the bars that have to leave the window for a bar on `grid` to fit.

        Room is kept for the largest bar of the window and half as much again. When it lacks, the newer half stays,
        so that the window moves rarely: each move makes the model read that half again.
        """
        largest = max((len(bar.events) for bar in self.past), default=0)
        beats = grid.meter.bar_ticks // 240
        room = EVENT_TOKENS * max(largest + largest // 2, 24) + EVENT_TOKENS * beats
        if self._fits(grid, WINDOW - room):
            return self
        return self.halved(grid)

    def halved(self, grid: Grid) -> Passage:
        """The passage with as many bars as fill half a window, at least one fewer than now."""
        shorter = replace(self, past=self.past[1:])
        while shorter.past and not shorter._fits(grid, WINDOW // 2):
            shorter = replace(shorter, past=shorter.past[1:])
        return shorter

    def _fits(self, grid: Grid, tokens: int) -> bool:
        window = self.window(grid)
        return self.start - window.origin <= LONGEST_WINDOW and len(window.tokens()) <= tokens


@dataclass(frozen=True, slots=True)
class Window:
    """The bars that the model reads, the one being composed last."""

    past: tuple[ComposedBar, ...]
    current: ComposedBar

    @property
    def origin(self) -> int:
        """The step that the model's times count from: the first bar line."""
        first = self.past[0] if self.past else self.current
        return first.grid.to_step(0, first.start)

    @property
    def events(self) -> list[Event]:
        """The notes, with rests in the gaps and up to a second before the bar being composed."""
        notes = [event for bar in (*self.past, self.current) for event in bar.events]
        if self.current.events:
            return anticipation.pad(notes, self.origin)
        line = anticipation.rest(self.current.grid.to_step(0, self.current.start))
        return anticipation.pad([*notes, line], self.origin)[:-1]

    @property
    def reached(self) -> int:
        """The time of the newest event."""
        events = self.events
        return events[-1].time if events else self.origin

    def controls(self) -> Iterator[Event]:
        """The click, from the first bar line to past all that may be due while this bar is composed."""
        for bar in (*self.past, self.current):
            yield from clicks(bar.grid, bar.start)
        ahead = replace(self.current, events=())
        last = self.current.end + ANTICIPATION + STEPS_PER_SECOND
        while ahead.end < last:
            ahead = replace(ahead, start=ahead.end)
            yield from clicks(ahead.grid, ahead.start)

    def tokens(self) -> list[int]:
        """The sequence to read: the flag, then events and the controls due among them."""
        merged = anticipation.interleave(self.events, list(self.controls()), self.origin)
        return anticipation.tokens(merged, self.origin, controls=True)
