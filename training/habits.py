"""Measure what instruments usually do in bands: the table in amt/habits.py.

usage: python -m training.habits CORPUS/train.npz

For each General MIDI family, and the drum kit, in pieces of human bands and arrangements with three families or more:
notes a beat in the bars where it plays (75th percentile), and the gap in beats between its onsets (90th).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from patterns.instruments import FAMILIES
from patterns.meter import TICKS_PER_BEAT
from patterns.note import DRUMS

BANDS = ("freedoom", "simutrans", "blasphemer", "crystal_picnic", "easyrpg", "arr_")
PIECES = 3_000
BAR = 4 * TICKS_PER_BEAT


def main(corpus: Path) -> None:
    archive = np.load(corpus)
    data = {name: archive[name] for name in ("note_off", "onset_delta", "program", "source", "source_names")}
    sources = data["source_names"][data["source"]]
    bands = [number for number, source in enumerate(sources) if str(source).startswith(BANDS)]
    chosen = np.random.default_rng(0).choice(bands, min(PIECES, len(bands)), replace=False)
    rates: dict[int, list[float]] = defaultdict(list)
    gaps: dict[int, list[float]] = defaultdict(list)
    for piece in chosen:
        notes = slice(data["note_off"][piece], data["note_off"][piece + 1])
        onsets = np.cumsum(data["onset_delta"][notes])
        programs = data["program"][notes].astype(int)
        families = np.where(programs == DRUMS, len(FAMILIES), programs // 8)
        if len(np.unique(families)) < 3:
            continue
        for family in np.unique(families):
            mine = onsets[families == family]
            counts = np.bincount(mine // BAR)
            rates[family] += (counts[counts > 0] * TICKS_PER_BEAT / BAR).tolist()
            gaps[family] += (np.diff(np.unique(mine)) / TICKS_PER_BEAT).tolist()
    for family, name in enumerate([*FAMILIES, "drums"]):
        rate, gap = np.percentile(rates[family] or [1], 75), np.percentile(gaps[family] or [1], 90)
        print(f"    Habit({rate:.2f}, {gap:.2f}),  # {name}: {len(rates[family])} bars")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
