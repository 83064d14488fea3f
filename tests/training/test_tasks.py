from __future__ import annotations

import numpy as np
import pytest

from amt.metronome import ANY, STRAIGHT
from amt.vocabulary import ANTICIPATE, AUTOREGRESS, CONTROL, DURATION, NOTE, PITCHES, REST, SPECIAL, TIME
from patterns.note import DRUMS
from tests.training.pieces import band
from training.excerpt import cut, straighten
from training.sequence import PADDING
from training.tasks import TASKS, draw, tokens


def triplets(task: str) -> tuple[int, np.ndarray, np.ndarray]:
    """The flag, and the triplets of events and of controls."""
    row = tokens(np.random.default_rng(3), cut(band(), 0), task)
    found = row[1 : int(np.argmax(row == PADDING)) or None].reshape(-1, 3)
    given = (found[:, 0] >= CONTROL) & (found[:, 0] < SPECIAL)
    return int(row[0]), found[~given], found[given] - CONTROL


@pytest.mark.parametrize("task", TASKS)
def test_a_task_gives_what_it_says_ahead_of_time(task: str) -> None:
    flag, made, given = triplets(task)
    assert flag == (AUTOREGRESS if task == "plain" else ANTICIPATE)
    assert len(made) > 20
    assert (np.diff(made[:, 0] - TIME) >= 0).all()
    players = {int(note) // PITCHES for note in given[:, 2] - NOTE}
    clicks = set(given[given[:, 2] // 1 >= NOTE + DRUMS * PITCHES, 2] - NOTE - DRUMS * PITCHES)
    if task == "plain":
        assert not len(given)
    if task == "click":
        assert players == {DRUMS}
        assert clicks == {33, 34}
    if "instruments" in task:
        others = {int(note) // PITCHES for note in made[:, 2] - NOTE if note < NOTE + 129 * PITCHES}
        assert (players - {DRUMS}).isdisjoint(others)


def test_tasks_are_drawn_by_their_share() -> None:
    random = np.random.default_rng(0)
    drawn = [draw(random, {"plain": 1, "click": 3, "spans": 0}) for _ in range(2_000)]
    assert set(drawn) == {"plain", "click"}
    assert drawn.count("click") / 2_000 == pytest.approx(0.75, abs=0.04)


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(KeyError, match="plain, click"):
        tokens(np.random.default_rng(0), cut(band(), 0), "clicks")


def test_a_band_is_told_who_plays_and_plays_so() -> None:
    random = np.random.default_rng(1)
    changed = 0
    for _ in range(60):
        row = tokens(random, cut(band(), 0), "band")
        found = row[1 : int(np.argmax(row == PADDING)) or None].reshape(-1, 3)
        given = (found[:, 0] >= CONTROL) & (found[:, 0] < SPECIAL)
        told = given & (found[:, 1] == CONTROL + DURATION)
        first = set(found[told & (found[:, 0] == CONTROL), 2] - CONTROL - NOTE)
        assert first
        players: set[int] = set()
        said_at = -1
        for (time, _, note), is_given, is_told in zip(found.tolist(), given, told, strict=True):
            if is_told:
                if time != said_at:
                    players, said_at = set(), time
                    changed += time > CONTROL
                assert (note - CONTROL - NOTE) % PITCHES == 0
                players.add((note - CONTROL - NOTE) // PITCHES)
            elif not is_given and note != REST:
                assert (note - NOTE) // PITCHES in players
    assert changed > 5


def test_a_band_s_click_tells_the_grid() -> None:
    row = tokens(np.random.default_rng(1), straighten(np.random.default_rng(0), cut(band(), 0)), "band")
    lengths = {token - CONTROL - DURATION for token in row[2::3] if token >= CONTROL}
    assert STRAIGHT in lengths
    assert ANY not in lengths
