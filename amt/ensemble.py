"""Who may play which note, and who is due: steering turned into allowed output rows and a bias on their logits.

An ensemble does not balance itself: with four instruments allowed, the model alone uses two. So an instrument's notes
are lifted the longer it is silent, and lowered the more it exceeds what its kind usually plays (amt.habits). Steering
an ensemble by the time since each last played is MIDInfinite's idea (arXiv 2411.09625).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from amt import density
from amt.anticipation import REST_NOTE, Event
from amt.habits import habit, hands
from amt.metronome import BELL, CLICK
from amt.score import Int32s
from amt.steering import Range, Steering
from amt.vocabulary import NOTE, PITCHES
from patterns.instruments import PERCUSSION, Choice
from patterns.note import DRUMS
from patterns.scales import Scale

KIT = frozenset(PERCUSSION) - {CLICK, BELL}
"""The keys of the drum kit; the metronome's are the model's to hear, not to play."""
LIFT = 4.0
"""Added to the logits of an instrument for each usual gap that its silence exceeds the usual one by."""
ENTRANCE = 4.0
"""Added besides, for each beat, to those of an instrument not heard yet."""
STAGGER = 0.5
"""Beats by which each instrument named later enters later."""
LONGEST_SILENCE = 8.0
OVERDUE = 2.0
"""Added besides, for each beat beyond the longest silence, so that all are heard within any four bars."""
HIGHEST_LIFT = 24.0
RESTRAINT = 4.0
"""Taken from them for each e-fold by which the instrument exceeds its usual rate."""
CHORD = 6
"""Notes that one voice strikes at once, at most."""
MEMORY = 4.0
"""Beats over which an instrument's rate is averaged."""
FREE = 6.0
"""Notes a beat that the model plays where nobody is named."""
LONGEST_GAP = 4.0
"""Beats to which sparse playing may stretch a usual gap: all are to be heard within any four bars."""


@dataclass(frozen=True, slots=True, eq=False)
class _Band:
    """What of an ensemble stays the same while it plays.

    Attributes:
        rows: int32 [n], the note tokens allowed, ascending.
        voice: [n], whose each is.
        voice_of_note: whose each of all notes is; -1: nobody's.
        rate, gap: the habit of each voice.
        usual: notes a beat of all together.
        hands: notes that they may be asked to strike at once.
        is_balanced: whether the voices were named.
    """

    rows: Int32s
    voice: npt.NDArray[np.intp]
    voice_of_note: npt.NDArray[np.intp]
    rate: list[float]
    gap: list[float]
    usual: float
    hands: int
    is_balanced: bool


class Ensemble:
    """The voices of one bar: the output rows they may use, and what biases them.

    Args:
        steering: who plays, in which key and ranges.
        steps_per_beat: model steps in a beat.

    Attributes:
        rows: int32 [n], the note tokens allowed.
    """

    def __init__(self, steering: Steering, steps_per_beat: float) -> None:
        self._band = _band(steering.instruments, steering.mute, steering.solo, steering.scale, steering.ranges)
        self.rows = self._band.rows
        self._steps_per_beat = steps_per_beat
        self._density = steering.density
        scale = density.scale(steering.density)
        # these rates are high ones already: where more is asked for, it is to come from all
        self._rate = [rate * min(scale, 1.0) for rate in self._band.rate]
        self._gap = [min(gap / scale, max(gap, LONGEST_GAP)) for gap in self._band.gap]
        self._asked = self._band.usual * scale

    def begin(self, events: Int32s, since: int) -> None:
        """Take note of who has played in the window, which began at step `since`: an array of events (amt.score)."""
        count = len(self._band.rate)
        voices = self._band.voice_of_note[events[:, 2]]
        times = events[:, 0]
        known = voices >= 0
        if not known.all():
            times, voices = times[known], voices[known]
        heard = np.full(count, since, np.int32)
        heard[voices] = times  # in order of time: the last one stays
        weights = np.exp((times - heard[voices]) / (self._steps_per_beat * MEMORY)) / MEMORY
        self._level: list[float] = np.bincount(voices, weights, minlength=count).tolist()
        self._silent = [level == 0 for level in self._level]
        self._heard: list[int] = heard.tolist()
        self._since = since

    def note(self, event: Event) -> None:
        """Take note of an event that has just been made."""
        voice = int(self._band.voice_of_note[event.note])
        if voice >= 0:
            self._level[voice] = self._level[voice] * self._decay(voice, event.time) + 1 / MEMORY
            self._heard[voice] = event.time
            self._silent[voice] = False

    def is_full(self, note: int, struck: Sequence[int]) -> bool:
        """Whether the voice of `note` has as many notes as it can hold among those struck at the same onset."""
        voice = self._band.voice_of_note[note]
        return sum(bool(self._band.voice_of_note[other] == voice) for other in struck) >= CHORD

    def onset_biases(self, now: int, struck: int, waits: npt.NDArray[np.int64]) -> npt.NDArray[np.float32] | None:
        """What to add to the logits of onsets `waits` [n] steps after step `now`, at which so many notes are struck:
        float32 [n]; None: nothing."""
        elapsed = (now - self._since) / self._steps_per_beat
        is_opening = self._band.is_balanced and elapsed < density.OPENING
        if self._density == density.OWN and not is_opening:
            return None
        # a piece that has just begun has had less time to be dense
        level = sum(level * self._decay(voice, now) for voice, level in enumerate(self._level))
        level /= 1 - math.exp(-(elapsed + 1) / MEMORY)
        lean = density.lean(self._density, self._asked, level)
        opening = density.opening_lean(elapsed, self._asked, level) if is_opening else 0.0
        lean = max(lean, opening) if opening else lean
        is_filled = struck >= self._band.hands
        return density.onset_bias(waits / self._steps_per_beat, lean, is_filled) if lean else None

    def biases(self, now: int) -> npt.NDArray[np.float32] | None:
        """What to add to the logits of `rows` at step `now`: float32 [n]; None: nothing."""
        if not self._band.is_balanced:
            return None
        of_voice = [self._bias(voice, now) for voice in range(len(self._band.rate))]
        return np.array(of_voice, np.float32)[self._band.voice]

    def _bias(self, voice: int, now: int) -> float:
        idle = (now - self._heard[voice]) / self._steps_per_beat
        lift = LIFT * max(0.0, idle / self._gap[voice] - 1) + OVERDUE * max(0.0, idle - LONGEST_SILENCE)
        if self._silent[voice]:
            lift += ENTRANCE * (1 + idle - STAGGER * voice)
        excess = self._level[voice] * self._decay(voice, now) / self._rate[voice]
        return min(lift, HIGHEST_LIFT) - (RESTRAINT * math.log(excess) if excess > 1 else 0.0)

    def _decay(self, voice: int, now: int) -> float:
        return math.exp((self._heard[voice] - now) / (self._steps_per_beat * MEMORY))


@lru_cache(maxsize=64)
def _band(
    instruments: tuple[Choice, ...],
    mute: tuple[Choice, ...],
    solo: tuple[Choice, ...],
    scale: Scale | None,
    ranges: tuple[Range, ...],
) -> _Band:
    """What such a steering allows; kept, as it is the same from bar to bar."""
    voices = Steering(instruments=instruments, mute=mute, solo=solo).voices
    voice_of_note = np.full(REST_NOTE + 1, -1, np.intp)
    for number, voice in reversed(list(enumerate(voices))):  # a note of several is the first one's
        for program in voice.programs:
            for pitch in (voice.keys or KIT) if program == DRUMS else range(PITCHES):
                if _playable(scale, ranges, program, pitch):
                    voice_of_note[program * PITCHES + pitch] = number
    notes = np.flatnonzero(voice_of_note >= 0)
    habits = [[habit(program) for program in voice.programs] for voice in voices]
    alone = [max(each.alone for each in several) * voice.weight for several, voice in zip(habits, voices, strict=True)]
    return _Band(
        rows=notes.astype(np.int32) + np.int32(NOTE),
        voice=voice_of_note[notes],
        voice_of_note=voice_of_note,
        rate=[max(each.rate for each in several) * voice.weight for several, voice in zip(habits, voices, strict=True)],
        gap=[min(each.gap for each in several) for several in habits],
        usual=density.usual(alone) if instruments else FREE,
        hands=sum(max(map(hands, voice.programs)) for voice in voices),
        is_balanced=bool(instruments),
    )


def _playable(scale: Scale | None, ranges: tuple[Range, ...], program: int, pitch: int) -> bool:
    if program != DRUMS and scale and pitch % 12 not in scale.pitch_classes:
        return False
    return all(each.low <= pitch <= each.high for each in ranges if program in each.choice.programs)
