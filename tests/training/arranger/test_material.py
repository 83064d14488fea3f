from pathlib import Path

import numpy as np
import pytest

from training.arranger import material
from training.arranger.harmony import Chord, Key
from training.arranger.material import DRUMS


def test_sources_are_sorted_into_bands_drummers_and_scores(corpus: Path) -> None:
    found = material.read(corpus)
    assert [[source.source for source in group] for group in (found.bands, found.drummers, found.scores)] == [
        ["freedoom"],
        ["gmd"],
        ["openscore_quartets"],
    ]


def test_chords_key_and_roles_are_heard(corpus: Path) -> None:
    band = material.read(corpus).bands[0]
    triads = [Chord(root, (0, 4, 7)) for root in (0, 0, 5, 5, 7, 7, 0, 0)]
    assert band.chords[:8] == triads
    assert band.key == Key(0, "major")
    assert band.roles == {33: "bass", 48: "chords", 80: "lead", DRUMS: "drums"}
    assert band.tempo == pytest.approx(120)


def test_a_phrase_is_counted_from_its_first_bar(corpus: Path) -> None:
    band = material.read(corpus).bands[0]
    phrase = band.phrase(33, 4, 2)
    assert phrase[:, 0].tolist() == [0, 480, 960, 1440, 1920, 2400, 2880, 3360]
    assert np.unique(phrase[:, 2]).tolist() == [36, 41]
    assert band.busy(33, 4, 2) == 2


def test_what_is_no_corpus_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, pitch=np.zeros(3))
    with pytest.raises(ValueError, match="lacks"):
        material.read(path)
