"""Two models under the same steering: how much closer to real pieces one is than the other, beside chance."""

from __future__ import annotations

import math
from statistics import fmean

import numpy as np

from benchmarks.musical.comparison import compare
from benchmarks.musical.features import FEATURES, Floats
from benchmarks.musical.measures import mean
from benchmarks.musical.pieces import Real
from benchmarks.musical.sessions import Composed, Sessions, pairs
from benchmarks.musical.tables import Cell, Column, Table, all_of

REDRAWN = 20
"""Times that sessions are drawn anew, with replacement, to see what other sessions might have given."""


def peer_table(composed: Composed, peer: Composed, real: Real) -> Table:
    """Overlap with real pieces by size of ensemble, at the model's own density: this model's minus the peer's.

    Args:
        composed, peer: lines of the same plans, by this model and by the other.
    """
    names = [*(feature.name for feature in FEATURES), "mean"]
    columns = tuple(Column(name, "no worse, beyond chance", style="+.2f") for name in names)
    table = Table(
        "Beside the peer",
        "Overlap with real pieces (Yang and Lerch) of this model minus that of the peer under the same steering; "
        f"± twice the spread when both models' sessions are drawn anew, {REDRAWN} times. No worse: not lower by more "
        "than that, which of forty figures one is by chance alone. Mean: of the features, by size of ensemble; its "
        "first row of all sizes.",
        columns,
    )
    ours, theirs = _sizes(composed), _sizes(peer)
    rows: dict[str, tuple[Floats, Floats]] = {}
    for label in ours:
        (mine, mine_redrawn), (other, other_redrawn) = (_figures(each[label], real) for each in (ours, theirs))
        if not math.isnan(mine[-1] - other[-1]):
            rows[label] = mine - other, 2 * np.sqrt(mine_redrawn.var(axis=0) + other_redrawn.var(axis=0))
    if rows:
        cells = {label: [_cell(*pair) for pair in zip(*row, strict=True)] for label, row in rows.items()}
        means, noises = zip(*((row[0][-1], row[1][-1]) for row in rows.values()), strict=True)
        features = [all_of(column) for column in zip(*cells.values(), strict=True)][:-1]
        table.add("all", [*features, _cell(fmean(means), math.hypot(*noises) / len(rows))])
        for label, row in cells.items():
            table.add(label, row)
    return table


def _sizes(composed: Composed) -> dict[str, Sessions]:
    return {line.label: pairs([(line, music)]) for line, music in composed if line.is_compared}


def _figures(sessions: Sessions, real: Real) -> tuple[Floats, Floats]:
    """The features' overlaps and their mean, and the same of sessions drawn anew [REDRAWN, features + 1]; NaN where
    there is nothing to compare."""
    random = np.random.default_rng(0)
    return _overlaps(sessions, real), np.stack([_overlaps(_redrawn(sessions, random), real) for _ in range(REDRAWN)])


def _redrawn(sessions: Sessions, random: np.random.Generator) -> Sessions:
    """As many sessions of each ensemble, each any of them."""
    bands = sorted({plan.band for plan, _ in sessions})
    groups = [[pair for pair in sessions if pair[0].band == band] for band in bands]
    return [group[place] for group in groups for place in random.integers(0, len(group), len(group))]


def _overlaps(sessions: Sessions, real: Real) -> Floats:
    distances = compare(sessions, real).distances
    return np.array([*distances, mean(distances)], float)


def _cell(difference: float, noise: float) -> Cell:
    if math.isnan(difference):
        return Cell(None, "–")
    return Cell(float(difference), f"{difference:+.2f} ± {noise:.2f}", bool(difference >= -noise))
