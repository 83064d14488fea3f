"""A small corpus to borrow from: a band in C, a drummer and a quartet, written here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.arranger import columns, material
from training.arranger.borrow import Players
from training.arranger.piece import Made

BAR = 1920
BARS = 24
ROOTS = (60, 65, 67, 60)  # C F G C, a bar each


def _made(name: str, rows: list[tuple[int, int, int, int, int]]) -> Made:
    notes = np.array(rows, np.int64)
    return Made(name, notes[np.lexsort((notes[:, 2], notes[:, 4], notes[:, 0]))], 120.0, (4, 4))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of the corpus file."""
    band: list[tuple[int, int, int, int, int]] = []
    quartet: list[tuple[int, int, int, int, int]] = []
    drummer: list[tuple[int, int, int, int, int]] = []
    for bar in range(BARS):
        start, root = bar * BAR, ROOTS[bar % 4]
        for beat in range(4):
            onset = start + 480 * beat
            band += [(onset, 60, 36 if beat % 2 == 0 else 38, 100, 128), (onset + 240, 60, 42, 70, 128)]
            band.append((onset, 400, root - 24, 90, 33))
            band.append((onset + 240, 200, root + 12 + (0, 4, 7, 4)[beat], 95, 80))
            drummer += [
                (onset + 5, 30, 36, 90, 128),
                (onset + 236, 30, 42, 60, 128),
                (onset + 480 - 117, 30, 38, 40, 128),
            ]
        band += [(start, 1900, root + tone, 70, 48) for tone in (0, 4, 7)]
        quartet += [(start, 1900, root + tone, 70, program) for tone, program in ((16, 40), (7, 41), (-12, 42))]
    path = tmp_path_factory.mktemp("corpus") / "train.npz"
    pieces = [_made("freedoom", band), _made("gmd", drummer), _made("openscore_quartets", quartet)]
    columns.write(path, columns.packed(pieces))
    return path


@pytest.fixture(scope="session")
def players(corpus: Path) -> Players:
    return Players(material.read(corpus))
