from __future__ import annotations

import numpy as np
import pytest

from amt import decoder, embedded
from amt.vocabulary import DURATION, NOTE, PITCHES, REST
from training import unsteered


@pytest.fixture(scope="module")
def model() -> decoder.Decoder:
    return decoder.load(embedded.PATH, threads=1)


def test_what_is_played_goes_forward_with_the_instruments_allowed(
    model: decoder.Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsteered, "EVENTS", 40)
    played = unsteered.play(model, 120, 3, (0, 128))
    assert len(played) == 3
    for events in played:
        assert (np.diff(events[:, 0]) >= 0).all()
        assert set(events[:, 2] // PITCHES) <= {0, 128}
        assert (events[:, 1] > 0).all()
    again = unsteered.play(model, 120, 3, (0, 128))
    for one, other in zip(played, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_time_goes_by_with_rests_as_the_model_learnt_it() -> None:
    notes = np.arange(NOTE, REST, dtype=np.int32)
    times = unsteered._possible(40, [], notes)
    assert times[0] == 40
    assert unsteered._possible(40, [139], notes)[0] == DURATION + 1, "a note is never without length"
    assert unsteered._possible(40, [140], notes)[0] == DURATION, "a second later it may be a rest"
    assert unsteered._possible(40, [140, DURATION], notes).tolist() == [REST]
    assert unsteered._possible(40, [140, DURATION + 1], notes) is notes


def test_on_the_grid_is_within_ten_milliseconds() -> None:
    def sample(*times: float) -> np.ndarray:
        return np.array([[round(time), 10, 60 + 128 * (index % 3)] for index, time in enumerate(times)])

    exact = sample(*(6_000 / 96 / 4 * index for index in range(16)))
    assert unsteered.on_grid([exact], 96) == 1
    off = exact.copy()
    off[::2, 0] += 4
    assert unsteered.on_grid([exact, off], 96) == pytest.approx(0.75)
    assert unsteered.instruments_used([exact, exact[:1]]) == 2


def test_a_model_that_knows_lineups_is_told_who_plays_behind_the_first_clicks() -> None:
    told = unsteered._controls(120, (0, 128), told=True)
    assert [(each.time, each.note // PITCHES) for each in told if each.duration == 0] == [(0, 0), (0, 128)]
    first = next(index for index, each in enumerate(told) if each.duration == 0)
    assert all(each.time <= 500 for each in told[:first])
    assert all(each.time > 500 for each in told[first + 2 :])
    assert {each.duration for each in told} == {0, 20}
    assert {each.duration for each in unsteered._controls(120, (0, 128), told=False)} == {10}
