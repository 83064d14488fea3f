"""The tables of figures that composed lines give by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import fmean

from benchmarks.musical import measures
from benchmarks.musical.comparison import APART, compare
from benchmarks.musical.lines import OWN_DENSITY, Plan
from benchmarks.musical.measures import mean
from benchmarks.musical.pieces import Real
from benchmarks.musical.sessions import Composed, Music, Sessions, pairs
from benchmarks.musical.tables import Cell, Column, Table
from patterns.instruments import Choice

LINE_COLUMNS = (
    Column("sessions", style=".0f"),
    Column("onsets on the grid", "100 %", lambda share: share == 1, ".1%"),
    Column("notes not allowed", "0", lambda count: count == 0, ".0f"),
    Column("all heard in the first 2 bars", "≥ 98 %", lambda share: share >= 0.98, ".1%"),
    Column("all heard within any 4 bars", "≥ 95 %", lambda share: share >= 0.95, ".1%"),
    Column("empty bars", "< 0.5 %", lambda share: share < 0.005, ".2%"),
    Column("notes a bar", style=".1f"),
    Column("repeats", style=".1%"),
    Column("distance 1 bar apart"),
    Column("4 bars apart"),
    Column("overlap with real pieces"),
)


def line_table(composed: Composed, real: Real | None) -> Table:
    """Each line, first all of them."""
    table = Table(
        "Lines",
        "On the grid: onsets that are exactly one of the asked grid's ticks. Not allowed: notes of instruments not "
        "named, outside the set key or range. Heard: sessions in which every named instrument strikes a note in bars "
        "0 and 1, or in each 4 consecutive bars; in the first row only of lines of the model's own density. Repeats: "
        "bars whose (onset, instrument, pitch) are those of the bar before. Distance: Jaccard distance of these sets. "
        "Overlap: mean of the six features of the table below, of sessions in no key, where the corpus has enough "
        "pieces in bars of that length.",
        LINE_COLUMNS,
    )
    named = [(line.label, pairs([(line, music)])) for line, music in composed]
    own = pairs((line, music) for line, music in composed if line.density == OWN_DENSITY)
    for label, sessions in [("all", pairs(composed)), *named]:
        heard = own if label == "all" else sessions
        table.add(label, _line_figures(sessions, heard, None if label == "all" else real))
    return table


def _line_figures(sessions: Sessions, heard: Sessions, real: Real | None) -> list[float | None]:
    bars = sum(len(music) for _, music in sessions)
    notes = sum(len(bar.notes) for _, music in sessions for bar in music)
    off = sum(measures.off_grid(music, plan.steering.grid) for plan, music in sessions)
    free = [(plan, music) for plan, music in sessions if not plan.steering.scale]
    return [
        len(sessions),
        1 - off / notes if notes else None,
        sum(measures.trespasses(music, plan.steering) for plan, music in sessions),
        mean(measures.all_heard(music[:2], plan.steering.voices) for plan, music in heard),
        mean(measures.heard_within(music, plan.steering.voices, 4) for plan, music in heard),
        sum(measures.empty(music) for _, music in sessions) / bars,
        notes / bars,
        mean(measures.repeats(music) for _, music in sessions),
        *(mean(measures.distance(music, apart) for _, music in sessions) for apart in APART),
        mean(compare(free, real).distances) if real else None,
    ]


def voice_table(composed: Composed) -> Table:
    """Each instrument, at the model's own density: whose silence it is where not all are heard."""
    table = Table(
        "Instruments",
        "Sessions that an instrument is named in, and those in which it is heard, as above; of the model's density.",
        (
            Column("sessions", style=".0f"),
            Column("heard in the first 2 bars", style=".1%"),
            Column("within any 4 bars", style=".1%"),
        ),
    )
    own = pairs((line, music) for line, music in composed if line.density == OWN_DENSITY)
    named: dict[str, list[tuple[Choice, Music]]] = {}
    for plan, music in own:
        for voice in plan.steering.voices:
            named.setdefault(voice.name, []).append((voice, music))
    for name, sessions in named.items():
        early = mean(measures.all_heard(music[:2], [voice]) for voice, music in sessions)
        always = mean(measures.heard_within(music, [voice], 4) for voice, music in sessions)
        table.add(name, [len(sessions), early, always])
    return table


def density_table(composed: Composed) -> Table:
    """Notes a bar by density, of each ensemble and at each tempo and in each meter; no rows for one density alone."""
    asked = sorted({line.density for line, _ in composed})
    table = Table(
        "Density",
        "Notes a bar as a multiple of those at the lowest density; in the first row of the sizes of ensembles, on "
        "average. The whole keeps to its goal where each tempo and each meter does too, and notes a bar rise in each "
        "size of ensemble, at each of them.",
        tuple(
            Column(f"{density}", f"≥ {2**place}" if place else "", style=".2f") for place, density in enumerate(asked)
        ),
    )
    bands, meters = (_by_density(composed, kind, asked) for kind in ("band", "meter"))
    if len(asked) < 2 or not (bands or meters):
        return table
    rows = {**meters, **bands}
    counts = {label: [_notes(sessions) for sessions in each] for label, each in rows.items()}
    whole = [fmean(counts[label][place] for label in bands or meters) for place in range(len(asked))]
    rising = all(low < high for each in rows.values() for size in _by_size(each) for low, high in pairwise(size))
    judged = [whole, *(counts[label] for label in meters)]
    goals = [rising and all(each[place] >= 2**place * each[0] for each in judged) for place in range(len(asked))]
    table.add("all", [_times(whole, place, met if place else None) for place, met in enumerate(goals)])
    for label, each in counts.items():
        table.add(label, [_times(each, place, None) for place in range(len(asked))])
    return table


def _by_density(composed: Composed, kind: str, asked: Sequence[float]) -> dict[str, list[Sessions]]:
    """Of lines of one kind that differ in their density alone, and have all: the sessions at each."""
    found: dict[str, dict[float, Sessions]] = {}
    for line, music in composed:
        if line.kind == kind:
            label = f"{line.size} instruments" if line.size else f"{line.tempo} bpm, {line.meter}"
            found.setdefault(label, {})[line.density] = pairs([(line, music)])
    return {label: [each[one] for one in asked] for label, each in found.items() if len(each) == len(asked)}


def _by_size(asked: Sequence[Sessions]) -> list[list[float]]:
    """Of sessions at each density: for each size of ensemble its notes a bar at each."""
    sizes = sorted({len(plan.band) for plan, _ in asked[0]})
    return [
        [_notes([(plan, music) for plan, music in sessions if len(plan.band) == size]) for sessions in asked]
        for size in sizes
    ]


def _notes(sessions: Iterable[tuple[Plan, Music]]) -> float:
    return fmean(measures.notes_per_bar(music) for _, music in sessions)


def _times(counts: Sequence[float], place: int, met: bool | None) -> Cell:
    ratio = counts[place] / counts[0] if counts[0] else 0.0
    return Cell(ratio, f"{ratio:.2f} × ({counts[place]:.1f} notes a bar)", met)
