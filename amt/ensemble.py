"""Who may play which note, and who is due: steering turned into allowed output rows and a bias on their logits.

An ensemble does not balance itself: with four instruments allowed, the model alone uses two. So an instrument's notes
are lifted the longer it is silent, and lowered the more it exceeds what its kind usually plays (amt.habits). Steering
an ensemble by the time since each last played is MIDInfinite's idea (arXiv 2411.09625).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from amt import density
from amt.anticipation import REST_NOTE, Event
from amt.form import Place, Remembered, echo
from amt.habits import BAND, LAGS, habit
from amt.score import Int32s
from amt.steering import Range, Steering
from amt.vocabulary import NOTE, PITCHES
from patterns.instruments import Choice
from patterns.meter import Meter
from patterns.scales import Scale

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
BALANCE = 3.0
"""Added for each e-fold by which the instrument's share of the notes is less than usual, and taken where it is more."""
TRACE = 0.25
"""Notes a beat that are added to what each plays when shares are compared: little says little."""
RESTRAINT = 4.0
"""Taken from them for each e-fold by which the instrument exceeds its usual rate."""
CHORD = 6
"""Notes that one voice strikes at once, at most."""
MEMORY = 4.0
"""Beats over which an instrument's rate is averaged."""
HOLD = 1.5
"""Added to those of an instrument, and to the same onset, for each note that its chord lacks of a usual one."""
HANDS_FULL = 4.0
"""Taken from them where the instrument has struck as many notes already as are usual in a chord."""
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
        usual: notes a beat of each.
        total, spread: notes a beat of all together, and the share of it by which they differ from piece to piece;
            infinite where nobody is named.
        chord, hands: notes of each voice that are usual at one onset, on average and at most.
        most: that of all together.
        alike: how alike the bars of each voice usually are, for each of LAGS.
        place_of_note: where each of all notes stands in `rows`; −1: nowhere.
        is_balanced: whether the voices were named.
    """

    rows: Int32s
    voice: npt.NDArray[np.intp]
    voice_of_note: npt.NDArray[np.intp]
    rate: list[float]
    gap: list[float]
    usual: list[float]
    total: float
    spread: float
    chord: list[float]
    hands: list[int]
    most: int
    alike: list[tuple[float, ...]]
    place_of_note: npt.NDArray[np.intp]
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
        self._asked = self._band.total * scale

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
        self._newest = int(times[-1]) if len(times) else since
        self._total = float(np.exp((times - self._newest) / (self._steps_per_beat * MEMORY)).sum()) / MEMORY
        self._since = since

    def note(self, event: Event) -> None:
        """Take note of an event that has just been made."""
        voice = int(self._band.voice_of_note[event.note])
        if voice >= 0:
            self._level[voice] = self._level[voice] * self._decay(voice, event.time) + 1 / MEMORY
            self._heard[voice] = event.time
            self._silent[voice] = False
            self._total = self._total_at(event.time) + 1 / MEMORY
            self._newest = event.time

    def is_full(self, note: int, struck: Sequence[int]) -> bool:
        """Whether the voice of `note` has as many notes as it can hold among those struck at the same onset."""
        voice = self._band.voice_of_note[note]
        return sum(bool(self._band.voice_of_note[other] == voice) for other in struck) >= CHORD

    def echo(self, memory: Sequence[Remembered], index: int, meter: Meter) -> dict[int, list[Place]]:
        """What of earlier bars may sound again in bar `index`, by onset in ticks (amt.form)."""
        return echo(memory, index, meter, self._band.voice_of_note.item, self._band.alike.__getitem__)

    def onset_biases(self, now: int, struck: Sequence[int], waits: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """What to add to the logits of onsets `waits` [n] steps after step `now`, at which `struck` sound already:
        float32 [n]."""
        # a piece that has just begun has had less time to be dense
        elapsed = (now - self._since) / self._steps_per_beat
        level = self._total_at(now) / (1 - math.exp(-(elapsed + 1) / MEMORY))
        lean = density.lean(self._density, self._asked, level, self._band.spread)
        is_full = self._band.is_balanced and len(struck) >= self._band.most
        biases = density.onset_bias(waits / self._steps_per_beat, lean, self._asked, is_full)
        if self._band.is_balanced and struck and waits[0] == 0:
            voices = self._voices(struck)
            biases[0] += -HANDS_FULL if is_full else max(0.0, self._hold(voices[0], voices.count(voices[0])))
        return biases

    def biases(
        self, now: int, struck: Sequence[int] = (), places: Sequence[Place] = ()
    ) -> npt.NDArray[np.float32] | None:
        """What to add to the logits of `rows` at step `now`, at which `struck` sound already and `places` may sound
        again: float32 [n]; None: nothing."""
        if not self._band.is_balanced and not places:
            return None
        if self._band.is_balanced:
            share = self._total_at(now) / self._band.total
            of_voice = [self._bias(voice, now, share) for voice in range(len(self._band.rate))]
            for voice, count in Counter(self._voices(struck)).items():
                of_voice[voice] += self._hold(voice, count)
            biases = np.array(of_voice, np.float32)[self._band.voice]
        else:
            biases = np.zeros(len(self.rows), np.float32)
        for place in places:
            biases[self._band.place_of_note[place.note]] += place.lift - place.wear
        return biases

    def _hold(self, voice: int, count: int) -> float:
        """What is added for one more note of a voice that has struck so many at an onset already."""
        if count >= self._band.hands[voice]:
            return -HANDS_FULL
        return HOLD * max(0.0, self._band.chord[voice] - count)

    def _voices(self, notes: Sequence[int]) -> list[int]:
        return [int(self._band.voice_of_note[note]) for note in notes]

    def _total_at(self, now: int) -> float:
        """Notes a beat of late, of all together."""
        return self._total * math.exp((self._newest - now) / (self._steps_per_beat * MEMORY))

    def _bias(self, voice: int, now: int, share: float) -> float:
        """What is added for a voice, while all together play `share` of what is usual."""
        idle = (now - self._heard[voice]) / self._steps_per_beat
        lift = LIFT * max(0.0, idle / self._gap[voice] - 1) + OVERDUE * max(0.0, idle - LONGEST_SILENCE)
        if self._silent[voice]:
            lift += ENTRANCE * (1 + idle - STAGGER * voice)
        level = self._level[voice] * self._decay(voice, now)
        balance = BALANCE * math.log((self._band.usual[voice] * share + TRACE) / (level + TRACE))
        excess = level / self._rate[voice]
        return min(lift, HIGHEST_LIFT) + balance - (RESTRAINT * math.log(excess) if excess > 1 else 0.0)

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
    steering = Steering(instruments=instruments, mute=mute, solo=solo, scale=scale, ranges=ranges)
    voices = steering.voices
    voice_of_note = np.full(REST_NOTE + 1, -1, np.intp)
    for number, voice in reversed(list(enumerate(voices))):  # a note of several is the first one's
        for program, pitch in steering.notes_of(voice):
            voice_of_note[program * PITCHES + pitch] = number
    notes = np.flatnonzero(voice_of_note >= 0)
    habits = [[habit(program) for program in voice.programs] for voice in voices]
    usual = [max(each.usual for each in several) * voice.weight for several, voice in zip(habits, voices, strict=True)]
    spreads = [
        max(each.spread for each in several) * voice.weight for several, voice in zip(habits, voices, strict=True)
    ]
    total = sum(usual) if instruments and voices else BAND
    most = [max(each.hands for each in several) for several in habits]
    place_of_note = np.full(REST_NOTE + 1, -1, np.intp)
    place_of_note[notes] = np.arange(len(notes))
    return _Band(
        rows=notes.astype(np.int32) + np.int32(NOTE),
        voice=voice_of_note[notes],
        voice_of_note=voice_of_note,
        rate=[max(each.rate for each in several) * voice.weight for several, voice in zip(habits, voices, strict=True)],
        gap=[min(each.gap for each in several) for several in habits],
        usual=usual,
        total=total,
        spread=math.hypot(*spreads) / total if instruments else math.inf,
        chord=[max(each.chord for each in several) for several in habits],
        hands=most,
        most=sum(most),
        alike=[tuple(max(each.alike[lag] for each in several) for lag in range(len(LAGS))) for several in habits],
        place_of_note=place_of_note,
        is_balanced=bool(instruments),
    )
