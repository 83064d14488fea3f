"""Drawing one of several choices from logits: pooling, temperature, nucleus.

Knows neither tokens nor music. Randomness comes from the generator that is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32] | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What one draw chooses among: tokens, pooled into runs of neighbours.

    Attributes:
        rows: int32 [n ≥ 1], token ids.
        starts: int32 [m] ascending, the first 0; run i is rows[starts[i]:starts[i + 1]]. None: each row is one.
        bias: float32 [m], added to the pooled logits. None: nothing.
        temperature: above 0.
        top_p: share of probability kept, above 0, at most 1.
    """

    rows: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int32] | None = None
    bias: npt.NDArray[np.float32] | None = None
    temperature: float = 1.0
    top_p: float = 1.0


def choose(logits: Floats, choices: Choices, number: float) -> int:
    """The index of the run that `number` (0 ≤ number < 1) falls on, from the logits [n] of `choices.rows`.

    What the compiled decoder's draw() is checked against.
    """
    pooled = np.asarray(logits, np.float64) if choices.starts is None else pool(logits, choices.starts)
    if choices.bias is not None:
        pooled = pooled + choices.bias
    cumulative = np.cumsum(probabilities(pooled, choices.temperature, choices.top_p))
    return int(np.searchsorted(cumulative, number * cumulative[-1], side="right"))


def pool(logits: Floats, starts: Ints) -> npt.NDArray[np.float64]:
    """Sum probabilities of neighbours: log-sum-exp over the runs that begin at `starts`.

    Args:
        logits: [n].
        starts: [m] ascending, the first 0; run i is logits[starts[i]:starts[i + 1]].

    Returns:
        [m] pooled logits; their softmax is the softmax of `logits` summed over the runs.
    """
    highest = float(np.max(logits))
    mass = np.add.reduceat(np.exp(np.asarray(logits, np.float64) - highest), starts)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(mass) + highest)


def probabilities(logits: Floats, temperature: float = 1.0, top_p: float = 1.0) -> npt.NDArray[np.float64]:
    """Softmax at a temperature, cut to the nucleus: the fewest likeliest choices that hold `top_p` of it.

    Source of the nucleus: Holtzman et al., arXiv 1904.09751.

    Args:
        logits: [n]; -inf forbids a choice.
        temperature: above 0.
        top_p: above 0, at most 1.

    Returns:
        [n], summing to 1.

    Raises:
        ValueError: nothing to choose from.
    """
    scaled = np.asarray(logits, np.float64) / temperature
    highest = scaled.max(initial=-np.inf)
    if not np.isfinite(highest):
        raise ValueError("nothing to choose from: every logit is -inf")
    weights = np.exp(scaled - highest)
    weights /= weights.sum()
    if top_p < 1:
        order = np.argsort(-weights, kind="stable")
        before = np.cumsum(weights[order]) - weights[order]
        weights[order[before >= top_p]] = 0
        weights /= weights.sum()
    return np.asarray(weights)


def draw(logits: Floats, random: np.random.Generator, temperature: float = 1.0, top_p: float = 1.0) -> int:
    """The index of one choice, drawn with `probabilities`; uses exactly one number of `random`."""
    cumulative = np.cumsum(probabilities(logits, temperature, top_p))
    return int(np.searchsorted(cumulative, random.random() * cumulative[-1], side="right"))
