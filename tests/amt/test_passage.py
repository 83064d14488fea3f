"""Which bars the model reads follows from the passage alone, and fits the window."""

import itertools
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from amt.anticipation import Event
from amt.passage import LONGEST_WINDOW, ComposedBar, Passage
from amt.vocabulary import ANTICIPATE, CONTROL, DURATION, MAX_TIME, WINDOW
from patterns.grid import Grid
from patterns.meter import Meter

GRID = Grid(120, Meter(4, 4), 4)


def played(passage: Passage, grid: Grid, notes: int) -> Passage:
    """The passage after a bar of `notes` notes spread over its grid."""
    length = grid.meter.bar_ticks
    ticks = [length * number // max(notes, 1) for number in range(notes)]
    events = [Event(grid.to_step(tick, passage.start), 10, 60) for tick in ticks]
    return passage.followed_by(ComposedBar(passage.start, grid, tuple(events)))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 90), min_size=1, max_size=40),
    st.sampled_from([40, 96, 120, 174, 240]),
    st.sampled_from([Meter(4, 4), Meter(7, 8), Meter(16, 2)]),
)
def test_the_window_always_has_room_for_the_next_bar(bars: list[int], tempo: int, meter: Meter) -> None:
    grid = Grid(tempo, meter, 4)
    passage = Passage()
    for notes in bars:
        passage = passage.trimmed(grid)
        window = passage.window(grid)
        tokens = window.tokens()
        assert tokens[0] == ANTICIPATE
        assert len(tokens) % 3 == 1
        assert len(tokens) <= WINDOW - 72
        times = [token % CONTROL for token in tokens[1::3]]
        assert all(0 <= time < MAX_TIME for time in times)
        assert all(token % CONTROL >= DURATION for token in tokens[2::3])
        assert passage.start - window.origin <= LONGEST_WINDOW
        passage = played(passage, grid, notes)


def test_the_window_moves_rarely() -> None:
    passage = Passage()
    kept = []
    for _ in range(60):
        passage = played(passage.trimmed(GRID), GRID, 24)
        kept.append(len(passage.past))
    moves = sum(after <= before for before, after in itertools.pairwise(kept))
    assert 3 <= moves <= 15
    assert min(kept[10:]) >= 3


def test_bars_follow_exactly_over_a_change_of_tempo() -> None:
    passage = played(played(Passage(), Grid(174, Meter(4, 4), 4), 4), Grid(97, Meter(7, 8), 4), 4)
    assert passage.index == 2
    assert passage.start == 100 * (Fraction(4 * 60, 174) + Fraction(7 * 30, 97))


def test_the_click_of_bars_to_come_is_the_new_tempo_s() -> None:
    passage = played(Passage(), GRID, 8)
    slow = [event.time for event in passage.window(Grid(60, Meter(4, 4), 4)).controls()]
    assert slow[:5] == [0, 50, 100, 150, 200]
    assert slow[5:9] == [300, 400, 500, 600]


def test_the_click_reaches_past_what_may_be_due() -> None:
    window = Passage().window(GRID)
    assert max(event.time for event in window.controls()) >= 200 + 500
