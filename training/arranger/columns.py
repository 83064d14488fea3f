"""Pieces as the columns of a corpus file (training/corpus.py reads them)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.arranger.piece import Made

Columns = dict[str, NDArray[Any]]


def packed(pieces: Sequence[Made]) -> Columns:
    """The columns of the pieces, in their order; onset_delta counts from the note before, and from 0 in each piece."""
    names = sorted({piece.name for piece in pieces})
    notes = np.concatenate([piece.notes for piece in pieces])
    deltas = np.concatenate([np.diff(piece.notes[:, 0], prepend=0) for piece in pieces])
    count = len(pieces)
    return {
        "onset_delta": deltas.astype(np.uint16 if deltas.max() < 65536 else np.int32),
        "duration": notes[:, 1].astype(np.uint16),
        "program": notes[:, 4].astype(np.uint8),
        "pitch": notes[:, 2].astype(np.uint8),
        "velocity": notes[:, 3].astype(np.uint8),
        "tempo_tick": np.zeros(count, np.int32),
        "tempo_us": np.array([round(6e7 / piece.tempo) for piece in pieces], np.int32),
        "ts_tick": np.zeros(count, np.int32),
        "ts_num": np.array([piece.meter[0] for piece in pieces], np.uint8),
        "ts_den": np.array([piece.meter[1] for piece in pieces], np.uint8),
        "note_off": np.append(0, np.cumsum([len(piece.notes) for piece in pieces])).astype(np.int64),
        "tempo_off": np.arange(count + 1, dtype=np.int64),
        "ts_off": np.arange(count + 1, dtype=np.int64),
        "piece_id": np.arange(count, dtype=np.int32),
        "source": np.array([names.index(piece.name) for piece in pieces], np.uint8),
        "source_names": np.array(names),
    }


def write(path: Path, columns: Columns) -> None:
    """Compressed. OSError where the path cannot be written."""
    with path.open("wb") as file:
        np.savez_compressed(file, **columns)  # type: ignore[arg-type]
