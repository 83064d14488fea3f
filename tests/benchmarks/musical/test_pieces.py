import numpy as np

from benchmarks.musical.pieces import KIT, WINDOWS, Kind, Real, families, windows
from patterns.meter import Meter
from patterns.note import Note
from training.corpus import Piece

FOUR = Meter(4, 4)


def piece(*notes: tuple[int, int, int, int], meter: Meter = FOUR) -> Piece:
    """A piece of (onset, duration, program, pitch)."""
    onsets, durations, programs, pitches = (np.array(column, np.int64) for column in zip(*notes, strict=True))
    return Piece("freedoom", onsets, durations, programs, pitches, 120.0, meter)


def test_families_of_an_ensemble() -> None:
    assert families(["piano", "bass", "drums"]) == {0, 4, KIT}
    assert families(["electric piano", "piano"]) == {0}


def test_passages_are_on_the_grid_without_the_others() -> None:
    played = piece((7, 100, 0, 60), (10, 90, 0, 60), (1915, 3, 0, 62), (1800, 90, 40, 70), (1990, 99_999, 33, 40))
    ((first, second),) = windows([played], frozenset({0, 4}), FOUR, 2, 120)
    assert first.notes == (Note(0, 0, 60, 120),), "what coincides is one note, and strings are not asked for"
    assert second.notes == (Note(0, 0, 62, 120), Note(120, 33, 40, 7680))


def test_a_passage_has_every_family_and_the_meter() -> None:
    alone = piece((0, 120, 0, 60), (1920, 120, 33, 40))
    assert windows([alone], frozenset({0, 4}), FOUR, 1, 120) == []
    assert len(windows([alone], frozenset({0, 4}), FOUR, 2, 120)) == 1
    assert windows([alone], frozenset({0, 4}), Meter(3, 4), 2, 120) == []


def test_a_long_piece_does_not_speak_for_all() -> None:
    long = piece(*((1920 * bar, 120, 0, 60) for bar in range(40)))
    found = windows([long], frozenset({0}), FOUR, 2, 120)
    assert len(found) == WINDOWS
    assert [bar.index for bars in found for bar in bars] == [0, 1] * WINDOWS


def test_halves_are_of_different_pieces() -> None:
    pieces = [piece((0, 120, 0, pitch), (1900, 120, 0, pitch)) for pitch in (60, 61, 62)]
    one, other = Real(pieces, 1).halves(Kind(frozenset({0}), FOUR, 120))
    assert [bars[0].notes[0].pitch for bars in one] == [60, 60, 62, 62]
    assert [bars[0].notes[0].pitch for bars in other] == [61, 61]
