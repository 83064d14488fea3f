from pathlib import Path

import numpy as np

from training import corpus
from training.arranger import columns
from training.arranger.borrow import Players
from training.arranger.piece import made


def test_the_corpus_reader_reads_what_was_made(players: Players, tmp_path: Path) -> None:
    pieces = [made(1, index, players) for index in range(8)]
    path = tmp_path / "made.npz"
    columns.write(path, columns.packed(pieces))
    found = corpus.read(path)
    assert [piece.source for piece in found] == [piece.name for piece in pieces]
    for piece, read in zip(pieces, found, strict=True):
        heard = np.stack([read.onsets, read.durations, read.pitches, read.programs], axis=1)
        assert (heard == piece.notes[:, [0, 1, 2, 4]]).all()
        assert abs(read.tempo - piece.tempo) < 0.01
        assert read.bar_ticks == max(240, 1920 * piece.meter[0] // piece.meter[1])


def test_velocities_are_kept(players: Players) -> None:
    pieces = [made(1, index, players) for index in range(3)]
    packed = columns.packed(pieces)
    assert (packed["velocity"] == np.concatenate([piece.notes[:, 3] for piece in pieces])).all()
