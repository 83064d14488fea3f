"""Bars and phrases: the unit in which music is composed, sent and revised."""

from __future__ import annotations

from dataclasses import dataclass

from patterns.meter import Meter
from patterns.note import Note


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a session.

    Attributes:
        index: 0, 1, 2 … within the session.
        meter: its time signature.
        notes: sorted; every onset lies inside the bar (0 ≤ onset < meter.bar_ticks), ends may lie past it.
        revision: which version of this bar; grows each time the bar is composed anew.

    Raises:
        ValueError: a note's onset outside the bar, or a negative index or revision.
    """

    index: int
    meter: Meter
    notes: tuple[Note, ...] = ()
    revision: int = 0

    def __post_init__(self) -> None:
        if self.index < 0 or self.revision < 0:
            raise ValueError(f"a bar's index and revision are 0 or more, not {self.index} and {self.revision}")
        late = [note for note in self.notes if note.onset >= self.meter.bar_ticks]
        if late:
            raise ValueError(f"a bar of {self.meter} has {self.meter.bar_ticks} ticks; {late[0]} starts past it")
        object.__setattr__(self, "notes", tuple(sorted(self.notes)))


@dataclass(frozen=True, slots=True)
class Phrase:
    """Consecutive bars returned together.

    Raises:
        ValueError: bars whose indices do not follow one another.
    """

    bars: tuple[Bar, ...]

    def __post_init__(self) -> None:
        for before, after in zip(self.bars, self.bars[1:], strict=False):
            if after.index != before.index + 1:
                raise ValueError(f"a phrase's bars follow one another; {after.index} stands after {before.index}")

    @property
    def ticks(self) -> int:
        """Length in ticks."""
        return sum(bar.meter.bar_ticks for bar in self.bars)
