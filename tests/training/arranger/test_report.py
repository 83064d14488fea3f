import numpy as np
import pytest

from patterns.meter import Meter
from training.arranger import report
from training.corpus import Piece


def piece_of(rows: list[tuple[int, int, int, int]], source: str = "freedoom") -> Piece:
    onsets, durations, programs, pitches = np.array(rows, np.int64).T
    return Piece(source, onsets, durations, programs, pitches, tempo=120.0, meter=Meter())


LOOP = piece_of([(bar * 1920 + at, 120, 0, 60 + at // 480) for bar in range(4) for at in (0, 480, 960)])


def test_a_loop_is_repeated_bars() -> None:
    assert report.repeated_bars(LOOP) == pytest.approx(3 / 4)
    assert report.repeated_bars(LOOP, exact=True) == pytest.approx(3 / 4)
    loose = piece_of([(bar * 1920 + bar, 120, 0, 60) for bar in range(4)])
    assert report.repeated_bars(loose) == pytest.approx(3 / 4)
    assert report.repeated_bars(loose, exact=True) == 0


def test_polyphony_counts_what_sounds() -> None:
    assert report.polyphony(piece_of([(0, 960, 0, 60), (480, 480, 0, 64), (960, 100, 0, 67)])) == pytest.approx(4 / 3)


def test_clashes_are_semitones_that_sound_together() -> None:
    assert report.clashes(piece_of([(0, 960, 0, 60), (480, 480, 0, 61)])) == 0.5
    assert report.clashes(piece_of([(0, 400, 0, 60), (480, 480, 0, 61)])) == 0


def test_the_table_has_a_line_a_measure_and_groups_the_ways() -> None:
    groups = report.grouped([LOOP, piece_of([(0, 1, 0, 60), (120, 1, 0, 62)], "made_house")])
    assert list(groups) == ["human bands", "made_styled"]
    assert len(report.table(groups).splitlines()) == 1 + len(report.MEASURES)
