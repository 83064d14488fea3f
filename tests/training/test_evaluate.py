import math
from pathlib import Path

import numpy as np
import pytest

from amt import vocabulary, weights
from amt.config import ModelConfig
from amt.quantization import quantization
from amt.vocabulary import ANTICIPATE, CONTROL, DURATION, NOTE, REST, WINDOW
from amt.weights.names import EMBEDDING
from tests.amt import checkpoints
from training.corpus import Piece
from training.evaluate import PADDING, losses, table, window, windows

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "valid.npz"


def piece(source: str = "gmd", notes: int = 400) -> Piece:
    """Eighth notes on one pitch at 120 beats a minute in 4/4: a note each 25 steps."""
    ones = np.ones(notes, np.int64)
    return Piece(source, np.arange(notes) * 240, 120 * ones, 0 * ones, 60 * ones, 120.0, 1_920)


def test_a_window_is_flag_then_clicks_five_seconds_ahead_then_events() -> None:
    tokens = window(piece(), 1_920)
    assert tokens.shape == (WINDOW,)
    assert tokens[0] == ANTICIPATE
    triplets = tokens[1:].reshape(-1, 3)
    times, notes = triplets[:, 0], triplets[:, 2]
    controls = notes >= CONTROL
    first = int(np.argmin(controls))
    assert times[:first].tolist() == [CONTROL + 50 * beat for beat in range(11)]
    bells = notes[:first] - CONTROL - NOTE - 128 * 128
    assert bells.tolist() == [34, 33, 33, 33] * 2 + [34, 33, 33]
    events = triplets[~controls]
    assert events[:, 0].tolist() == [25 * index for index in range(len(events))]
    assert set(events[:, 1]) == {DURATION + 12}
    assert set(events[:, 2]) == {NOTE + 60}


def test_a_short_piece_is_padded() -> None:
    tokens = window(piece(notes=20), 0)
    end = int(np.argmax(tokens == PADDING))
    assert end % 3 == 1
    assert (tokens[end:] == PADDING).all()


def test_a_model_that_knows_nothing_loses_the_logarithm_of_each_block(tmp_path: Path) -> None:
    config = ModelConfig(1, 32, 4, 1_024, 128)
    floats = checkpoints.weights(config)
    weights.write(
        tmp_path / "m",
        config,
        quantization("q0f32"),
        floats | {f"{EMBEDDING}.weight": floats[f"{EMBEDDING}.weight"] * 0},
    )
    filled = np.stack([window(piece(), 0), window(piece(notes=60), 0)])
    sums = losses(tmp_path / "m", filled)
    events = ((filled[:, 1::3] >= 0) & (filled[:, 1::3] < CONTROL)).sum(axis=1)
    np.testing.assert_array_equal(sums[:, 3], events)
    sizes = (DURATION, NOTE - DURATION, CONTROL - NOTE)
    np.testing.assert_allclose(sums[:, :3], np.outer(events, [math.log(size) for size in sizes]), rtol=1e-5)
    assert REST < CONTROL == vocabulary.REST + 1


def test_the_table_gives_differences_from_the_first_model() -> None:
    first, second = np.array([[1.0, 1, 1, 1], [3, 3, 3, 1]]), np.array([[2.0, 1, 1, 1], [3, 3, 3, 1]])
    lines = table({"a": first, "b": second}, ["human bands", "arrangements by rule"]).splitlines()
    assert lines[0] == "| model | nats per event | difference | arrangements by rule (1) | human bands (1) |"
    assert lines[2:] == ["| a | 6.0000 | +0.0000 | 9.0000 | 3.0000 |", "| b | 6.5000 | +0.5000 | 9.0000 | 4.0000 |"]


@pytest.mark.skipif(not CORPUS.is_file(), reason="the corpus is not here")
def test_validation_windows_are_the_same_each_time() -> None:
    from training import corpus

    pieces = corpus.read(CORPUS)
    assert len(pieces) == 593
    filled, groups = windows(pieces, 12)
    again, _ = windows(pieces, 12)
    np.testing.assert_array_equal(filled, again)
    assert len(groups) == 12
    slots = filled[:, 1:].reshape(12, -1, 3)
    for slot, (start, end) in enumerate(((0, DURATION), (DURATION, NOTE), (NOTE, CONTROL))):
        values = slots[..., slot]
        values = np.where(values >= CONTROL, values - CONTROL, values)
        assert ((values == PADDING) | ((values >= start) & (values < end))).all()
