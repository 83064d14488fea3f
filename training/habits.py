"""Measure what instruments usually do in bands: the tables in amt/habits.py, printed as they stand there.

usage: python -m training.habits CORPUS/train.npz

From pieces of human bands and arrangements by rule with three families or more, on the sixteenth grid, for each
General MIDI family and the drum kit; `Habit` says what is measured.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amt.habits import LAGS, PHRASE
from patterns.instruments import FAMILIES
from patterns.meter import TICKS_PER_BEAT
from patterns.note import DRUMS
from training.corpus import HUMAN_BANDS, CorpusError, Piece, read

PIECES = 3_000
GRID = TICKS_PER_BEAT // 4
KIT = len(FAMILIES)
LEAST = 0.5
"""Notes a beat that the rarest are put down with: few bars say little."""
STRIDE = 1 << 32
"""Between the strikes of one bar and the next, as numbers."""

Ints = NDArray[np.int64]


class Measured:
    """What is gathered of all pieces; each of `rates` … by family, `places` by (lag, place in the phrase)."""

    def __init__(self) -> None:
        self.rates: dict[int, list[float]] = defaultdict(list)
        self.gaps: dict[int, list[float]] = defaultdict(list)
        self.means: dict[int, list[float]] = defaultdict(list)
        self.chords: dict[int, list[int]] = defaultdict(list)
        self.alike: dict[tuple[int, int], list[float]] = defaultdict(list)
        self.places: dict[tuple[int, int], list[float]] = defaultdict(list)
        self.totals: list[tuple[frozenset[int], float]] = []

    def add(self, piece: Piece) -> None:
        """Count a piece, unless it is none of a band."""
        families = np.where(piece.programs == DRUMS, KIT, piece.programs // 8)
        if len(np.unique(families)) < 3:
            return
        onsets = (piece.onsets + GRID // 2) // GRID * GRID
        bars, within = np.divmod(onsets, piece.bar_ticks)
        strikes = bars * STRIDE + (within * (DRUMS + 1) + piece.programs) * 128 + piece.pitches
        strikes, first = np.unique(strikes, return_index=True)
        families, onsets, programs = families[first], onsets[first], piece.programs[first]
        beats = piece.bar_ticks / TICKS_PER_BEAT
        for family in np.unique(families).tolist():
            mine = families == family
            counts = np.bincount(strikes[mine] // STRIDE)
            self.rates[family] += (counts[counts > 0] / beats).tolist()
            self.gaps[family] += (np.diff(np.unique(onsets[mine])) / TICKS_PER_BEAT).tolist()
            self.chords[family] += np.unique(onsets[mine] * (DRUMS + 1) + programs[mine], return_counts=True)[
                1
            ].tolist()
            for lag in LAGS:
                self.alike[family, lag] += [value for _, value in _alike(strikes[mine], lag)]
        for lag in LAGS:
            for bar, value in _alike(strikes, lag):
                self.places[lag, bar % PHRASE].append(value)
        self._add_passages(strikes // STRIDE, families, beats)

    def _add_passages(self, bars: Ints, families: Ints, beats: float) -> None:
        """Notes a beat in each eight bars, of those who play in them."""
        for number in np.unique(bars // PHRASE):
            counts = np.bincount(families[bars // PHRASE == number], minlength=KIT + 1) / (PHRASE * beats)
            playing = np.flatnonzero(counts).tolist()
            for family in playing:
                self.means[family].append(float(counts[family]))
            self.totals.append((frozenset(playing), float(counts.sum())))


def _alike(strikes: Ints, lag: int) -> Iterable[tuple[int, float]]:
    """For each bar in which, or so many bars before which, something is struck: the Jaccard index of both."""
    counts = np.bincount(strikes // STRIDE)
    both = np.bincount(strikes[np.isin(strikes - lag * STRIDE, strikes)] // STRIDE, minlength=len(counts))[lag:]
    either = counts[lag:] + counts[:-lag] - both
    for bar in np.flatnonzero(either).tolist():
        yield bar + lag, float(both[bar] / either[bar])


def main(corpus: Path) -> None:
    pieces = [piece for piece in read(corpus) if piece.source in HUMAN_BANDS or piece.source.startswith("arr_")]
    measured = Measured()
    for number in np.random.default_rng(0).choice(len(pieces), min(PIECES, len(pieces)), replace=False):
        measured.add(pieces[number])
    usual = {}
    for family, name in enumerate([*FAMILIES, "drums"]):
        rate = np.percentile(measured.rates[family] or [1], 75)
        gap = np.percentile(measured.gaps[family] or [1], 90)
        usual[family] = min(max(float(np.mean(measured.means[family] or [1])), LEAST), float(rate))
        chords = measured.chords[family] or [1]
        alike = ", ".join(f"{np.mean(measured.alike[family, lag] or [0]):.2f}" for lag in LAGS)
        figures = [rate, gap, usual[family], np.std(measured.means[family] or [0, 1]), np.mean(chords)]
        written = ", ".join(f"{figure:.2f}" for figure in figures)
        hands, bars = np.percentile(chords, 90), len(measured.rates[family])
        print(f"    Habit({written}, {hands:.0f}, ({alike})),  # {name}: {bars} bars")
    for lag in LAGS:
        means = np.array([np.mean(measured.places[lag, place]) for place in range(PHRASE)])
        print(f"    ({', '.join(f'{share:.2f}' for share in means / means.mean())}),  # {lag} before")
    logs = [np.log(total / sum(usual[family] for family in playing)) for playing, total in measured.totals]
    print(f"notes of {len(logs)} passages ÷ the sum of what is usual: e^{np.mean(logs):.2f} ± {np.std(logs):.2f}")
    totals = [total for _, total in measured.totals]
    print(f"notes a beat of all: {np.mean(totals):.1f} ± {np.std(totals):.1f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m training.habits train.npz")
    try:
        main(Path(sys.argv[1]))
    except (CorpusError, OSError) as error:
        sys.exit(str(error))
