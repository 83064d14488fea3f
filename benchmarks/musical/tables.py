"""Tables of figures and goals: what the page, the JSON file and the terminal all show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One figure.

    Attributes:
        value: None where it could not be had.
        text: as it is shown.
        met: whether the goal is; None where there is none.
    """

    value: float | None
    text: str
    met: bool | None = None


@dataclass(frozen=True)
class Column:
    """What stands below one another: its name, its goal in words, whether it is met, how figures are written."""

    name: str
    goal: str = ""
    met: Callable[[float], bool] | None = None
    style: str = ".2f"

    def cell(self, value: float | None) -> Cell:
        """A figure in this column."""
        if value is None:
            return Cell(None, "–")
        return Cell(value, format(value, self.style), self.met(value) if self.met else None)


@dataclass(frozen=True)
class Table:
    """Figures of one kind; the first row is the whole, by which goals are judged.

    Attributes:
        text: what was measured, and how.
    """

    title: str
    text: str
    columns: tuple[Column, ...]
    rows: dict[str, list[Cell]] = field(default_factory=dict)

    def add(self, label: str, values: Sequence[float | Cell | None]) -> None:
        """A row, one value a column."""
        pairs = zip(self.columns, values, strict=True)
        self.rows[label] = [each if isinstance(each, Cell) else column.cell(each) for column, each in pairs]

    def as_json(self) -> dict[str, Any]:
        columns = [{"name": column.name, "goal": column.goal} for column in self.columns]
        rows = {
            label: {
                column.name: {"value": cell.value, "met": cell.met}
                for column, cell in zip(self.columns, cells, strict=True)
            }
            for label, cells in self.rows.items()
        }
        return {"title": self.title, "text": self.text, "columns": columns, "rows": rows}


def all_of(cells: Sequence[Cell]) -> Cell:
    """How many of the rows keep to the goal."""
    judged = [cell.met for cell in cells if cell.met is not None]
    if not judged:
        return Cell(None, "–")
    return Cell(fmean(judged), f"{sum(judged)} of {len(judged)}", all(judged))


def goals(tables: Sequence[Table]) -> Iterator[tuple[str, str, Cell]]:
    """What was asked for, its goal and what came of it, of all tables."""
    for table in tables:
        if table.rows:
            whole = next(iter(table.rows.values()))
            for column, cell in zip(table.columns, whole, strict=True):
                if column.goal:
                    yield f"{table.title}: {column.name}", column.goal, cell


def markdown(table: Table) -> Iterator[str]:
    """The table's lines."""
    yield f"| {table.title} | " + " | ".join(_heading(column) for column in table.columns) + " |"
    yield "|---" * (len(table.columns) + 1) + "|"
    for label, cells in table.rows.items():
        yield f"| {label} | " + " | ".join(cell.text + (" ✗" if cell.met is False else "") for cell in cells) + " |"


def _heading(column: Column) -> str:
    return f"{column.name} [{column.goal}]" if column.goal else column.name
