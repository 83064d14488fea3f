"""The styles: tables that anyone may extend. A style is a line of each of the fields below; the rest is patterns.py.

tempo: lowest and highest beats (quarter notes) a minute. meter: (4, 4) unless said. modes: scales of harmony.SCALES.
forms: groups of form.FORMS. chords: progressions (harmony.chord spells them). drums: grids, one line an instrument of
instruments.KIT. bass, comp, riffs, lead, arps: patterns. band: role -> programs to choose from. swing: how far the
second of two eighths moves towards the triplet (0 … 1). power: how often riffs and chords are bare fifths. loops: how
many bars repeat exactly. drummed: how often drums play at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from training.arranger.styles import dance, groove, rock, world


@dataclass(frozen=True)
class Style:
    """One style; the fields are described above."""

    name: str
    tempo: tuple[int, int]
    modes: tuple[str, ...]
    forms: tuple[str, ...]
    chords: tuple[str, ...]
    drums: tuple[Mapping[str, str], ...]
    bass: tuple[str, ...]
    comp: tuple[str, ...]
    lead: tuple[str, ...]
    band: Mapping[str, tuple[int, ...]]
    meter: tuple[int, int] = (4, 4)
    riffs: tuple[str, ...] = ()
    arps: tuple[str, ...] = ()
    swing: tuple[float, ...] = (0.0,)
    loops: tuple[int, ...] = (1, 2, 2, 4, 4)
    power: float = field(default=0.2)
    drummed: float = 0.93

    @property
    def bar_ticks(self) -> int:
        return 4 * 480 * self.meter[0] // self.meter[1]


STYLES = {
    name: Style(name=name, **fields)
    for tables in (rock.STYLES, dance.STYLES, groove.STYLES, world.STYLES)
    for name, fields in tables.items()
}
