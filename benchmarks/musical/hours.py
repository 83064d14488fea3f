"""Whether hours of streaming stay alike: the first part of long sessions beside the last."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np

from benchmarks.musical import measures
from benchmarks.musical.features import Floats, histograms, overlap
from benchmarks.musical.lines import METER, TEMPO
from benchmarks.musical.measures import mean
from benchmarks.musical.sessions import Composed, Music
from benchmarks.musical.tables import Cell, Column, Table, all_of
from patterns.meter import TICKS_PER_BEAT

PARTS = 6
"""Parts of an hour, of ten minutes each, or of the minutes that are streamed instead."""
TOLERANCE = 0.05
"""By how much first and last parts may overlap less than by chance."""
ROW = 64
"""Bars in which different ones are counted: two minutes."""
SWAPS = 256
"""Ways, drawn, of calling either end of each session the first."""


def hour_table(composed: Composed) -> Table:
    """The sessions of lines of the kind "hour", all of one length; no rows where there are none."""
    long = [(line, music) for line, music in composed if line.kind == "hour"]
    bars = long[0][0].plans[0].bars if long else 0
    minutes = bars * METER.bar_ticks / TICKS_PER_BEAT / TEMPO
    table = Table(
        "An hour of streaming" if minutes == 60 else f"{minutes:g} minutes of streaming",
        f"Overlap of the six features' histograms, mean: of the first {minutes / PARTS:g} minutes of all sessions of "
        "an ensemble with their last. By chance: the same, had it been drawn for each session which of the two to call "
        "the first: what sessions that differ from one another give where nothing drifts. The same: no more than "
        f"{TOLERANCE} less than by chance. Repeats as above. Fewest different: among any {ROW} bars in a row, of all "
        "sessions: whether a loop froze.",
        (
            Column("sessions", style=".0f"),
            Column("first with last"),
            Column("by chance"),
            Column("difference", f"≥ −{TOLERANCE}", lambda difference: difference >= -TOLERANCE, "+.2f"),
            Column("notes a bar, first", style=".1f"),
            Column("last", style=".1f"),
            Column("repeats, first", style=".1%"),
            Column("repeats, last", style=".1%"),
            Column(f"fewest different bars of {ROW}", style=".0f"),
        ),
    )
    rows = {line.label: _figures(music, bars // PARTS) for line, music in long}
    if rows:
        _, ends, chance, _, *others, fewest = zip(*rows.values(), strict=True)
        judged = all_of([table.columns[3].cell(values[3]) for values in rows.values()])
        whole: list[float | Cell | None] = [len(long[0][1]), mean(ends), mean(chance), judged]
        whole += [*map(mean, others), min(each for each in fewest if each is not None)]
        for label, values in {"all": whole, **rows}.items():
            table.add(label, values)
    return table


def _figures(sessions: Sequence[Music], size: int) -> list[float | None]:
    ends = ([music[:size] for music in sessions], [music[-size:] for music in sessions])
    alike, chance = drift(*map(histograms, ends))
    notes = (fmean(map(measures.notes_per_bar, part)) for part in ends)
    repeats = (mean(map(measures.repeats, part)) for part in ends)
    fewest = min(measures.fewest_different(music, ROW) for music in sessions)
    return [len(sessions), alike, chance, alike - chance, *notes, *repeats, fewest]


def drift(first: Sequence[Sequence[Floats]], last: Sequence[Sequence[Floats]]) -> tuple[float, float]:
    """How far the first parts of sessions overlap with their last, and how far they would by chance.

    Args:
        first, last: for each feature the histogram of each session's part. Where there is one session, there is no
            chance: both results are the same.
    """
    pairs = [(np.array(one), np.array(other)) for one, other in zip(first, last, strict=True)]
    swaps = np.random.default_rng(0).integers(0, 2, (SWAPS, len(first[0]), 1)).astype(bool)
    by_chance = [_alike([(np.where(swap, b, a), np.where(swap, a, b)) for a, b in pairs]) for swap in swaps]
    return _alike(pairs), fmean(by_chance)


def _alike(pairs: Sequence[tuple[Floats, Floats]]) -> float:
    """Mean overlap of the features that either has, all sessions together; 0 where a feature is in one alone."""
    pooled = [(one.sum(axis=0), other.sum(axis=0)) for one, other in pairs]
    return fmean(overlap(*pair) or 0.0 for pair in pooled if any(part.sum() for part in pair))
