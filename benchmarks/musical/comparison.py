"""The tables that compare composed lines with real pieces: distributions, and how bars resemble those before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.musical import measures
from benchmarks.musical.features import FEATURES, Floats, distance_overlap, histograms, overlap
from benchmarks.musical.lines import Plan
from benchmarks.musical.measures import mean
from benchmarks.musical.pieces import Kind, Real, families
from benchmarks.musical.sessions import Composed, Music, Sessions, pairs
from benchmarks.musical.tables import Cell, Column, Table, all_of
from patterns.meter import TICKS_PER_BEAT

FEWEST = 4
"""Real pieces of an ensemble without which nothing is compared."""
APART = (1, 4)
"""Bars whose strikes are compared lie so many apart."""


def overlap_table(composed: Composed, real: Real) -> Table:
    """The six features by size of ensemble, at the model's own density."""
    features = tuple(Column(feature.name) for feature in FEATURES)
    goal = Column("mean", "≥ 0.85", lambda mean: mean >= 0.85)
    table = Table(
        "Overlap with real pieces",
        "The overlapping area of Yang and Lerch: of the distances among real passages and those from real to composed "
        "ones (kernel densities), each ensemble counting alike. Real: pieces of human bands and arrangements by rule "
        "in the validation corpus that have all families of the ensemble, without other families, on the same grid; "
        f"ensembles with fewer than {FEWEST} such pieces are not compared. Plain: the overlapping area of histograms, "
        "all passages together: 1 is the same distribution. Real with real: the plain one of as many passages of one "
        "half of these pieces as there are sessions with the other half. Pieces: of how many real ones.",
        (*features, goal, Column("plain"), Column("plain, real with real"), Column("pieces", style=".0f")),
    )
    own = [(line, music) for line, music in composed if line.is_compared]
    sizes = [(line.label, pairs([(line, music)])) for line, music in own]
    rows = []
    for label, sessions in sizes:
        found = compare(sessions, real)
        means = [mean(values) for values in (found.distances, found.plain, found.real)]
        rows.append((label, [*found.distances, *means, found.pieces]))
    if rows:
        table.add(
            "all", [mean(values[place] for _, values in rows) for place in range(len(table.columns) - 1)] + [None]
        )
        for label, values in rows:
            table.add(label, values)
    return table


@dataclass(frozen=True)
class Comparison:
    """How sessions lie among real passages of their ensembles and meter; lists have one value a feature.

    Attributes:
        distances: Yang and Lerch's overlap.
        plain: that of histograms.
        real: that of as many real passages with those of other pieces: what can be expected of so many sessions.
        pieces: how many real ones there are of all their kinds, those too few to compare with included.
    """

    distances: list[float | None]
    plain: list[float | None]
    real: list[float | None]
    pieces: int


def compare(sessions: Sessions, real: Real) -> Comparison:
    """Compares sessions with what is real of their kinds."""
    music: dict[Kind, list[Music]] = {}
    for plan, bars in sessions:
        music.setdefault(kind(plan), []).append(bars)
    kinds = [each for each in music if real.count(each) >= FEWEST]
    known = {each: real.histograms(each) for each in kinds}
    made = {each: histograms(music[each]) for each in kinds}
    plain: list[float | None] = []
    expected: list[float | None] = []
    distances: list[float | None] = []
    for number in range(len(FEATURES)):
        mine = [made[each][number] for each in kinds]
        halves = [(known[each][0][number], known[each][1][number]) for each in kinds]
        plain.append(overlap(_pooled(mine), _pooled(one + other for one, other in halves)))
        distances.append(
            mean(distance_overlap(some, one + other) for some, (one, other) in zip(mine, halves, strict=True))
        )
        both = [
            (_spread(one, len(some)), other) for some, (one, other) in zip(mine, halves, strict=True) if one and other
        ]
        expected.append(overlap(_pooled(one for one, _ in both), _pooled(other for _, other in both)))
    return Comparison(distances, plain, expected, sum(map(real.count, music)))


def kind(plan: Plan) -> Kind:
    """What of real music a session is compared with."""
    steering = plan.steering
    return Kind(families(plan.band), steering.meter, TICKS_PER_BEAT // steering.subdivision)


def repetition_table(composed: Composed, real: Real) -> Table:
    """How bars resemble those before, by size of ensemble, beside real pieces' 5th to 95th percentile."""
    columns = tuple(
        Column(name, "real pieces' 5th–95th percentile", style=style)
        for name, style in (("repeats", ".1%"), ("distance 1 bar apart", ".2f"), ("4 bars apart", ".2f"))
    )
    table = Table(
        "Repetition",
        "Means of sessions (in brackets: 5th–95th percentile of real passages of the same families, of the same number "
        f"of bars; none where these are of fewer than {FEWEST} pieces). Repeats and distance as above.",
        columns,
    )
    rows: dict[str, list[Cell]] = {}
    for line, music in composed:
        if line.is_compared:
            sessions = pairs([(line, music)])
            kinds = {kind(plan) for plan, _ in sessions}
            known = [each for each in kinds if real.count(each) >= FEWEST]
            passages = [bars for each in known for half in real.halves(each) for bars in half]
            rows[line.label] = [
                _within(column, *pair) for column, pair in zip(columns, _resemblance(sessions, passages), strict=True)
            ]
    if rows:
        table.add("all", [all_of(cells) for cells in zip(*rows.values(), strict=True)])
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
    if mean is None or not theirs:
        return Cell(mean, column.cell(mean).text)
    low, high = (float(each) for each in np.percentile(theirs, (5, 95)))
    text = f"{mean:{column.style}} ({low:{column.style}}–{high:{column.style}})"
    return Cell(mean, text, low <= mean <= high)


def _pooled(several: Iterable[Sequence[Floats]]) -> Floats:
    """One distribution of several groups of histograms, each group counting alike."""
    groups = [np.sum(group, axis=0) for group in several if len(group)]
    shares = [group / group.sum() for group in groups if group.sum()]
    return np.sum(shares, axis=0) if shares else np.zeros(1)


def _spread(several: Sequence[Floats], count: int) -> list[Floats]:
    """So many of them, or all, at even distances."""
    return [several[place] for place in np.linspace(0, len(several) - 1, min(count, len(several))).astype(int)]
