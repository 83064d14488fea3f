"""Real pieces as bars: of the same instruments, on the same grid, as if the composer had made them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.musical.features import Histograms, histograms
from patterns.bar import Bar
from patterns.instruments import choose
from patterns.meter import TICKS_PER_BEAT, Meter
from patterns.note import DRUMS, Note
from training.corpus import HUMAN_BANDS, Piece, read

WINDOWS = 4
"""Windows of one piece, at most: a long one is not to speak for all."""
LONGEST = 16 * TICKS_PER_BEAT
"""The composer's longest note."""
Windows = list[list[Bar]]
KIT = 16
"""The drum kit's number as a family; General MIDI's are 0–15."""


class Kind(NamedTuple):
    """What real passages have in common: families of instruments, meter, grid in ticks."""

    families: frozenset[int]
    meter: Meter
    grid: int


def bands(path: Path) -> list[Piece]:
    """The pieces of a corpus file by human bands, and the arrangements by rule."""
    return [piece for piece in read(path) if piece.source in HUMAN_BANDS or piece.source.startswith("arr_")]


def families(band: Iterable[str]) -> frozenset[int]:
    """The General MIDI families of an ensemble."""
    return frozenset(KIT if each == DRUMS else each // 8 for name in band for each in choose(name).programs)


def windows(pieces: Iterable[Piece], wanted: frozenset[int], meter: Meter, bars: int, grid: int) -> list[list[Bar]]:
    """Up to WINDOWS passages of `bars` bars of each piece in which all wanted families play, without the others.

    Args:
        meter: pieces in bars of another length are left out.
        grid: ticks to whose multiples onsets and durations are moved, as the composer would have them.
    """
    found = []
    for piece in pieces:
        if (piece.bar_ticks, piece.meter.pulse_ticks) == (meter.bar_ticks, meter.pulse_ticks):
            cut = [each for each in _cut(piece, wanted, meter, bars, grid) if _families(each) >= wanted]
            chosen = np.linspace(0, len(cut) - 1, min(WINDOWS, len(cut))).astype(int)
            found += [cut[number] for number in chosen]
    return found


def _cut(piece: Piece, wanted: frozenset[int], meter: Meter, bars: int, grid: int) -> list[list[Bar]]:
    kept = np.isin(np.where(piece.programs == DRUMS, KIT, piece.programs // 8), list(wanted))
    onsets = _nearest(piece.onsets[kept], grid)
    durations = np.clip(_nearest(piece.durations[kept], grid), grid, LONGEST)
    index, within = np.divmod(onsets, meter.bar_ticks)
    notes: dict[int, dict[tuple[int, int, int], Note]] = {}
    columns = (index, within, piece.programs[kept], piece.pitches[kept], durations)
    for bar, onset, program, pitch, duration in zip(*(column.tolist() for column in columns), strict=True):
        # what coincides on the grid is one note: the composer strikes none twice
        notes.setdefault(bar, {}).setdefault((onset, program, pitch), Note(onset, program, pitch, duration))
    count = max(notes, default=-1) + 1
    return [
        [Bar(bar - first, meter, tuple(notes.get(bar, {}).values())) for bar in range(first, first + bars)]
        for first in range(0, count - bars + 1, bars)
    ]


def _families(bars: Sequence[Bar]) -> frozenset[int]:
    programs = {note.instrument for bar in bars for note in bar.notes}
    return frozenset(KIT if program == DRUMS else program // 8 for program in programs)


def _nearest(ticks: NDArray[np.int64], grid: int) -> NDArray[np.int64]:
    return (ticks + grid // 2) // grid * grid


class Real:
    """Passages of real pieces by ensemble and meter, each cut and counted once.

    Args:
        pieces: those of `bands`.
        bars: of a passage.
    """

    def __init__(self, pieces: Sequence[Piece], bars: int) -> None:
        self._halves = pieces[::2], pieces[1::2]
        self._bars = bars
        self._found: dict[Kind, tuple[list[Windows], list[Windows]]] = {}
        self._counted: dict[Kind, tuple[Histograms, Histograms]] = {}

    def halves(self, kind: Kind) -> tuple[Windows, Windows]:
        """Those of every other piece, and of the others."""
        one, other = self._passages(kind)
        return [bars for piece in one for bars in piece], [bars for piece in other for bars in piece]

    def count(self, kind: Kind) -> int:
        """How many pieces they are from: those of one piece are alike, and say as much as one."""
        return sum(len(half) for half in self._passages(kind))

    def _passages(self, kind: Kind) -> tuple[list[Windows], list[Windows]]:
        """Of each piece that has any, of both halves."""
        if kind not in self._found:
            one, other = (
                [windows([piece], kind.families, kind.meter, self._bars, kind.grid) for piece in half]
                for half in self._halves
            )
            self._found[kind] = list(filter(None, one)), list(filter(None, other))
        return self._found[kind]

    def histograms(self, kind: Kind) -> tuple[Histograms, Histograms]:
        """Of both halves, for each of FEATURES the histogram of each passage."""
        if kind not in self._counted:
            one, other = (histograms(half) for half in self.halves(kind))
            self._counted[kind] = one, other
        return self._counted[kind]
