"""The report as one HTML file that needs no other, and as JSON. Measures nothing."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.musical.tables import Cell, Table, goals

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem; color: #1b1e26; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
p { max-width: 52rem; color: #444a59; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #e2e5ec; text-align: right; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
th { font-weight: 600; font-size: .85rem; } th small { font-weight: 400; color: #6a7183; display: block; }
tbody tr:first-child td { background: #f5f6f9; font-weight: 600; }
.met { color: #146c2e; } .missed { color: #b3261e; } .met::after { content: " ✓"; } .missed::after { content: " ✗"; }
img { width: 100%; border-radius: 6px; } figure { margin: 1.5rem 0; } audio { width: 100%; }
"""


@dataclass(frozen=True)
class Example:
    """A session to look at and to listen to: PNG, and WAV where it could be made."""

    title: str
    picture: bytes
    sound: bytes | None


@dataclass(frozen=True)
class Report:
    """All that a run found. settings: how it was run; notes: what was left out, and why."""

    settings: dict[str, str]
    notes: tuple[str, ...]
    tables: tuple[Table, ...]

    def as_json(self) -> str:
        summary = [
            {"measure": name, "goal": goal, "value": cell.value, "met": cell.met}
            for name, goal, cell in goals(self.tables)
        ]
        tables = [table.as_json() for table in self.tables if table.rows]
        values = {"settings": self.settings, "notes": self.notes, "goals": summary, "tables": tables}
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"

    def as_html(self, examples: Sequence[Example]) -> str:
        return "\n".join(self._lines(examples)) + "\n"

    def _lines(self, examples: Sequence[Example]) -> Iterator[str]:
        yield '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>The music of midinfinite-osc</title>'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<style>{STYLE}</style>\n<h1>The music of midinfinite-osc</h1>"
        yield "<p>" + _text("; ".join(f"{name}: {value}" for name, value in self.settings.items())) + "</p>"
        yield from (f"<p><strong>Left out:</strong> {_text(note)}</p>" for note in self.notes)
        yield "<h2>Goals</h2>\n<table><thead><tr><th>Measure<th>Goal<th>Found</thead><tbody>"
        for name, goal, cell in goals(self.tables):
            yield f"<tr><td>{_text(name)}<td>{_text(goal)}{_cell(cell)}"
        yield "</tbody></table>"
        for table in self.tables:
            if table.rows:
                yield from _table(table)
        yield "<h2>Examples</h2>"
        for example in examples:
            yield f"<figure><figcaption>{_text(example.title)}</figcaption>"
            yield f'<img alt="piano roll" src="{_data("image/png", example.picture)}">'
            if example.sound:
                yield f'<audio controls src="{_data("audio/wav", example.sound)}"></audio>'
            yield "</figure>"
        yield "</html>"


def _table(table: Table) -> Iterator[str]:
    yield f"<h2>{_text(table.title)}</h2>\n<p>{_text(table.text)}</p>"
    headings = "".join(f"<th>{_text(column.name)}<small>{_text(column.goal)}</small>" for column in table.columns)
    yield f'<div class="wide"><table><thead><tr><th>{headings}</thead><tbody>'
    for label, cells in table.rows.items():
        yield f"<tr><td>{_text(label)}{''.join(map(_cell, cells))}"
    yield "</tbody></table></div>"


def _cell(cell: Cell) -> str:
    mark = {True: ' class="met"', False: ' class="missed"', None: ""}[cell.met]
    return f"<td{mark}>{_text(cell.text)}"


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _text(text: str) -> str:
    return html.escape(text)
