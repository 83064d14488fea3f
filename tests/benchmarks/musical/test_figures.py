import json

import numpy as np
import pytest

from benchmarks.musical import comparison, figures, lines
from benchmarks.musical.lines import Line, Plan
from benchmarks.musical.page import Example, Report
from benchmarks.musical.pieces import Real
from benchmarks.musical.sessions import Music
from benchmarks.musical.tables import Cell, Column, Table, goals, markdown
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import DRUMS, Note
from training.corpus import Piece

KEPT = ((0.2, 1), (0.5, 2), (0.8, 4))
"""Notes by density that keep to the goal."""
PROGRAMS = {"piano": 0, "bass": 33, "drums": DRUMS, "guitar": 25, "lead": 81}


def line(size: int, density: float = 0.5) -> Line:
    return lines.band_line(size, density, 2, 5)


def music(plan: Plan, notes: int = 1, silent: str = "") -> Music:
    """Bars in which each instrument strikes so many notes, one a sixteenth later in each bar."""
    return [
        Bar(
            index,
            Meter(4, 4),
            tuple(
                Note(120 * (index % 4 + number), PROGRAMS[name], 36 + index % 3, 120)
                for name in plan.band
                if name != silent
                for number in range(notes)
            ),
        )
        for index in range(plan.bars)
    ]


def texts(table: Table, row: str = "all") -> dict[str, str]:
    return {column.name: cell.text for column, cell in zip(table.columns, table.rows[row], strict=True)}


def test_lines_are_counted_together_and_each() -> None:
    trio, duo = line(3), line(2)
    composed = [(trio, [music(plan) for plan in trio.plans]), (duo, [music(plan, silent="bass") for plan in duo.plans])]
    table = figures.line_table(composed, None)
    assert list(table.rows) == ["all", "3 instruments", "2 instruments"]
    assert texts(table)["sessions"] == "4"
    assert texts(table)["all heard in the first 2 bars"] == "75.0%"
    assert texts(table)["onsets on the grid"] == "100.0%"
    assert texts(table, "3 instruments")["notes a bar"] == "3.0"
    assert texts(table, "2 instruments")["all heard within any 4 bars"] == "50.0%"
    assert {name: cell.met for name, _, cell in goals([table])}["Lines: empty bars"] is True


def test_sparse_sessions_need_not_have_everyone_heard() -> None:
    own, sparse = line(2), line(2, density=0.2)
    composed = [
        (own, [music(plan) for plan in own.plans]),
        (sparse, [music(plan, silent="bass") for plan in sparse.plans]),
    ]
    assert texts(figures.line_table(composed, None))["all heard in the first 2 bars"] == "100.0%"


def test_each_instrument_is_heard_or_not() -> None:
    trio = line(3)
    table = figures.voice_table([(trio, [music(trio.plans[0], silent="bass"), music(trio.plans[1])])])
    assert [cell.text for cell in table.rows["bass"]] == ["2", "50.0%", "50.0%"]
    assert [cell.text for cell in table.rows["drums"]] == ["2", "100.0%", "100.0%"]
    assert [cell.text for cell in table.rows["guitar"]] == ["1", "100.0%", "100.0%"]


@pytest.mark.parametrize(("counts", "met"), [((1, 2, 4), True), ((1, 2, 3), False), ((2, 2, 8), False)])
def test_density_is_judged_by_its_multiples(counts: tuple[int, ...], met: bool) -> None:
    composed = []
    for density, notes in zip((0.2, 0.5, 0.8), counts, strict=True):
        duo = line(2, density)
        composed.append((duo, [music(plan, notes) for plan in duo.plans]))
    table = figures.density_table(composed)
    cells = table.rows["all"]
    assert cells[0].met is None
    assert cells[2].value == counts[2] / counts[0]
    assert all(cell.met for cell in cells[1:]) == met


def test_density_is_judged_at_each_tempo_and_in_each_meter() -> None:
    def table(*counts: int) -> Table:
        composed = [(line(2, each), [music(plan, notes) for plan in line(2, each).plans]) for each, notes in KEPT]
        for density, notes in zip((0.2, 0.5, 0.8), counts, strict=True):
            slow = lines.meter_line(60, Meter(4, 4), 2, 5, density)
            composed.append((slow, [music(plan, notes) for plan in slow.plans]))
        return figures.density_table(composed)

    assert list(table(1, 2, 4).rows) == ["all", "60 bpm, 4/4", "2 instruments"]
    assert [cell.met for cell in table(1, 2, 4).rows["all"]] == [None, True, True]
    assert [cell.met for cell in table(1, 2, 3).rows["all"]] == [None, True, False]
    assert table(2, 2, 8).rows["60 bpm, 4/4"][1].value == 1


def test_density_must_rise_in_every_size_of_ensemble() -> None:
    composed = []
    for density, few, many in ((0.2, 2, 1), (0.5, 2, 4), (0.8, 4, 9)):
        both = lines.meter_line(60, Meter(4, 4), 2, 5, density)
        composed.append((both, [music(both.plans[0], few), music(both.plans[1], many)]))
    assert [cell.met for cell in figures.density_table(composed).rows["all"]] == [None, False, False]


def test_density_has_no_rows_where_only_the_models_own_could_be_asked_for() -> None:
    trio = line(3)
    assert not figures.density_table([(trio, [music(plan) for plan in trio.plans])]).rows


def as_piece(bars: Music) -> Piece:
    rows = sorted(
        (1920 * bar.index + note.onset, note.duration, note.instrument, note.pitch)
        for bar in bars
        for note in bar.notes
    )
    onsets, durations, programs, pitches = np.array(rows, np.int64).T
    return Piece("freedoom", onsets, durations, programs, pitches, 120.0, Meter(4, 4))


def test_what_is_real_overlaps_wholly_with_itself() -> None:
    trio = line(3)
    composed = [(trio, [music(plan) for plan in trio.plans])]
    pieces = [as_piece(bars) for bars in composed[0][1] for _ in range(8)]
    pieces = [*pieces[::2], *pieces[1::2]]
    overlaps = comparison.overlap_table(composed, Real(pieces, 5))
    assert overlaps.rows["3 instruments"][7].value == pytest.approx(1)  # of distances there are none: all are alike
    repetition = comparison.repetition_table(composed, Real(pieces, 5))
    assert [cell.text for cell in repetition.rows["all"]] == ["1 of 1"] * 3
    assert [cell.met for cell in repetition.rows["all"]] == [True] * 3


def test_too_few_real_pieces_are_not_compared_with() -> None:
    trio = line(3)
    composed = [(trio, [music(plan) for plan in trio.plans])]
    few = [as_piece(bars) for bars in composed[0][1]][: comparison.FEWEST - 1]
    overlaps = comparison.overlap_table(composed, Real(few, 5))
    assert [cell.text for cell in overlaps.rows["3 instruments"][:7]] == ["–"] * 7
    assert overlaps.rows["3 instruments"][-1].text == f"{len(few)}"
    repetition = comparison.repetition_table(composed, Real(few, 5))
    assert [cell.met for cell in repetition.rows["3 instruments"]] == [None] * 3


def test_the_page_and_the_json_show_what_tables_hold() -> None:
    table = Table(
        "Notes & bars", "What <was> counted.", (Column("many", "≥ 3", lambda value: value >= 3, ".1f"), Column("few"))
    )
    table.add("all", [2.0, None])
    table.add("one", [3.0, Cell(1, "1 of 2", False)])
    report = Report({"model": "some"}, ("density: not yet",), (table,))
    page = report.as_html([Example("a trio", b"png", None), Example("a duo", b"png", b"wav")])
    assert '<td class="missed">2.0' in page
    assert "What &lt;was&gt; counted." in page
    assert "density: not yet" in page
    assert page.count("data:image/png;base64,cG5n") == 2
    assert page.count("<audio") == 1
    found = json.loads(report.as_json())
    assert found["goals"] == [{"measure": "Notes & bars: many", "goal": "≥ 3", "value": 2.0, "met": False}]
    assert found["tables"][0]["rows"]["one"]["few"] == {"value": 1, "met": False}
    assert list(markdown(table))[2:] == ["| all | 2.0 ✗ | – |", "| one | 3.0 | 1 of 2 ✗ |"]
