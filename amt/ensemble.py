"""Who may play which note, and who is due: steering turned into allowed output rows and a bias on their logits.

An ensemble does not balance itself: with four instruments allowed, the model alone uses two. So an instrument's notes
are lifted the longer it is silent, and lowered the more it exceeds what its kind usually plays (amt.habits). Steering
an ensemble by the time since each last played is MIDInfinite's idea (arXiv 2411.09625).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from amt.anticipation import Event
from amt.habits import habit
from amt.metronome import BELL, CLICK
from amt.steering import Steering
from amt.vocabulary import NOTE, PITCHES
from patterns.instruments import PERCUSSION
from patterns.note import DRUMS

KIT = frozenset(PERCUSSION) - {CLICK, BELL}
"""The keys of the drum kit; the metronome's are the model's to hear, not to play."""
LIFT = 4.0
"""Added to the logits of an instrument for each usual gap that its silence exceeds the usual one by."""
ENTRANCE = 3.0
"""Added besides, for each beat, to those of an instrument not heard yet."""
HIGHEST_LIFT = 12.0
RESTRAINT = 4.0
"""Taken from them for each e-fold by which the instrument exceeds its usual rate."""
CHORD = 6
"""Notes that one voice strikes at once, at most."""
MEMORY = 4.0
"""Beats over which an instrument's rate is averaged."""


class Ensemble:
    """The voices of one bar: the output rows they may use, and what biases them.

    Args:
        steering: who plays, in which key and ranges.
        steps_per_beat: model steps in a beat.

    Attributes:
        rows: int32 [n], the note tokens allowed.
    """

    def __init__(self, steering: Steering, steps_per_beat: float) -> None:
        voices = steering.voices
        allowed: dict[int, int] = {}
        for number, voice in enumerate(voices):
            for program in voice.programs:
                for pitch in (voice.keys or KIT) if program == DRUMS else range(PITCHES):
                    if _playable(steering, program, pitch):
                        allowed.setdefault(program * PITCHES + pitch, number)
        notes = sorted(allowed)
        self.rows = np.array(notes, np.int32) + np.int32(NOTE)
        self._voice = np.array([allowed[note] for note in notes], np.intp)
        self._voice_of_note = allowed
        self._balanced = bool(steering.instruments)
        self._steps_per_beat = steps_per_beat
        habits = [[habit(program) for program in voice.programs] for voice in voices]
        self._rate = np.array([max(each.rate for each in several) for several in habits])
        self._rate *= [voice.weight for voice in voices]
        self._gap = np.array([min(each.gap for each in several) for several in habits])

    def begin(self, events: Iterable[Event], since: int) -> None:
        """Take note of who has played in the window, which began at step `since`."""
        self._heard = np.full(len(self._rate), float(since))
        self._silent = np.ones(len(self._rate), bool)
        self._level = np.zeros(len(self._rate))
        for event in events:
            self.note(event)

    def note(self, event: Event) -> None:
        """Take note of an event that has just been made."""
        voice = self._voice_of_note.get(event.note)
        if voice is not None:
            self._level[voice] = self._level[voice] * self._decay(event.time)[voice] + 1 / MEMORY
            self._heard[voice] = event.time
            self._silent[voice] = False

    def is_full(self, note: int, struck: Sequence[int]) -> bool:
        """Whether the voice of `note` has as many notes as it can hold among those struck at the same onset."""
        voice = self._voice_of_note[note]
        return sum(self._voice_of_note.get(other) == voice for other in struck) >= CHORD

    def biases(self, now: int) -> npt.NDArray[np.float64]:
        """What to add to the logits of `rows` at step `now`: float64 [n]."""
        if not self._balanced:
            return np.zeros(len(self.rows))
        idle = (now - self._heard) / self._steps_per_beat
        lift = LIFT * np.maximum(0, idle / self._gap - 1) + np.where(self._silent, ENTRANCE * idle, 0)
        excess = np.log(np.maximum(1, self._level * self._decay(now) / self._rate))
        return np.asarray((np.minimum(lift, HIGHEST_LIFT) - RESTRAINT * excess)[self._voice])

    def _decay(self, now: int) -> npt.NDArray[np.float64]:
        return np.asarray(np.exp((self._heard - now) / self._steps_per_beat / MEMORY))


def _playable(steering: Steering, program: int, pitch: int) -> bool:
    if program != DRUMS and steering.scale and pitch % 12 not in steering.scale.pitch_classes:
        return False
    return all(each.low <= pitch <= each.high for each in steering.ranges if program in each.choice.programs)
