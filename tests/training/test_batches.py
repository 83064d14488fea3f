from __future__ import annotations

import multiprocessing
import sys

import numpy as np
import pytest

from tests.training.pieces import band, eighths
from training.batches import Batches, loader, validation
from training.config import ConfigError, Configuration, from_fields

PIECES = [band("freedoom", seed=1), band("made_dub", seed=2), band("made_mashup", seed=3), eighths("gmd")]


def configuration(**shares: float) -> Configuration:
    return from_fields(
        {
            "schedule": {"steps": 6, "batch": 3},
            "shares": shares or {"made_mashup": 1, "made_*": 1, "gmd": 1},
            "tasks": {"plain": 1, "click": 1, "instruments": 1},
            "variations": {"transpose": 1.0, "substitute": 0.5, "drop_instruments": 0.3},
        }
    )


def test_a_batch_is_the_same_whoever_makes_it_and_wherever_a_run_begins() -> None:
    batches = Batches(configuration(), PIECES)
    every = [batch.numpy() for batch in batches]
    assert len(every) == 6
    assert len({batch.tobytes() for batch in every}) == 6
    for index, batch in enumerate(every):
        assert batch.shape == (3, 1_024)
        np.testing.assert_array_equal(batch, batches.batch(index))
    later = list(loader(Batches(configuration(), PIECES, first=4), workers=2))
    np.testing.assert_array_equal(later[0].numpy(), every[4])
    np.testing.assert_array_equal(later[1].numpy(), every[5])


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker is sent the corpus")
def test_workers_of_a_spawned_process_are_not_sent_the_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Batches) -> None:
        raise AssertionError("sent")

    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    try:
        monkeypatch.setattr(Batches, "__getstate__", refuse, raising=False)
        assert len(list(loader(Batches(configuration(), PIECES, first=4), workers=2))) == 2
    finally:
        multiprocessing.set_start_method(before, force=True)


def test_a_source_belongs_to_the_first_pattern_that_fits_it() -> None:
    only = Batches(configuration(**{"made_mashup": 0, "made_*": 1}), PIECES)
    (_, mashups), (_, others) = only._odds
    np.testing.assert_allclose(mashups, [0, 0, 1, 0])
    np.testing.assert_allclose(others, [0, 1, 0, 0])


def test_a_share_without_a_piece_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no piece of mutopia; the corpus has freedoom, gmd"):
        Batches(configuration(mutopia=1), PIECES)


def test_validation_windows_are_the_same_each_time_and_by_group() -> None:
    found, again = validation(PIECES, 4), validation(PIECES, 4)
    assert set(found) == {"human bands", "arrangements by rule", "classical, songs, drummers"}
    for group, windows in found.items():
        assert windows.shape == (4, 1_024)
        np.testing.assert_array_equal(windows, again[group])
    assert set(validation(PIECES, 1, by="source")) == {piece.source for piece in PIECES}
