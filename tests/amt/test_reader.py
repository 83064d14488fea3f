"""Readings are found by what they have read, lent to one at a time, and no more of them kept than needed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt.reader import Reader, Reading
from amt.vocabulary import WINDOW


class Cache:
    """Counts what it is told; its tokens are the reading's own."""

    length = 0

    def prepare(self) -> None: ...

    def truncate(self, length: int) -> None:
        assert 0 <= length <= self.length
        self.length = length


DECODER: Any = SimpleNamespace(new_cache=Cache)
sequences = st.lists(st.integers(0, 2), min_size=1, max_size=12).map(lambda tokens: np.array(tokens, np.int32))


def read(reading: Reading, count: int = WINDOW) -> list[int]:
    """Reads up to `count` of the tokens waiting."""
    tokens = reading.next(count)
    reading.cache.length += len(tokens)
    return tokens.tolist()


def upto(*tokens: int) -> np.ndarray:
    return np.array(tokens, np.int32)


@given(sequences, sequences, st.integers(0, 12))
def test_only_what_is_new_is_read_and_the_last_token_always(first: Any, second: Any, count: int) -> None:
    reading = Reading(DECODER)
    reading.restart(first)
    done = read(reading, count)
    reading.restart(second)
    kept = reading.cache.length
    assert done[:kept] + read(reading) == second.tolist()
    shared = 0
    while shared < min(len(done), len(second)) and done[shared] == second[shared]:
        shared += 1
    assert kept == min(shared, len(second) - 1)


def test_tokens_are_added_and_taken_back() -> None:
    reading = Reading(DECODER)
    reading.restart(upto(5, 6))
    reading.append(7, 8)
    assert (reading.length, reading.waiting) == (4, 4)
    assert read(reading) == [5, 6, 7, 8]
    assert reading.waiting == 0
    reading.rewind(3)
    assert (reading.length, reading.waiting) == (3, 1)
    reading.append(9)
    assert read(reading) == [7, 9]


def test_a_window_is_never_overfull() -> None:
    reading = Reading(DECODER)
    reading.restart(np.zeros(WINDOW, np.int32))
    with pytest.raises(ValueError, match="1024 tokens, not 1025"):
        reading.append(1)


def test_the_reading_that_shares_most_is_handed_out() -> None:
    reader = Reader(DECODER)
    one, two = reader.read(upto(1, 2, 3, 4)), reader.read(upto(5, 6, 7, 8))
    read(one), read(two)
    reader.give_back([one, two])
    assert reader.read(upto(1, 2, 3, 5)) is one
    assert reader.read(upto(5, 6, 7, 8, 9)) is two


def test_what_is_in_use_is_not_handed_out_again() -> None:
    reader = Reader(DECODER)
    one = reader.read(upto(1, 2, 3))
    read(one)
    assert reader.read(upto(1, 2, 3)) is not one


def test_no_reading_is_lost_for_one_that_shares_little_while_there_may_be_more() -> None:
    reader = Reader(DECODER)
    one = reader.read(upto(1, 2, 3, 4, 5))
    read(one)
    reader.give_back([one])
    other = reader.read(upto(1, 9))
    assert other is not one
    reader.give_back([other])
    assert reader.read(upto(1, 2, 3, 4, 5)) is one


def test_one_session_keeps_three() -> None:
    reader = Reader(DECODER)
    for number in range(100):
        now, ahead = reader.read(upto(number, 1, 2, 3)), reader.read(upto(number, 2, 3, 4))
        read(now), read(ahead)
        reader.give_back([ahead, now])
        assert len(reader) <= 3


def test_as_many_are_kept_as_were_in_use_at_once_and_fewer_again_later() -> None:
    reader = Reader(DECODER)
    many = [reader.read(upto(number, 1, 2, 3)) for number in range(16)]
    for reading in many:
        read(reading)
    reader.give_back(many)
    assert [reader.read(upto(number, 1, 2, 3)) for number in range(16)] == many
    reader.give_back(many)
    for _ in range(100):
        reader.give_back([reader.read(upto(3, 1, 2, 3))])
    assert len(reader) == 2


def test_a_reading_let_go_of_is_gone() -> None:
    reader = Reader(DECODER)
    before = len(reader)
    reader.read(upto(1, 2, 3))
    assert len(reader) == before - 1
