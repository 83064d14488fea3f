import numpy as np
import pytest

from benchmarks.musical import lines, peer
from benchmarks.musical.peer import peer_table
from benchmarks.musical.pieces import Real
from benchmarks.musical.sessions import Composed, Music
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import DRUMS, Note
from tests.benchmarks.musical.test_figures import as_piece

METER = Meter(4, 4)
PROGRAMS = {"piano": 0, "bass": 33, "drums": DRUMS, "guitar": 25}
TRIO = lines.band_line(3, lines.OWN_DENSITY, 8, 5)


def music(band: tuple[str, ...], seed: int, step: int = 120, reach: int = 12) -> Music:
    """Bars of eight notes an instrument, `step` ticks apart, of pitches within `reach` of one another."""
    random = np.random.default_rng(seed)
    return [
        Bar(
            index,
            METER,
            tuple(
                Note(step * place, PROGRAMS[name], 36 + int(random.integers(reach)), 120 * int(random.integers(1, 4)))
                for name in band
                for place in range(random.integers(5, 9))
            ),
        )
        for index in range(5)
    ]


def composed(**how: int) -> Composed:
    seed = how.pop("seed")
    return [(TRIO, [music(plan.band, seed + number, **how) for number, plan in enumerate(TRIO.plans)])]


REAL = Real([as_piece(music(plan.band, 100 + seed)) for seed in range(6) for plan in TRIO.plans[:2]], 5)
LIKE_IT, UNLIKE_IT = composed(seed=0), composed(seed=20, step=200, reach=2)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "REDRAWN", 4)


def test_a_model_that_is_closer_to_real_pieces_is_no_worse_and_the_other_is() -> None:
    better = peer_table(LIKE_IT, UNLIKE_IT, REAL)
    worse = peer_table(UNLIKE_IT, LIKE_IT, REAL)
    for name in ("all", "3 instruments"):
        ours, theirs = better.rows[name][-1], worse.rows[name][-1]
        assert ours.value
        assert ours.value > 0.1
        assert theirs.value == -ours.value
        assert (ours.met, theirs.met) == (True, False)
    assert better.rows["all"][0].text == "1 of 1"


def test_a_model_beside_itself_is_no_worse_in_anything() -> None:
    table = peer_table(LIKE_IT, LIKE_IT, REAL)
    assert {cell.value for cell in table.rows["3 instruments"]} - {None} == {0}
    assert all(cell.met is not False for cell in table.rows["all"])


def test_nothing_is_compared_where_real_pieces_are_too_few() -> None:
    assert not peer_table(LIKE_IT, UNLIKE_IT, Real([], 5)).rows
