"""The composer: a passage and steering in, the next bar out. The one place that knows both tokens and music.

Each event is three draws (time, duration, note), each from the output rows that the grid, the ensemble and the key
allow; the softmax over the allowed set equals the masked softmax. Times and durations choose among grid positions, to
which the probability of every 10 ms step is pooled, so that nothing is lost by rounding.

`compose` is a pure function of the passage and the steering: same bar again, whatever was composed in between.
"""

from __future__ import annotations

import numpy as np

from amt import anticipation
from amt.anticipation import Event
from amt.cells import END, PAUSE, duration_cells, onset_cells, onset_lines
from amt.decoder import Decoder
from amt.ensemble import Ensemble
from amt.passage import ComposedBar, Passage, Window
from amt.reader import Reader, Reading
from amt.sampler import Floats, draw, pool
from amt.steering import Steering
from amt.velocity import accent
from amt.vocabulary import DURATION, EVENT_TOKENS, NOTE, PITCHES, REST, REST_STEPS, TIME, WINDOW
from patterns.bar import Bar
from patterns.meter import TICKS_PER_BEAT
from patterns.note import Note

MOST_NOTES = 300
"""Notes in a bar, at most: what one datagram of the protocol holds."""


class Composer:
    """Composes bars with a compiled model. Not thread-safe: call it from one thread at a time.

    Args:
        decoder: the compiled model.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._reader = Reader(decoder)

    def begin(self) -> Passage:
        """The passage before a session's first bar."""
        return Passage()

    def compose(self, passage: Passage, steering: Steering, variation: int = 0) -> tuple[Bar, Passage]:
        """The bar that follows `passage`, and the passage after it.

        Args:
            passage: everything before the bar.
            steering: what holds in this bar, the seed included; its horizon does not matter.
            variation: 0, or a number that makes another bar of the same beginnings.
        """
        draft = _Draft(self._reader, passage.trimmed(steering.grid), steering, variation)
        draft.fill()
        composed = ComposedBar(passage.start, draft.grid, tuple(draft.events))
        return Bar(passage.index, steering.meter, tuple(draft.notes)), draft.passage.followed_by(composed)


class _Draft:
    """A bar on its way: its events for the model, its notes for the performer."""

    def __init__(self, reader: Reader, passage: Passage, steering: Steering, variation: int) -> None:
        self.passage = passage
        self.grid = steering.grid
        self.events: list[Event] = []
        self.notes: list[Note] = []
        self._reader = reader
        self._steering = steering
        self._random = np.random.default_rng((steering.seed, passage.index, variation))
        self._lines = onset_lines(self.grid, passage.start)
        self._ensemble = Ensemble(steering, float(TICKS_PER_BEAT * self.grid.steps_per_tick))
        self._complete = -1  # the onset at which no more notes are struck

    def fill(self) -> None:
        """Draw events until the bar is full. Nobody to play: it stays empty."""
        if not len(self._ensemble.rows):
            return
        self._read()
        while len(self.notes) < MOST_NOTES and self._has_room():
            outcome, step = self._draw_onset()
            if outcome == END:
                return
            if outcome == PAUSE:
                self._pause()
            else:
                self._draw_note(outcome, step)

    def _window(self) -> Window:
        return self.passage.window(self.grid, tuple(self.events))

    def _read(self) -> None:
        window = self._window()
        self._origin, self._reached = window.origin, window.reached
        self._ensemble.begin(window.events, window.origin)
        self._reading: Reading = self._reader.read(window.tokens())
        self._controls = [control for control in window.controls() if not anticipation.due(control, self._reached)]

    def _has_room(self) -> bool:
        """Room for an event and the controls after it, if need be by letting the oldest bars go."""
        room = 3 * EVENT_TOKENS
        if self._reading.length + room <= WINDOW:
            return True
        while self.passage.past:
            self.passage = self.passage.halved(self.grid)
            if len(self._window().tokens()) + room <= WINDOW:
                self._read()
                return True
        return False

    def _draw(self, logits: Floats) -> int:
        return draw(logits, self._random, self._steering.temperature, self._steering.top_p)

    def _draw_onset(self) -> tuple[int, int]:
        """What comes next, and the step where: an index of the grid's lines, END or PAUSE."""
        if not self.notes and not self.passage.past:
            return 0, int(self._lines[0])  # a session begins on its first beat
        complete = self._complete == self._reached
        cells = onset_cells(self._lines, self._reached, after=complete, may_end=bool(self.notes))
        rows = np.arange(cells.first, cells.last + 1, dtype=np.int32) - self._origin + TIME
        outcome = int(cells.outcomes[self._draw(pool(self._reading.logits(rows), cells.starts))])
        return outcome, int(self._lines[outcome])

    def _struck(self) -> list[int]:
        """The notes struck at the newest onset already."""
        struck = []
        for event in reversed(self.events):
            if event.time != self._reached:
                break
            struck.append(event.note)
        return struck

    def _draw_note(self, line: int, step: int) -> None:
        """A note at `step`, or the end of a chord: where the model strikes again what it just struck, or more than a
        hand holds, it has nothing new to say there, and the event is taken back."""
        while step > self._reached + REST_STEPS:
            self._pause()
        before = self._reading.length
        struck = self._struck() if step == self._reached else []
        self._reading.append(TIME + step - self._origin)

        cells, ticks = duration_cells(self.grid)
        # a second after the newest event the model may mean a rest, which has no duration
        may_rest = step == self._reached + REST_STEPS and bool(self.notes)
        rows = np.arange(cells.first - may_rest, cells.last + 1, dtype=np.int32) + DURATION
        starts = np.concatenate([[0], cells.starts + 1]) if may_rest else cells.starts
        choice = self._draw(pool(self._reading.logits(rows), starts)) - may_rest
        if choice < 0:
            self._commit(anticipation.rest(step), DURATION, REST)
            return
        duration = int(cells.outcomes[choice])
        self._reading.append(DURATION + duration)

        logits = self._reading.logits(self._ensemble.rows) + self._ensemble.biases(step)
        row = int(self._ensemble.rows[self._draw(logits)])
        if row - NOTE in struck or self._ensemble.is_full(row - NOTE, struck):
            self._reading.rewind(before)
            self._complete = step
            return
        self._commit(Event(step, duration, row - NOTE), row)
        instrument, pitch = divmod(row - NOTE, PITCHES)
        onset = int(self.grid.onsets[line])
        velocity = accent(onset, self._steering.meter, instrument, pitch)
        self.notes.append(Note(onset, instrument, pitch, int(ticks[choice]), velocity))

    def _pause(self) -> None:
        step = self._reached + REST_STEPS
        self._commit(anticipation.rest(step), TIME + step - self._origin, DURATION, REST)

    def _commit(self, event: Event, *tokens: int) -> None:
        """Make `event` part of the bar, of which `tokens` are still to be read, and the controls due after it."""
        self._reading.append(*tokens)
        if not event.is_rest:
            self.events.append(event)
            self._ensemble.note(event)
        self._reached = event.time
        while self._controls and anticipation.due(self._controls[0], self._reached):
            self._reading.append(*anticipation.triplet(self._controls.pop(0), self._origin))
