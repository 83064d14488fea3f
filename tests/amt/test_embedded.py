import numpy as np

from amt import embedded, weights
from amt.vocabulary import CONTROL, DURATION, NOTE, REST, TIME, VOCABULARY
from amt.weights.names import EMBEDDING

MOST_BYTES = 40_000_000


def test_the_shipped_model_is_whole() -> None:
    weights.verify(embedded.PATH)
    model = weights.read(embedded.PATH)
    assert (model.config.layers, model.config.width, model.config.heads, model.config.positions) == (8, 512, 8, 1_024)
    assert model.config.scale_attn_by_inverse_layer_idx
    assert str(model.quantization) == "q4f32_1 (embedding q8f32_1)"
    assert model.compact


def test_it_is_small_enough_to_be_shipped() -> None:
    assert sum(file.stat().st_size for file in embedded.PATH.iterdir()) <= MOST_BYTES


def test_its_control_rows_are_event_rows_plus_an_offset() -> None:
    table = weights.read(embedded.PATH).matrix(EMBEDDING)
    assert table.shape == (VOCABULARY, 512)
    for start, end in ((TIME, DURATION), (DURATION, NOTE), (NOTE, REST)):
        differences = table[CONTROL + start : CONTROL + end] - table[start:end]
        np.testing.assert_allclose(differences, np.broadcast_to(differences[0], differences.shape), atol=1e-5)
