"""Pooling loses nothing, the nucleus is the smallest one, a seed repeats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from amt import sampler

logits = arrays(np.float64, st.integers(1, 60), elements=st.floats(-30, 30))


@given(logits, st.data())
def test_pooling_sums_the_probabilities_of_each_run(values: np.ndarray, data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(1, len(values)), max_size=8)) - {len(values)}
    starts = np.array(sorted({0} | cuts))
    pooled = sampler.probabilities(sampler.pool(values, starts))
    single = sampler.probabilities(values)
    expected = [run.sum() for run in np.split(single, starts[1:])]
    np.testing.assert_allclose(pooled, expected, atol=1e-12)


def test_pooling_keeps_what_is_forbidden_forbidden() -> None:
    pooled = sampler.pool(np.array([-np.inf, -np.inf, 0.0]), np.array([0, 2]))
    assert pooled.tolist() == [-np.inf, 0.0]


@given(logits, st.floats(0.05, 1.0))
def test_the_nucleus_is_the_fewest_choices_that_hold_top_p(values: np.ndarray, top_p: float) -> None:
    whole = sampler.probabilities(values)
    kept = sampler.probabilities(values, top_p=top_p) > 0
    assert kept[np.argmax(whole)]
    assert whole[kept].sum() >= top_p - 1e-9
    assert whole[kept].sum() - whole[kept].min() < top_p + 1e-9


@given(logits, st.integers(0, 2**31 - 1))
def test_a_seed_draws_the_same_again_and_only_what_is_allowed(values: np.ndarray, seed: int) -> None:
    values = values.copy()
    values[1:] = -np.inf if seed % 2 else values[1:]
    first = sampler.draw(values, np.random.default_rng(seed), 0.9, 0.9)
    assert first == sampler.draw(values, np.random.default_rng(seed), 0.9, 0.9)
    assert np.isfinite(values[first])


def test_drawing_follows_the_probabilities() -> None:
    random = np.random.default_rng(1)
    drawn = np.bincount([sampler.draw(np.log([0.2, 0.5, 0.3]), random) for _ in range(20_000)], minlength=3)
    np.testing.assert_allclose(drawn / 20_000, [0.2, 0.5, 0.3], atol=0.02)


def test_a_low_temperature_takes_the_likeliest() -> None:
    random = np.random.default_rng(1)
    assert {sampler.draw(np.array([1.0, 2.0, 1.5]), random, temperature=0.01) for _ in range(50)} == {1}


def test_nothing_to_choose_from_says_so() -> None:
    with pytest.raises(ValueError, match="nothing to choose from"):
        sampler.probabilities(np.array([-np.inf, -np.inf]))
