"""Composing under the clock: the same music, and every second accounted for."""

import threading
from itertools import count

import numpy as np
import pytest

from amt import profiling
from amt.composer import Composer
from amt.decoder import Decoder
from amt.profiling import Clock, Gaps, perform, profile
from amt.sampler import Choices
from amt.steering import Steering

BAND = Steering().set("seed", 3)


def test_the_clock_forwards_and_notes_sizes(decoder: Decoder) -> None:
    clock = Clock(decoder)
    first, second = clock.new_cache(), clock.new_cache()
    rows = np.arange(5, dtype=np.int32)
    clock.extend(first, np.arange(7, dtype=np.int32))
    clock.read([(first, rows[:1]), (second, rows[:2])])
    logits = clock.logits(first, rows)
    np.testing.assert_array_equal(logits, decoder.logits(first, rows))
    drawn = clock.draw([(first, Choices(rows), 0.5), (second, Choices(rows), 0.5)])
    assert drawn == decoder.draw([(first, Choices(rows), 0.5), (second, Choices(rows), 0.5)])
    stepped = clock.step([(first, rows[:1])], [(first, Choices(rows), 0.5)])
    assert len(stepped) == 1
    assert [(call.size, call.rows, call.caches, call.behind) for call in clock.calls] == [
        (7, 0, 1, 0),
        (3, 0, 2, 7),
        (0, 10, 0, 0),
        (1, 5, 1, 8),
    ]
    assert all(call.start <= call.end and call.thread == threading.get_ident() for call in clock.calls)
    assert clock.config is decoder.config


def test_a_call_that_fails_is_not_counted(decoder: Decoder) -> None:
    clock = Clock(decoder)
    with pytest.raises(ValueError, match="no token"):
        clock.extend(clock.new_cache(), np.empty(0, np.int32))
    assert clock.calls == []


def test_the_clock_does_not_change_the_music(decoder: Decoder) -> None:
    composer = Composer(decoder)
    passage = composer.begin()
    notes = 0
    for _ in range(3):
        bar, passage = composer.compose(passage, BAND)
        notes += len(bar.notes)
    performance = perform(decoder, BAND, range(3))
    assert (performance.bars, performance.notes, performance.music) == (3, notes, float(passage.start) / 100)


def test_a_long_performance_moves_its_window(decoder: Decoder) -> None:
    performance = perform(decoder, BAND, range(40))
    assert performance.moves >= 2
    assert performance.gaps.median <= performance.gaps.late <= performance.gaps.longest
    assert performance.gaps.longest < performance.seconds
    assert performance.moving is not None
    assert performance.gaps.longest >= performance.moving.longest > performance.gaps.median
    spent = profile(decoder, performance)
    draws = sum(call.rows > 0 for call in performance.calls)
    assert spent.whole == pytest.approx(performance.seconds / draws)
    assert min(spent.weights, spent.runs, spent.windows, spent.draw, spent.python) > 0
    assert spent.attention >= 0
    assert 0 < spent.behind < 1_024
    assert 0 < spent.step < spent.whole


def test_time_between_bars_does_not_count(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr(profiling.time, "perf_counter", lambda: float(next(ticks)))

    def slowly() -> list[int]:
        for bar in range(2):
            yield bar
            for _ in range(1_000_000):
                next(ticks)

    performance = perform(decoder, BAND, slowly())
    assert performance.seconds < 100_000
    assert performance.gaps.longest < 100_000


def test_gaps_are_differences() -> None:
    gaps = Gaps.of(np.diff([0.0, 1, 2, 3, 13]))
    assert (gaps.median, gaps.longest) == (1, 10)
    assert gaps.median < gaps.late < gaps.longest


@pytest.mark.parametrize(("steering", "bars"), [(BAND, 0), (BAND.set("instruments", "piano").set("mute", "piano"), 2)])
def test_silence_cannot_be_measured(decoder: Decoder, steering: Steering, bars: int) -> None:
    with pytest.raises(ValueError, match="nothing was drawn"):
        perform(decoder, steering, range(bars))
