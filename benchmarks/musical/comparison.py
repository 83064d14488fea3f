"""The tables that compare composed lines with real pieces: distributions, and how bars resemble those before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

import numpy as np

from benchmarks.musical import measures
from benchmarks.musical.features import FEATURES, Floats, Score, distance_overlap, overlap
from benchmarks.musical.lines import OWN_DENSITY
from benchmarks.musical.measures import mean
from benchmarks.musical.pieces import Real
from benchmarks.musical.sessions import Composed, Music, Sessions, pairs
from benchmarks.musical.tables import Cell, Column, Table
from patterns.meter import TICKS_PER_BEAT

FEWEST = 8
"""Passages of real pieces without which nothing is compared."""
APART = (1, 4)
"""Bars whose strikes are compared lie so many apart."""


def overlap_table(composed: Composed, real: Real) -> Table:
    """The six features by size of ensemble, at the model's own density."""
    features = tuple(Column(feature.name) for feature in FEATURES)
    goal = Column("mean", "≥ 0.85", lambda mean: mean >= 0.85)
    table = Table(
        "Overlap with real pieces",
        "Overlapping area of plain histograms, each ensemble counting alike: 1 is the same distribution. Real: "
        "pieces of human bands and arrangements by rule in the validation corpus that have all families of the "
        "ensemble, without other families, on the same grid. Real with real: the same of one half of these pieces "
        "with the other. Yang and Lerch: the overlapping area of distances among real passages and from real to "
        "composed ones (KDE), mean of the six. Passages: of how many real ones.",
        (*features, goal, Column("real with real"), Column("Yang and Lerch"), Column("passages", style=".0f")),
    )
    own = [(line, music) for line, music in composed if line.kind == "band" and line.density in (None, OWN_DENSITY)]
    sizes = [(line.label, pairs([(line, music)])) for line, music in own]
    rows = []
    for label, sessions in sizes:
        plain, halves, distances, count = compare(sessions, real)
        rows.append((label, [*plain, mean(plain), mean(halves), mean(distances), count]))
    if rows:
        table.add(
            "all", [mean(values[place] for _, values in rows) for place in range(len(table.columns) - 1)] + [None]
        )
        for label, values in rows:
            table.add(label, values)
    return table


def compare(sessions: Sessions, real: Real) -> tuple[list[float | None], list[float | None], list[float | None], int]:
    """Of each feature, how sessions overlap with real passages of their ensembles and meters; how halves of these
    overlap with each other; and Yang and Lerch's area. Last, how many real passages there are."""
    made: dict[tuple[str, ...], list[Score]] = {}
    halves: dict[tuple[str, ...], tuple[list[Score], list[Score]]] = {}
    for plan, music in sessions:
        if plan.band not in halves:
            grid = TICKS_PER_BEAT // plan.steering.subdivision
            one, other = real.halves(plan.band, plan.steering.meter, grid)
            halves[plan.band] = [Score.of(each) for each in one], [Score.of(each) for each in other]
        made.setdefault(plan.band, []).append(Score.of(music))
    bands = [band for band in made if sum(map(len, halves[band])) >= FEWEST]
    plain: list[float | None] = []
    split: list[float | None] = []
    distances: list[float | None] = []
    for feature in FEATURES:
        counted = {band: [feature.histogram(score) for score in made[band]] for band in bands}
        first, second = (
            {band: [feature.histogram(score) for score in halves[band][n]] for band in bands} for n in (0, 1)
        )
        plain.append(overlap(_pooled(counted.values()), _pooled(first[band] + second[band] for band in bands)))
        both = [band for band in bands if first[band] and second[band]]
        split.append(overlap(_pooled(first[band] for band in both), _pooled(second[band] for band in both)))
        distances.append(mean(distance_overlap(counted[band], first[band] + second[band]) for band in bands))
    return plain, split, distances, sum(len(each) for band in bands for each in halves[band])


def repetition_table(composed: Composed, real: Real) -> Table:
    """How bars resemble those before, by size of ensemble, beside real pieces' 5th to 95th percentile."""
    columns = tuple(
        Column(name, "real pieces' 5th–95th percentile", style=style)
        for name, style in (("repeats", ".1%"), ("distance 1 bar apart", ".2f"), ("4 bars apart", ".2f"))
    )
    table = Table(
        "Repetition",
        "Means of sessions (in brackets: 5th–95th percentile of real passages of the same families, of the same number "
        "of bars). Repeats and distance as above.",
        columns,
    )
    rows: dict[str, list[Cell]] = {}
    for line, music in composed:
        if line.kind == "band" and line.density in (None, OWN_DENSITY):
            sessions = pairs([(line, music)])
            bands = {plan.band: plan.steering for plan, _ in sessions}
            passages = [
                each
                for band, steering in bands.items()
                for each in real.all(band, steering.meter, TICKS_PER_BEAT // steering.subdivision)
            ]
            rows[line.label] = [
                _within(column, *pair) for column, pair in zip(columns, _resemblance(sessions, passages), strict=True)
            ]
    if rows:
        table.add("all", [_all_of(cells) for cells in zip(*rows.values(), strict=True)])
        for label, cells in rows.items():
            table.add(label, cells)
    return table


def _resemblance(sessions: Sessions, passages: Sequence[Music]) -> list[tuple[float | None, list[float]]]:
    """Of repeats and distances: the sessions' mean, and the passages' each."""
    found = []
    for measure in (measures.repeats, *(lambda bars, n=n: measures.distance(bars, n) for n in APART)):
        theirs = [value for passage in passages if (value := measure(passage)) is not None]
        found.append((mean(measure(music) for _, music in sessions), theirs))
    return found


def _within(column: Column, mean: float | None, theirs: Sequence[float]) -> Cell:
    if mean is None or len(theirs) < FEWEST:
        return Cell(mean, column.cell(mean).text)
    low, high = (float(each) for each in np.percentile(theirs, (5, 95)))
    text = f"{mean:{column.style}} ({low:{column.style}}–{high:{column.style}})"
    return Cell(mean, text, low <= mean <= high)


def _all_of(cells: Sequence[Cell]) -> Cell:
    """How many of the rows keep to the goal."""
    judged = [cell.met for cell in cells if cell.met is not None]
    if not judged:
        return Cell(None, "–")
    return Cell(fmean(judged), f"{sum(judged)} of {len(judged)}", all(judged))


def _pooled(several: Iterable[Sequence[Floats]]) -> Floats:
    """One distribution of several groups of histograms, each group counting alike."""
    groups = [np.sum(group, axis=0) for group in several if len(group)]
    shares = [group / group.sum() for group in groups if group.sum()]
    return np.sum(shares, axis=0) if shares else np.zeros(1)
