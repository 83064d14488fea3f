"""Pieces of the training corpus as bars, where it lies beside the checkout."""

from pathlib import Path

import numpy as np
import pytest

from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import Note

VALIDATION = Path(__file__).parents[3] / "shared" / "corpus" / "valid.npz"

needs_corpus = pytest.mark.skipif(not VALIDATION.exists(), reason="the corpus is not here: ../shared/corpus/valid.npz")


def piece(columns, index):
    """One piece as (bars, tempos): bars of its first meter, the tempo in force at each bar's start."""
    rows, tempo_rows, ts_rows = (
        slice(columns[f"{name}_off"][index], columns[f"{name}_off"][index + 1]) for name in ("note", "tempo", "ts")
    )
    meter = Meter(int(columns["ts_num"][ts_rows][0]), int(columns["ts_den"][ts_rows][0]))
    onsets = np.cumsum(columns["onset_delta"][rows].astype(np.int64))
    inside = [[] for _ in range(int(onsets[-1]) // meter.bar_ticks + 1)]
    fields = (columns[name][rows].astype(int).tolist() for name in ("program", "pitch", "duration", "velocity"))
    for onset, program, pitch, duration, velocity in zip(onsets.tolist(), *fields, strict=True):
        bar, tick = divmod(onset, meter.bar_ticks)
        inside[bar].append(Note(tick, program, pitch, max(1, duration), velocity))
    bars = [Bar(i, meter, tuple(notes)) for i, notes in enumerate(inside)]
    ticks, microseconds = columns["tempo_tick"][tempo_rows], columns["tempo_us"][tempo_rows]
    starts = np.arange(len(bars)) * meter.bar_ticks
    tempos = 60e6 / microseconds[np.searchsorted(ticks, starts, side="right") - 1]
    return bars, tempos.tolist()
