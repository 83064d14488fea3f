"""What is measured on a corpus made of known accents is those accents."""

from pathlib import Path

import numpy as np
import pytest

from amt.strokes import ROWS, Place
from amt.touch import touch
from patterns.note import DRUMS
from training.touch import fit, main, read

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
SPREAD = np.arange(-6, 7)
"""A performer's own differences: thirteen velocities around each accent."""


def write(path: Path, pieces: list[tuple[str, int, np.ndarray]]) -> None:
    """A corpus of pieces in 4/4: source, program, velocities of eighth notes on one pitch."""
    lengths = [len(velocities) for *_, velocities in pieces]
    names = sorted({source for source, *_ in pieces})
    each = np.arange(len(pieces) + 1)
    np.savez(
        path,
        onset_delta=np.concatenate([np.append(0, np.full(length - 1, 240)) for length in lengths]),
        duration=np.full(sum(lengths), 240),
        program=np.repeat([program for _, program, _ in pieces], lengths),
        pitch=np.full(sum(lengths), 38),
        velocity=np.concatenate([velocities for *_, velocities in pieces]),
        note_off=np.append(0, np.cumsum(lengths)),
        ts_off=each,
        ts_tick=0 * each[1:],
        ts_num=4 + 0 * each[1:],
        ts_den=4 + 0 * each[1:],
        source=np.array([names.index(source) for source, *_ in pieces]),
        source_names=np.array(names),
    )


def accented(level: int) -> np.ndarray:
    """104 bars of eighths: bar line 12 above the half beats, the other beats 6."""
    bar = level + np.array([12, 0, 6, 0, 6, 0, 6, 0])
    return np.concatenate([bar + each for each in SPREAD.repeat(8)])


def test_accents_come_out_as_they_were_played(tmp_path: Path) -> None:
    write(tmp_path / "c.npz", [("freedoom", 0, accented(50 + 10 * quiet)) for quiet in 4 * list(range(6))])
    table = fit(read(tmp_path / "c.npz"))
    places = table.places[ROWS.index("Piano")]
    assert 10 < places[Place.BAR_LINE] - places[Place.HALF] <= 12
    assert 4.5 < places[Place.BEAT] - places[Place.HALF] < 6.5
    assert abs(places[Place.HALF] - 75) < 2


def test_a_family_that_is_not_heard_is_struck_like_the_others(tmp_path: Path) -> None:
    write(tmp_path / "c.npz", [("freedoom", 0, accented(70))])
    places = fit(read(tmp_path / "c.npz")).places
    organ, piano = places[ROWS.index("Organ")], places[ROWS.index("Piano")]
    assert organ[Place.BAR_LINE] > organ[Place.BEAT] > organ[Place.HALF]
    assert abs(organ.mean() - piano.mean()) < 3


def test_a_drummer_s_ghost_notes_have_a_row_of_their_own(tmp_path: Path) -> None:
    bar = np.array([60, 40, 110, 40, 60, 40, 110, 40])
    write(tmp_path / "c.npz", [("gmd_quantized", DRUMS, np.concatenate([bar + n for n in SPREAD.repeat(8)]))] * 5)
    places = fit(read(tmp_path / "c.npz")).places
    assert places[ROWS.index("snare")][Place.BEAT] > places[ROWS.index("ghost snare")][Place.HALF] + 55


def test_constant_velocities_scores_and_rules_are_left_out(tmp_path: Path) -> None:
    varied = accented(70)
    write(
        tmp_path / "c.npz",
        [
            ("freedoom", 0, np.full(200, 90)),
            ("arr_jam", 0, varied),
            ("openscore_lieder", 0, varied),
            ("easyrpg", 5, varied),
        ],
    )
    assert [(part.source, part.family) for part in read(tmp_path / "c.npz")] == [("easyrpg", 0)]


def test_it_prints_the_table_and_its_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "c.npz", [("freedoom", 0, accented(70)), ("gmd_quantized", DRUMS, accented(60))] * 2)
    main(tmp_path / "c.npz", tmp_path / "c.npz")
    printed = capsys.readouterr().out
    assert printed.count("    Touch((") == len(ROWS)
    assert "# Piano: 1664 in 2 parts" in printed
    assert "drums, the table: " in printed


@pytest.mark.skipif(not (CORPUS / "valid.npz").is_file(), reason="the corpus is not here: ../shared/corpus/valid.npz")
def test_the_table_is_nearer_to_drummers_it_was_not_measured_on_than_one_velocity() -> None:
    from training.touch import velocities

    drummers = [part for part in read(CORPUS / "valid.npz") if part.source == "gmd_quantized"]
    assert len(drummers) == 13
    people = np.concatenate([part.velocities for part in drummers])
    ours = np.concatenate([velocities(part) for part in drummers])
    assert np.corrcoef(people, ours)[0, 1] > 0.4
    assert np.abs(people - ours).mean() < np.abs(people - people.mean()).mean()
    assert all(1 <= value <= 127 for row in range(len(ROWS)) for value in touch(row).places)
