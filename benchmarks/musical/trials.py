"""Tables of what is tried with sessions of its own: changes of steering, the same seed again, an hour of streaming."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import fmean

import numpy as np

from amt.composer import Composer
from amt.steering import Steering
from benchmarks.musical import steered
from benchmarks.musical.features import FEATURES, Score, overlap
from benchmarks.musical.lines import BANDS, METER, TEMPO, Plan, has_density
from benchmarks.musical.measures import notes_per_bar
from benchmarks.musical.sessions import Music, compose
from benchmarks.musical.tables import Column, Table, all_of
from patterns.meter import TICKS_PER_BEAT, Meter

PARTS = 6
"""Parts of an hour, of ten minutes each, or of the minutes that are streamed instead."""
TOLERANCE = 0.05
"""By how much first and last part may overlap less than neighbours do."""


def steering_table(composer: Composer, sessions: int, tempo: int = TEMPO, meter: Meter = METER) -> Table:
    """Changes in the middle of sessions."""
    table = Table(
        "Steering",
        f"Sessions of the server (osc_bridge.session), steered while bars {steered.PLAYED}–"
        f"{steered.PLAYED + steered.AHEAD - 1} are composed ahead and one more is on its way. In force: all of "
        "these are composed anew and keep to the new setting, and the bars played before stay as they were.",
        (
            Column("in force from the first unplayed bar", "always", lambda share: share == 1, ".1%"),
            Column("notes a bar before", style=".1f"),
            Column("after", style=".1f"),
        ),
    )
    changes = {
        key: steered.change(composer, key, range(sessions), tempo, meter)
        for key in steered.CHANGES
        if key != "density" or has_density()
    }
    every = [change for each in changes.values() for change in each]
    table.add("all", [fmean(change.in_force for change in every), None, None])
    for key, each in changes.items():
        figures = ([getattr(change, name) for change in each] for name in ("in_force", "before", "after"))
        first, second = (" ".join(map(str, values)) for values in steered.CHANGES[key])
        table.add(f"{key}: {first} → {second}", [fmean(values) for values in figures])
    return table


def repeat_table(composer: Composer, sessions: int, bars: int) -> Table:
    """The same seeds twice."""
    table = Table(
        "The same seed",
        f"Sessions of {bars} bars, each alone with a horizon of 1 bar, then all in lockstep with a horizon of 8 while "
        "another thread keeps the processor busy.",
        (Column("identical notes", "100 %", lambda share: share == 1, ".1%"), Column("sessions", style=".0f")),
    )
    table.add("all", [fmean(steered.repeated(composer, range(sessions), bars)), sessions])
    return table


def hour_plans(minutes: int = 60) -> list[Plan]:
    """A session of each size of ensemble."""
    bars = minutes * TEMPO * TICKS_PER_BEAT // METER.bar_ticks
    bands = [each[0] for each in BANDS.values()]
    plain = Steering().set("tempo", TEMPO)
    return [Plan(plain.set("instruments", *band).set("seed", 0), band, bars) for band in bands]


def hour_table(composer: Composer, plans: Sequence[Plan], composed: Callable[[], None] | None = None) -> Table:
    """First and last parts of long sessions."""
    minutes = plans[0].bars * METER.bar_ticks / TICKS_PER_BEAT / TEMPO
    table = Table(
        "An hour of streaming" if minutes == 60 else f"{minutes:g} minutes of streaming",
        f"Overlap of the six features' histograms, mean: of the first {minutes / PARTS:g} minutes with the last, and "
        f"of {minutes / PARTS:g} minutes with those that follow. The same: no more than {TOLERANCE} less than "
        "neighbours.",
        (
            Column("first with last"),
            Column("neighbours"),
            Column("difference", f"≥ −{TOLERANCE}", lambda difference: difference >= -TOLERANCE, "+.2f"),
            Column("notes a bar, first", style=".1f"),
            Column("last", style=".1f"),
        ),
    )
    rows = {
        f"{len(plan.band)} instruments": _drift(music)
        for plan, music in zip(plans, compose(composer, plans, composed), strict=True)
    }
    ends, neighbours, _, first, last = (fmean(values) for values in zip(*rows.values(), strict=True))
    judged = all_of([table.columns[2].cell(values[2]) for values in rows.values()])
    table.add("all", [ends, neighbours, judged, first, last])
    for label, values in rows.items():
        table.add(label, values)
    return table


def _drift(music: Music) -> list[float]:
    size = len(music) // PARTS
    parts = [music[number * size : (number + 1) * size] for number in range(PARTS)]
    scores = [Score.of(part) for part in parts]
    ends = _alike(scores[0], scores[-1])
    neighbours = fmean(_alike(one, other) for one, other in pairwise(scores))
    return [ends, neighbours, ends - neighbours, notes_per_bar(parts[0]), notes_per_bar(parts[-1])]


def _alike(one: Score, other: Score) -> float:
    """Mean overlap of the features that either has; 0 where a feature is in one alone."""
    pairs = [(feature.histogram(one), feature.histogram(other)) for feature in FEATURES]
    found = [overlap(*pair) for pair in pairs if np.any(pair[0]) or np.any(pair[1])]
    return fmean(each or 0.0 for each in found)
