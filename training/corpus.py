"""Reads the pieces of a corpus file. Knows no tokens.

Columns (npz): onset_delta (its running sum is the tick, 480 per beat), duration, program (128 = drums), pitch,
velocity, each for all pieces in a row; note_off, tempo_off, ts_off say where a piece begins.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patterns.meter import Meter

NOTES: Final = ("source", "source_names", "note_off", "onset_delta", "duration", "program", "pitch")
METERS: Final = ("ts_off", "ts_num", "ts_den")
TEMPI: Final = ("tempo_off", "tempo_tick", "tempo_us")
# Share of the draws that each source is given; within a source a piece counts by the square root of its length.
SHARES = {
    "freedoom": 18,
    "simutrans": 10,
    "blasphemer": 3,
    "crystal_picnic": 3,
    "easyrpg": 2,
    "arr_jam": 18,
    "arr_leadsheet": 12,
    "arr_hymn": 6,
    "arr_classical": 7,
    "gmd": 4,
    "gmd_quantized": 4,
    "openscore_quartets": 7,
    "openscore_lieder": 5,
    "mutopia": 4,
    "polish_scores": 8,
    "openewld": 1,
    "open_hymnal": 1,
}
HUMAN_BANDS = ("freedoom", "simutrans", "blasphemer", "crystal_picnic", "easyrpg")


class CorpusError(ValueError):
    """A file that is no corpus; one line that names it."""


@dataclass(frozen=True)
class Piece:
    """One piece: notes as int64 arrays of one length (onsets and durations in ticks), its median tempo in beats a
    minute, its first meter."""

    source: str
    onsets: NDArray[np.int64]
    durations: NDArray[np.int64]
    programs: NDArray[np.int64]
    pitches: NDArray[np.int64]
    tempo: float
    meter: Meter

    @property
    def bar_ticks(self) -> int:
        return self.meter.bar_ticks

    @property
    def group(self) -> str:
        """Which of the three groups that losses are given for this piece belongs to."""
        if self.source in HUMAN_BANDS:
            return "human bands"
        if self.source.startswith(("arr_", "made_")):
            return "arrangements by rule"
        return "classical, songs, drummers"


def read(path: Path) -> list[Piece]:
    """The pieces of train.npz or valid.npz. Raises CorpusError for a file that is none, OSError for one that cannot be
    read."""
    columns = load(path, ("piece_id", *NOTES, *METERS, *TEMPI))
    return [_piece(columns, index) for index in range(len(columns["piece_id"]))]


def load(path: Path, needed: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The columns of a corpus file. Raises CorpusError where it lacks one of those needed, OSError as above."""
    try:
        with np.load(path) as file:
            columns = dict(file)
    except (ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise CorpusError(f"{path}: is no corpus, which is an npz file of columns") from error
    if missing := sorted(set(needed) - set(columns)):
        raise CorpusError(f"{path}: is no corpus, it lacks {', '.join(missing)}")
    return columns


def weights(pieces: Sequence[Piece], shares: Mapping[str, float] = SHARES) -> NDArray[np.float64]:
    """The probability with which each piece is drawn; none of a source that has no share."""
    lengths = np.sqrt([len(piece.onsets) for piece in pieces])
    sources = np.array([piece.source for piece in pieces])
    drawn = np.zeros(len(pieces))
    for source in np.unique(sources):
        mine = sources == source
        drawn[mine] = shares.get(str(source), 0) * lengths[mine] / lengths[mine].sum()
    return drawn / drawn.sum()


def _piece(columns: dict[str, NDArray[np.generic]], index: int) -> Piece:
    notes = slice(columns["note_off"][index], columns["note_off"][index + 1])
    meter = columns["ts_off"][index]
    onsets = np.cumsum(columns["onset_delta"][notes], dtype=np.int64)
    return Piece(
        source=str(columns["source_names"][columns["source"][index]]),
        onsets=onsets,
        durations=columns["duration"][notes].astype(np.int64),
        programs=columns["program"][notes].astype(np.int64),
        pitches=columns["pitch"][notes].astype(np.int64),
        tempo=_median_tempo(columns, index, int(onsets[-1])),
        meter=Meter(int(columns["ts_num"][meter]), int(columns["ts_den"][meter])),
    )


def _median_tempo(columns: dict[str, NDArray[np.generic]], index: int, end: int) -> float:
    """Beats a minute at which half of the piece is slower, half faster."""
    tempos = slice(columns["tempo_off"][index], columns["tempo_off"][index + 1])
    micros = columns["tempo_us"][tempos].astype(np.float64)
    ticks = columns["tempo_tick"][tempos].astype(np.int64)
    held = np.maximum(np.diff(np.append(ticks, end + 1)), 0)
    order = np.argsort(micros)
    reached = np.cumsum(held[order])
    return float(6e7 / micros[order][np.searchsorted(reached, reached[-1] / 2)])
