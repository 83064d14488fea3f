"""Streams in lockstep draw what each would draw alone."""

import numpy as np
import pytest

from amt.decoder import Decoder
from amt.streams import GRID, STEPS, Together, passage, run, together


def test_every_stream_reads_as_many_tokens_as_there_are_steps(decoder: Decoder) -> None:
    caches = [decoder.new_cache() for _ in range(3)]
    context = passage(40)
    decoder.read([(cache, context) for cache in caches])
    assert run(decoder, caches, GRID, behind=30, steps=5) > 0
    assert [cache.length for cache in caches] == [35, 35, 35]


def test_a_passage_takes_slots_in_turn_and_is_always_the_same() -> None:
    tokens = passage(30)
    assert all(token in GRID[place % 3] for place, token in enumerate(tokens))
    np.testing.assert_array_equal(tokens, passage(30))


def test_the_ratio_is_of_all_streams_against_one() -> None:
    both = Together(streams=8, behind=500, seconds=0.004, alone=0.001)
    assert both.notes == pytest.approx(2_000 / 3)
    assert both.notes_alone == pytest.approx(1_000 / 3)
    assert both.ratio == pytest.approx(2)


def test_streams_are_timed_against_one(decoder: Decoder) -> None:
    both = together(decoder, 2, behind=0, seconds=0)
    assert (both.streams, both.behind) == (2, 0)
    assert both.seconds > 0
    assert both.alone > 0


@pytest.mark.parametrize(("streams", "behind"), [(0, 10), (2, 1_024 - STEPS + 1), (2, -1)])
def test_streams_that_do_not_fit_are_refused(decoder: Decoder, streams: int, behind: int) -> None:
    with pytest.raises(ValueError, match="1024 positions"):
        together(decoder, streams, behind)
