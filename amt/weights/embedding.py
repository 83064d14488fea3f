"""The compact embedding: control rows are event rows plus one offset per block, so only events need storing.

True of models trained with a factorised embedding (the embedded one); `compact` says whether it is true of a table.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from amt import vocabulary

EVENTS = "transformer.wte.events"
CONTROLS = "transformer.wte.controls"
FLAGS = "transformer.wte.flags"

# First rows of the time, duration and note blocks and of REST, which follows them and has no control.
BLOCKS = (vocabulary.TIME, vocabulary.DURATION, vocabulary.NOTE, vocabulary.REST)
EVENT_ROWS = vocabulary.CONTROL
OFFSETS = len(BLOCKS) - 1


def expand(
    events: NDArray[np.floating], controls: NDArray[np.floating], flags: NDArray[np.floating]
) -> NDArray[np.float32]:
    """The table float32 (55,028, width) of event rows (27,513, width), control offsets (3, width), flags (3, width)."""
    table = np.empty((vocabulary.VOCABULARY, events.shape[1]), np.float32)
    table[:EVENT_ROWS] = events
    for offset, (start, end) in zip(controls, pairwise(BLOCKS), strict=True):
        np.add(table[start:end], offset, out=table[EVENT_ROWS + start : EVENT_ROWS + end])
    table[vocabulary.SPECIAL :] = flags
    return table


def compact(
    table: NDArray[np.floating],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]] | None:
    """Events, control offsets and flags of a table (55,028, width), or None where they would not give it again.

    Rows may differ by the rounding of float16, in which checkpoints are often kept.
    """
    events = table[:EVENT_ROWS].astype(np.float32)
    controls = np.empty((OFFSETS, table.shape[1]), np.float32)
    for block, (start, end) in enumerate(pairwise(BLOCKS)):
        rows = table[EVENT_ROWS + start : EVENT_ROWS + end].astype(np.float32)
        differences = rows - events[start:end]
        controls[block] = differences.mean(axis=0, dtype=np.float64)
        largest = np.maximum(np.abs(rows), np.abs(events[start:end]))
        if not (np.abs(differences - controls[block]) <= 2 * np.finfo(np.float16).eps * largest + 1e-6).all():
            return None
    return events, controls, table[vocabulary.SPECIAL :].astype(np.float32)
