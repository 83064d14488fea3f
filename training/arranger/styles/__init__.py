"""The styles: tables (*.toml beside this file) that anyone may extend. A table needs the fields without a default.

tempo: lowest and highest beats (quarter notes) a minute. meter: [4, 4] unless said. modes: scales of harmony.SCALES.
forms: groups of form.FORMS. chords: progressions (harmony.chord spells them). drums: grids, one line an instrument of
instruments.KIT. bass, comp, riffs, lead, arps: patterns (patterns.py). band: role -> programs to choose from. swing:
how far the second of two eighths moves towards the triplet (0 … 1). power: how often riffs are bare fifths. loops: how
many bars of drums repeat exactly. drummed: how often drums play at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import toml
from training.arranger.form import FORMS
from training.arranger.harmony import SCALES, progression
from training.arranger.instruments import KIT

ROLES = ("drums", "bass", "low", "riff", "comp", "pad", "arp", "lead", "counter")


@dataclass(frozen=True)
class Style:
    """One style; the fields are described above. ValueError for a field that cannot be played."""

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
    power: float = 0.2
    drummed: float = 0.93

    def __post_init__(self) -> None:
        for said, known in ((self.modes, SCALES), (self.forms, FORMS), (self.band, ROLES)):
            for name in said:
                self._must(name in known, f"{name!r} is none of {', '.join(known)}")
        for grid in self.drums:
            for name, line in grid.items():
                self._must(name in KIT, f"drum {name!r} is none of {', '.join(KIT)}")
                self._fits(line, "Xxog.")
        for lines, letters in (
            (self.bass + self.riffs, "rRP35784o62bwa"),
            (self.comp, "xXolhd"),
            (self.lead, "xX"),
            (self.arps, "01234567"),
        ):
            for line in lines:
                self._fits(line, letters + ".-")
        for line in self.chords:
            progression(line, 0)

    def _fits(self, line: str, letters: str) -> None:
        for bar in line.split("|"):
            self._must(not set(bar) - set(letters), f"pattern {line!r} may hold only {letters}")
            self._must(bool(bar) and self.bar_ticks % len(bar) == 0, f"{len(bar)} steps of {line!r} don't divide a bar")

    def _must(self, holds: bool, reason: str) -> None:
        if not holds:
            raise ValueError(f"style {self.name!r}: {reason}")

    @property
    def bar_ticks(self) -> int:
        return 4 * 480 * self.meter[0] // self.meter[1]


def read(folder: Path) -> dict[str, Style]:
    """The styles of a folder's tables, by name. ValueError where a table is wrong."""
    styles: dict[str, Style] = {}
    for path in sorted(folder.glob("*.toml")):
        for name, fields in toml.read(path).items():
            try:
                styles[name] = Style(name=name, **{field: _frozen(value) for field, value in fields.items()})
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path.name}: [{name}]: {error}") from None
    return styles


def _frozen(value: Any) -> Any:
    """Lists as tuples, at every depth."""
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {name: _frozen(item) for name, item in value.items()}
    return value


STYLES = read(Path(__file__).parent)
