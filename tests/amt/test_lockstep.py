"""A pass reads what is waited for, and fills its tiles with what is needed later."""

from hypothesis import given
from hypothesis import strategies as st

from amt.kernels.layout import CHUNK, FEW, TILE
from amt.lockstep import CATCHING_UP, PROMPT, share

waiting = st.lists(st.integers(1, 700), min_size=1, max_size=8)
ahead = st.lists(st.integers(0, 700), max_size=8)


@given(waiting, ahead)
def test_nobody_reads_more_than_there_is_and_no_pass_is_in_vain(waiting: list[int], ahead: list[int]) -> None:
    now, later = share(waiting, ahead)
    assert all(0 <= count <= there for count, there in zip(now + later, waiting + ahead, strict=True))
    prompt = [number for number, count in enumerate(waiting) if count <= PROMPT]
    assert all(now[number] == waiting[number] for number in prompt)
    if not prompt:
        assert sum(now) == min(CHUNK, sum(waiting))


@given(waiting, ahead)
def test_a_pass_has_no_empty_rows_as_long_as_there_is_something_to_read(waiting: list[int], ahead: list[int]) -> None:
    now, later = share(waiting, ahead)
    rows = sum(now) + sum(later)
    if 1 < rows != FEW and rows % TILE:
        assert now + later == waiting + ahead


@given(st.lists(st.integers(1, 3), min_size=1, max_size=8), st.lists(st.integers(300, 700), max_size=8))
def test_all_that_lag_catch_up_and_cost_few_tiles(waiting: list[int], ahead: list[int]) -> None:
    now, later = share(waiting, ahead)
    assert now == waiting
    assert all(count >= CATCHING_UP for count in later)
    assert sum(now) + sum(later) < sum(waiting) + CATCHING_UP * len(ahead) + TILE


def test_a_lone_token_stays_alone_until_a_tile_is_worth_it() -> None:
    assert share([1], []) == ([1], [])
    assert share([1], [FEW - 2]) == ([1], [0])
    assert share([1], [FEW - 1]) == ([1], [FEW - 1])
    assert share([1], [300]) == ([1], [FEW - 1])
    assert share([2], [3]) == ([2], [FEW - 2])
    assert share([FEW], [300]) == ([FEW], [TILE - FEW])


def test_a_long_sequence_does_not_hold_the_others_up() -> None:
    now, later = share([1, 600], [300])
    assert now[0] == 1
    assert sum(now) + sum(later) == TILE
