"""Tables of what is tried with sessions of its own: changes of steering, and the same seed again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import TypeVar

from amt.composer import Composer
from benchmarks.musical import lines, steered
from benchmarks.musical.sessions import LANES
from benchmarks.musical.steered import Change
from benchmarks.musical.tables import Column, Table

Item = TypeVar("Item")


def steering_table(composer: Composer, sessions: int) -> Table:
    """Changes in the middle of sessions, so many for each key, of all tempi and meters in turn."""
    table = Table(
        "Steering",
        f"Sessions of the server (osc_bridge.session), steered while bars {steered.PLAYED}–"
        f"{steered.PLAYED + steered.AHEAD - 1} are composed ahead and one more is on its way. In force: all of "
        "these are composed anew and keep to the new setting, and the bars played before stay as they were.",
        (
            Column("sessions", style=".0f"),
            Column("in force from the first unplayed bar", "always", lambda share: share == 1, ".1%"),
            Column("notes a bar before", style=".1f"),
            Column("after", style=".1f"),
        ),
    )
    settings = lines.settings(sessions)
    changes = {
        key: [change for some in _groups(settings) for change in steered.change(composer, key, some)]
        for key in steered.CHANGES
    }
    rows: dict[str, list[Change]] = {"all": [change for each in changes.values() for change in each]}
    for key, each in changes.items():
        first, second = (" ".join(map(str, values)) for values in steered.CHANGES[key])
        rows[f"{key}: {first} → {second}"] = each
    for each in changes.values():
        for change, (_, tempo, _) in zip(each, settings, strict=True):
            rows.setdefault(f"{tempo} bpm", []).append(change)
    for each in changes.values():
        for change, (_, _, meter) in zip(each, settings, strict=True):
            rows.setdefault(str(meter), []).append(change)
    for label, each in rows.items():
        figures = [fmean(getattr(change, name) for change in each) for name in ("in_force", "before", "after")]
        table.add(label, [len(each), *figures])
    return table


def repeat_table(composer: Composer, sessions: int, bars: int) -> Table:
    """The same seeds twice."""
    table = Table(
        "The same seed",
        f"Sessions of {bars} bars, each alone with a horizon of 1 bar, then {LANES} in lockstep with a horizon of 8 "
        "while another thread keeps the processor busy.",
        (Column("identical notes", "100 %", lambda share: share == 1, ".1%"), Column("sessions", style=".0f")),
    )
    same = [each for some in _groups(range(sessions)) for each in steered.repeated(composer, some, bars)]
    table.add("all", [fmean(same), sessions])
    return table


def _groups(whole: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """As many at once as are composed in lockstep."""
    return (whole[first : first + LANES] for first in range(0, len(whole), LANES))
