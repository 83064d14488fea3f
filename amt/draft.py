"""A bar on its way, draw by draw: what the model has said so far, and what it is to choose next.

Each event is three draws (time, duration, note), each from the output rows that the grid, the ensemble and the key
allow; the softmax over the allowed set equals the masked softmax. Times and durations choose among grid positions, to
which the probability of every 10 ms step is pooled, so that nothing is lost by rounding.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import lru_cache

import numpy as np

from amt import anticipation, velocity
from amt.anticipation import Event
from amt.cells import END, PAUSE, duration_cells, onset_cells, onset_lines
from amt.ensemble import Ensemble
from amt.form import Echo
from amt.line import Line
from amt.lineup import Lineup
from amt.passage import ComposedBar, Passage
from amt.polyphony import Ringing, make_way, still_ringing, to_end
from amt.reader import Int32s, Reader
from amt.sampler import Choices
from amt.steering import Steering
from amt.vocabulary import DURATION, EVENT_TOKENS, NOTE, PITCHES, REST_STEPS, STEPS_PER_SECOND, TIME, WINDOW
from patterns.bar import Bar
from patterns.grid import Grid
from patterns.groove import humanized, swung, swung_tick
from patterns.meter import TICKS_PER_BEAT
from patterns.note import Note

MOST_NOTES = 300
"""Notes in a bar, at most: what one datagram of the protocol holds."""

HUMAN = 1
"""Names the stream of random numbers that humanises a bar, apart from the one that its notes are drawn by."""

Outcome = tuple[Bar, Passage] | Exception
Draws = Generator[Choices, int, None]
"""Choices out, the index of the chosen one in."""


class Draft:
    """A bar on its way. Whoever advances it has `lines` read, then draws one of `choices` by `number`.

    Nothing that happens to it depends on when or beside which others it is advanced.

    Attributes:
        lines: the window that is drawn from; behind it, once the next move is settled, the next window, which may be
            read more slowly.
        choices: what is to be drawn next.
        number: 0 … 1, by which to draw it.
        outcome: the bar and the passage after it, or what went wrong; None as long as there is something to draw.
    """

    choices: Choices
    number: float

    def __init__(self, reader: Reader, passage: Passage, steering: Steering, variation: int, lineup: Lineup) -> None:
        self.outcome: Outcome | None = None
        self.lines: list[Line] = []
        self._reader = reader
        self._steering = steering
        self._grid = steering.grid
        self._empty = passage.next(self._grid, lineup)
        self._passage = passage.trimmed(self._empty)
        self._events: list[Event] = []
        self._notes: list[Note] = []
        self._random = np.random.default_rng((steering.seed, passage.index, variation))
        self._touch = np.random.default_rng((steering.seed, passage.index, variation, HUMAN))
        self._bar_lines = onset_lines(self._grid, passage.start)
        self._ensemble = Ensemble(steering, float(TICKS_PER_BEAT * self._grid.steps_per_tick))
        self._echo = Echo(self._ensemble.echo(passage.memory, passage.index, self._grid.meter), self._grid)
        self._complete = -1  # the onset at which no more notes are struck
        self._draws = self._fill()
        self._go_on(None)

    def chosen(self, index: int) -> None:
        """Go on to the next draw: `index` of `choices` was drawn."""
        self._go_on(index)

    def fail(self, error: Exception) -> None:
        """Give up. The readings are not given back: nobody knows what they hold."""
        self.outcome = error
        self.lines = []

    def _go_on(self, index: int | None) -> None:
        try:
            self.choices = next(self._draws) if index is None else self._draws.send(index)
            self.number = self._random.random()
        except StopIteration:
            self._give_back()
            self.outcome = self._finished()
        except Exception as error:  # noqa: BLE001  handed on as the outcome: others are composed beside this one
            self.fail(error)

    def _fill(self) -> Draws:
        """Draw events until the bar is full. Nobody to play: it stays empty."""
        if not len(self._ensemble.rows):
            return
        self._read()
        while len(self._notes) < MOST_NOTES and self._has_room():
            if self._bar_lines[0] > self._reached + REST_STEPS:
                self._pause()
                continue
            outcome = yield from self._draw_onset()
            if outcome == END:
                return
            if outcome == PAUSE:
                self._pause()
            else:
                yield from self._draw_note(outcome)
            if len(self.lines) == 1:  # not before the first note: a bar line is enough work already
                self._read_ahead()

    def _bar(self) -> ComposedBar:
        """The bar so far."""
        return self._empty.filled(tuple(self._events))

    def _read(self) -> None:
        """Read the window from now on."""
        window = self._passage.window(self._bar())
        self._reached = window.reached
        self._ensemble.begin(window.events, window.origin)
        self._give_back()
        self.lines.append(Line(window, self._reader))

    def _read_ahead(self) -> None:
        """Read the next window behind this one, once it is settled where it begins."""
        self._passage = self._passage.settled(self._empty, self.lines[0].reading.length)
        if self._passage.leaving:
            following = self._passage.moved(self._empty).window(self._bar())
            self.lines.append(Line(following, self._reader))

    def _give_back(self) -> None:
        self._reader.give_back([line.reading for line in reversed(self.lines)])
        self.lines = []

    def _has_room(self) -> bool:
        """Room for an event and the controls after it, if need be by moving the window."""
        while self.lines[0].reading.length + 3 * EVENT_TOKENS > WINDOW:
            if not self._passage.past:
                return False
            self._passage = self._passage.moved(self._empty)
            self._read()
        return True

    def _choices(self, rows: Int32s, starts: Int32s | None, bias: np.ndarray | None = None) -> Choices:
        return Choices(rows, starts, bias, self._steering.temperature, self._steering.top_p)

    def _draw_onset(self) -> Generator[Choices, int, int]:
        """What comes next: an index of the grid's lines, END or PAUSE."""
        if not self._notes and not self._passage.past:
            return 0  # a session begins on its first beat
        complete = self._complete == self._reached
        cells = onset_cells(self._bar_lines, self._reached, after=complete, may_end=bool(self._notes))
        offset = TIME - self.lines[0].origin
        rows = np.arange(cells.first + offset, cells.last + offset + 1, dtype=np.int32)
        # the bar's end, -1, is its last line
        times = np.where(cells.outcomes == PAUSE, self._reached + REST_STEPS, self._bar_lines[cells.outcomes])
        biases = self._ensemble.onset_biases(self._reached, self._struck(), times - self._reached)
        biases += self._echo.onsets(cells.outcomes)
        return int(cells.outcomes[(yield self._choices(rows, cells.starts, biases))])

    def _struck(self) -> list[int]:
        """The notes struck at the newest onset already."""
        struck = []
        for event in reversed(self._events):
            if event.time != self._reached:
                break
            struck.append(event.note)
        return struck

    def _draw_note(self, number: int) -> Draws:
        """A note on a line of the grid, or the end of a chord: where the model strikes again what it just struck, or
        more than a hand holds, it has nothing new to say there, and the event is taken back."""
        step = int(self._bar_lines[number])
        while step > self._reached + REST_STEPS:
            self._pause()
        struck = self._struck() if step == self._reached else []
        self.lines[0].put(TIME + step - self.lines[0].origin)

        # a second after the newest event the model may mean a rest, which has no duration
        may_rest = step == self._reached + REST_STEPS and bool(self._notes)
        cells, ticks = duration_cells(self._grid)
        lengths = self._length_biases(number, may_rest)
        choice = (yield self._choices(*_duration_rows(self._grid, may_rest), lengths)) - may_rest
        if choice < 0:
            self._commit(anticipation.rest(step))
            return
        duration = int(cells.outcomes[choice])
        self.lines[0].put(DURATION + duration)

        rows, biases = self._ensemble.rows, self._ensemble.biases(step, struck, self._echo.notes(number))
        index = yield self._choices(rows, None, biases)
        note = int(rows[index]) - NOTE
        instrument, pitch = divmod(note, PITCHES)
        onset = int(self._grid.onsets[number])
        struck_now = Note(onset, instrument, pitch, int(ticks[choice]))
        stolen = make_way(self._notes, self._held(number), struck_now, self._steering.limits)
        if note in struck or self._ensemble.is_full(note, struck) or stolen is None:
            self.lines[0].take_back()
            self._complete = step
            return
        if stolen:
            self._end(stolen, number)
            self._read()
            while step > self._reached + REST_STEPS:
                self._pause()
        self._commit(Event(step, duration, note))
        self._notes.append(struck_now)
        self._echo.struck(number, note)

    def _length_biases(self, number: int, may_rest: bool) -> np.ndarray | None:
        """What to add to the logits of the durations on a line of the grid, behind that of a rest if it may be one."""
        lifts = self._echo.durations(number)
        if not lifts:
            return None
        places = _duration_places(self._grid)
        biases = np.zeros(len(places) + may_rest, np.float32)
        for ticks, lift in lifts:
            if ticks in places:
                biases[places[ticks] + may_rest] = lift
        return biases

    def _held(self, number: int) -> list[Ringing]:
        """What sounds on from earlier bars at a line of the grid, or at the bar's end."""
        steering = self._steering
        ticks = int(self._grid.onsets[number]) if number < len(self._grid.onsets) else steering.meter.bar_ticks
        tick = swung_tick(ticks, steering.meter, steering.subdivision, steering.swing)
        return [each for each in self._passage.ringing if each.end > tick]

    def _end(self, numbers: tuple[int, ...], line: int) -> None:
        """Cut notes short at a line of the grid, or at the bar's end, in the events too."""
        is_line = line < len(self._grid.onsets)
        tick = int(self._grid.onsets[line]) if is_line else self._steering.meter.bar_ticks
        for number in numbers:
            note, event = self._notes[number], self._events[number]
            self._notes[number] = replace(note, duration=tick - note.onset)
            self._events[number] = replace(event, duration=int(self._bar_lines[line]) - event.time)

    def _finished(self) -> tuple[Bar, Passage]:
        """The bar as it is to be played, and the passage after it."""
        steering, passage = self._steering, self._passage
        end, meter = len(self._grid.onsets), steering.meter
        self._end(to_end(self._notes, self._held(end), meter.bar_ticks, steering.limits), end)
        exact = swung(velocity.struck(self._notes, meter, passage.index), meter, steering.subdivision, steering.swing)
        notes = humanized(exact, meter, steering.humanize, STEPS_PER_SECOND / self._grid.steps_per_tick, self._touch)
        ringing = still_ringing(notes, passage.ringing, meter.bar_ticks)
        return Bar(passage.index, meter, notes), passage.followed_by(self._bar(), ringing, tuple(self._notes))

    def _pause(self) -> None:
        self._commit(anticipation.rest(self._reached + REST_STEPS))

    def _commit(self, event: Event) -> None:
        """Make `event` part of the bar."""
        for line in self.lines:
            line.write(event)
        if not event.is_rest:
            self._events.append(event)
            self._ensemble.note(event)
        self._reached = event.time


@lru_cache(maxsize=64)
def _duration_rows(grid: Grid, may_rest: bool) -> tuple[Int32s, Int32s]:
    """The output rows of a duration and where their runs start; with `may_rest`, that of a rest before them."""
    cells, _ = duration_cells(grid)
    rows = np.arange(cells.first - may_rest, cells.last + 1, dtype=np.int32) + np.int32(DURATION)
    starts = np.concatenate([[0], cells.starts + 1]).astype(np.int32) if may_rest else cells.starts
    return rows, starts


@lru_cache(maxsize=64)
def _duration_places(grid: Grid) -> dict[int, int]:
    """Which of the durations is so many ticks long."""
    return {ticks: place for place, ticks in enumerate(duration_cells(grid)[1].tolist())}
