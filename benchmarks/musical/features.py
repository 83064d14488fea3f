"""How music is distributed: six features of bars as histograms, and how far two distributions overlap.

Two overlaps are given. `overlap` is the plain one, of two histograms. `distance_overlap` is that of Yang and Lerch
(On the evaluation of generative models in music, Neural Computing and Applications 32, 2020, section 3.2): each
piece is one histogram; the Euclidean distances within the real set and between the real and the made set are each
smoothed to a density (Gaussian kernels, Scott's width), and the area under both is the result. It asks whether made
pieces lie among real ones as these lie among each other; the plain one asks whether all together are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patterns.bar import Bar
from patterns.meter import TICKS_PER_BEAT
from patterns.note import DRUMS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

STEP = TICKS_PER_BEAT // 4
"""Ticks in which durations, gaps and polyphony are counted: a sixteenth."""
OCTAVES = 24
LONGEST = 32
POINTS = 512


@dataclass(frozen=True)
class Score:
    """Bars as arrays [n] ordered by onset: onsets (ticks from the first bar), durations (ticks), instruments, pitches;
    counts: notes of each bar; ticks: length of all."""

    onsets: Ints
    durations: Ints
    instruments: Ints
    pitches: Ints
    counts: Ints
    ticks: int

    @staticmethod
    def of(bars: Sequence[Bar]) -> Score:
        start, rows = 0, []
        for bar in bars:
            rows += [(start + note.onset, note.duration, note.instrument, note.pitch) for note in bar.notes]
            start += bar.meter.bar_ticks
        table = np.array(rows, np.int64).reshape(-1, 4)
        counts = np.array([len(bar.notes) for bar in bars], np.int64)
        return Score(table[:, 0], table[:, 1], table[:, 2], table[:, 3], counts, start)

    def parts(self) -> list[tuple[Ints, Ints]]:
        """Onsets and pitches of each pitched instrument."""
        pitched = np.unique(self.instruments[self.instruments != DRUMS])
        return [(self.onsets[self.instruments == each], self.pitches[self.instruments == each]) for each in pitched]


def _pitch_classes(score: Score) -> Ints:
    return score.pitches[score.instruments != DRUMS] % 12


def _intervals(score: Score) -> Ints:
    """Semitones from one onset's highest note to the next one's, of each pitched instrument; +OCTAVES."""
    found = [np.diff(_tops(*part)) for part in score.parts()]
    return np.clip(_joined(found), -OCTAVES, OCTAVES) + OCTAVES


def _tops(onsets: Ints, pitches: Ints) -> Ints:
    order = np.lexsort((pitches, onsets))
    last = np.append(np.diff(onsets[order]) > 0, True)
    return pitches[order][last]


def _durations(score: Score) -> Ints:
    """Steps, 1 … LONGEST, of pitched notes: those of drums say nothing."""
    steps = np.rint(score.durations[score.instruments != DRUMS] / STEP).astype(np.int64)
    return np.clip(steps, 1, LONGEST) - 1


def _gaps(score: Score) -> Ints:
    """Steps, 1 … LONGEST, from an instrument's onset to its next one; drums included."""
    found = [np.diff(np.unique(score.onsets[score.instruments == each])) for each in np.unique(score.instruments)]
    steps = np.rint(_joined(found) / STEP).astype(np.int64)
    return np.clip(steps, 1, LONGEST) - 1


def _counts(score: Score) -> Ints:
    """Notes of each bar, in fours."""
    return np.minimum(score.counts // 4, LONGEST - 1)


def _polyphony(score: Score) -> Ints:
    """Pitched notes that sound at each step, up to LONGEST − 1."""
    pitched = score.instruments != DRUMS
    length = score.ticks // STEP
    first = np.minimum(score.onsets[pitched] // STEP, length)
    last = np.minimum(-(-(score.onsets + score.durations)[pitched] // STEP), length)
    if not len(first):
        return np.zeros(0, np.int64)
    changes = np.bincount(first, minlength=length + 1) - np.bincount(last, minlength=length + 1)
    return np.minimum(np.cumsum(changes)[:length], LONGEST - 1)


@dataclass(frozen=True)
class Feature:
    """One property of music: `read` gives what a histogram of `bins` counts."""

    name: str
    bins: int
    read: Callable[[Score], Ints]

    def histogram(self, score: Score) -> Floats:
        """Counts [bins]."""
        return np.bincount(self.read(score), minlength=self.bins).astype(np.float64)


FEATURES = (
    Feature("pitch class", 12, _pitch_classes),
    Feature("interval", 2 * OCTAVES + 1, _intervals),
    Feature("duration", LONGEST, _durations),
    Feature("inter-onset interval", LONGEST, _gaps),
    Feature("notes per bar", LONGEST, _counts),
    Feature("polyphony", LONGEST, _polyphony),
)


Histograms = list[list[Floats]]


def histograms(music: Sequence[Sequence[Bar]]) -> Histograms:
    """For each of FEATURES the histogram of each passage."""
    scores = [Score.of(bars) for bars in music]
    return [[feature.histogram(score) for score in scores] for feature in FEATURES]


def overlap(one: Floats, other: Floats) -> float | None:
    """The area under both of two histograms, each normalised: 1 the same, 0 nothing in common; None: one is empty."""
    if not one.sum() or not other.sum():
        return None
    return float(np.minimum(one / one.sum(), other / other.sum()).sum())


def distance_overlap(made: Sequence[Floats], real: Sequence[Floats]) -> float | None:
    """The overlapping area of Yang and Lerch, of one histogram a piece; None: too few pieces, or all alike."""
    mine, theirs = (np.array([each / each.sum() for each in several if each.sum()]) for several in (made, real))
    if len(theirs) < 3 or not len(mine):
        return None
    upper = np.triu_indices(len(theirs), 1)
    within = np.linalg.norm(theirs[:, None] - theirs[None], axis=2)[upper]
    between = np.linalg.norm(theirs[:, None] - mine[None], axis=2).ravel()
    if len(between) < 2 or not within.std() or not between.std():
        return None
    borders = np.linspace(0, max(within.max(), between.max()), POINTS + 1)
    return float(np.minimum(_density(within, borders), _density(between, borders)).sum() * borders[1])


def _density(samples: Floats, borders: Floats) -> Floats:
    """A Gaussian kernel estimate [n] of Scott's width in the middle of each cell between `borders` [n + 1], in which
    samples are counted first: there are many."""
    width = samples.std(ddof=1) * len(samples) ** -0.2
    middles = (borders[:-1] + borders[1:]) / 2
    kernel = np.exp(-(((middles[:, None] - middles[None]) / width) ** 2) / 2)
    return kernel @ np.histogram(samples, borders)[0] / (len(samples) * width * np.sqrt(2 * np.pi))


def _joined(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int64)
