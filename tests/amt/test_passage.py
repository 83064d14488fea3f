"""Which bars the model reads follows from the passage alone, and fits the window."""

import itertools
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from amt import anticipation
from amt.anticipation import Event
from amt.form import KEPT
from amt.lineup import UNTOLD, Lineup
from amt.metronome import STRAIGHT, clicks
from amt.passage import LONGEST_WINDOW, SETTLED, ComposedBar, Passage
from amt.vocabulary import ANTICIPATE, CONTROL, DURATION, MAX_TIME, PITCHES, WINDOW
from patterns.grid import Grid
from patterns.meter import Meter
from patterns.note import DRUMS, Note

GRID = Grid(120, Meter(4, 4), 4)
TRIO = Lineup((0, 33, DRUMS), STRAIGHT)


def played(passage: Passage, grid: Grid, notes: int, lineup: Lineup = UNTOLD) -> Passage:
    """The passage after a bar of `notes` notes spread over its grid."""
    length = grid.meter.bar_ticks
    ticks = [length * number // max(notes, 1) for number in range(notes)]
    events = [Event(grid.to_step(tick, passage.start), 10, 60) for tick in ticks]
    return passage.followed_by(passage.next(grid, lineup).filled(tuple(events)))


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
        bar = passage.next(grid, TRIO)
        passage = passage.trimmed(bar)
        window = passage.window(bar)
        tokens = window.tokens().tolist()
        assert tokens[0] == ANTICIPATE
        assert len(tokens) % 3 == 1
        assert len(tokens) <= WINDOW - 72
        times = [token % CONTROL for token in tokens[1::3]]
        assert all(0 <= time < MAX_TIME for time in times)
        assert all(token % CONTROL >= DURATION for token in tokens[2::3])
        assert passage.start - window.origin <= LONGEST_WINDOW
        assert passage.size(bar) >= len(tokens)
        passage = played(passage.settled(bar, len(tokens)), grid, notes, TRIO)
        if passage.leaving:
            following = passage.moved(passage.next(grid, TRIO))
            assert 0 < passage.leaving <= len(passage.past)
            assert following.past == passage.past[passage.leaving :]
            assert not following.leaving


def as_lists(bars: tuple[ComposedBar, ...], current: ComposedBar) -> list[int]:
    """The window's tokens by amt.anticipation's rules, event by event."""
    origin = bars[0].line if bars else current.line
    notes = [event for bar in (*bars, current) for event in bar.events]
    if current.events:
        events = anticipation.pad(notes, origin)
    else:
        events = anticipation.pad([*notes, anticipation.rest(current.line)], origin)[:-1]
    controls = [
        Event(*row, control=True) for bar in bars for row in clicks(bar.grid, bar.start, 1, bar.lineup.click).tolist()
    ] + [Event(*row, control=True) for row in clicks(current.grid, current.start, 100, current.lineup.click).tolist()]
    lineups = []
    for before, bar in itertools.pairwise((None, *bars, current)):
        told = () if before is None else before.lineup.players
        if bar.lineup.players != told:
            lineups += [Event(bar.line, 0, player * PITCHES, control=True) for player in bar.lineup.players]
    return anticipation.tokens(anticipation.interleave(events, controls, origin, lineups), origin, controls=True)


tempi = st.sampled_from([40, 97, 120, 174.5, 240])
meters = st.sampled_from([Meter(4, 4), Meter(7, 8), Meter(3, 16)])
lineups = st.sampled_from([Lineup((0,)), TRIO, Lineup((25, DRUMS), STRAIGHT)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), tempi, meters, lineups), min_size=1, max_size=6), st.booleans())
def test_a_window_is_the_sequence_of_its_events_and_controls(
    bars: list[tuple[int, float, Meter, Lineup]], in_the_middle: bool
) -> None:
    passage = Passage()
    for notes, tempo, meter, lineup in bars:
        passage = played(passage, Grid(tempo, meter, 4), notes, lineup)
    grid = passage.past[-1].grid
    bar = passage.next(grid, TRIO)
    if in_the_middle:
        bar = bar.filled(played(passage, grid, 5).past[-1].events)
    expected = as_lists(passage.past, bar)
    assert passage.window(bar).tokens().tolist() == expected
    if not in_the_middle:
        assert len(expected) <= passage.size(bar) <= len(expected) + 30


def test_who_plays_is_said_at_the_window_s_start_and_where_it_changes() -> None:
    passage = Passage()
    for lineup in (TRIO, TRIO, Lineup((0,)), UNTOLD, Lineup((0,))):
        passage = played(passage, GRID, 4, lineup)
    window = passage.window(passage.next(GRID, TRIO))
    assert window.lineups.tolist() == [
        [0, 0, 0],
        [0, 0, 33 * PITCHES],
        [0, 0, DRUMS * PITCHES],
        [400, 0, 0],
        [1000, 0, 0],
        [1000, 0, 33 * PITCHES],
        [1000, 0, DRUMS * PITCHES],
    ]
    later = passage.moved(passage.next(GRID, TRIO)).window(passage.next(GRID, TRIO))
    assert later.lineups[0, 0] == later.origin


def test_a_move_is_settled_while_there_is_time_to_prepare_it() -> None:
    passage = Passage()
    ahead: list[int] = []
    for _ in range(60):
        bar = passage.next(GRID)
        passage = passage.trimmed(bar)
        tokens = len(passage.window(bar).tokens())
        before, passage = passage, passage.settled(bar, tokens)
        assert bool(passage.leaving) == (tokens / WINDOW >= SETTLED)
        assert passage.settled(bar, tokens) == passage
        if passage.leaving and not before.leaving:
            following = passage.moved(bar)
            ahead.append(len(following.window(bar).tokens()) + WINDOW - tokens)
        passage = played(passage, GRID, 24)
    assert len(ahead) >= 8
    assert all(WINDOW * 0.4 <= tokens <= WINDOW * 0.55 for tokens in ahead)


def test_the_window_moves_rarely() -> None:
    passage = Passage()
    kept = []
    for _ in range(60):
        passage = played(passage.trimmed(passage.next(GRID)), GRID, 24)
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
    slow = passage.window(passage.next(Grid(60, Meter(4, 4), 4))).controls[:, 0].tolist()
    assert slow[:5] == [0, 50, 100, 150, 200]
    assert slow[5:9] == [300, 400, 500, 600]


def test_the_click_reaches_past_what_may_be_due() -> None:
    window = Passage().window(Passage().next(GRID))
    assert window.controls[-1, 0] >= 200 + 500


def test_what_sounded_is_remembered_longer_than_the_model_reads() -> None:
    passage = Passage()
    notes = [(Note(0, 0, 60 + index, 480),) for index in range(KEPT + 2)]
    for each in notes:
        bar = ComposedBar(passage.start, GRID, (Event(GRID.to_step(0, passage.start), 50, each[0].pitch),))
        passage = passage.followed_by(bar, (), each)
    assert [bar.notes for bar in passage.memory] == notes[-KEPT:]
    assert passage.moved(passage.next(GRID)).memory == passage.memory
