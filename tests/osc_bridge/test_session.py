from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from amt.passage import Passage
from amt.steering import SteeringError
from osc_bridge.messages import LAG
from osc_bridge.session import KEPT, Opening, Session
from patterns.bar import Bar
from patterns.note import Note


def compose(job):
    """A bar that tells its history: its only note's duration counts the bars before it, its pitch the tempo."""
    passage = Passage() if isinstance(job.place, Opening) else job.place
    note = Note(0, 0, int(job.steering.tempo) % 128, passage.index + 1)
    return Bar(passage.index, job.steering.meter, (note,)), replace(passage, index=passage.index + 1)


def work(session, reach=0, jobs=200):
    """Compose until nothing is lacking; the bars taken."""
    taken = []
    while jobs and (job := session.job(reach)):
        taken.append(session.finish(job, *compose(job)))
        jobs -= 1
    assert jobs, "the work never ends"
    return [bar for bar in taken if bar]


def tempo(bar):
    return bar.notes[0].pitch


def history(bar):
    return bar.notes[0].duration - 1


@pytest.fixture
def session():
    return Session("main", 7)


def test_the_horizon_is_composed_ahead(session):
    session.steer("horizon", [3])
    assert [bar.index for bar in work(session)] == [0, 1, 2]
    session.advance(2)
    assert [bar.index for bar in work(session)] == [3, 4]
    assert [bar.index for bar in work(session, reach=9)] == [5, 6, 7, 8]


def test_a_change_of_steering_holds_from_the_first_bar_not_yet_played(session):
    work(session)
    session.advance(3)
    session.steer("tempo", [99])
    assert session.bar(2) is not None
    assert session.bar(3) is None
    bars = work(session)
    assert [(bar.index, bar.revision) for bar in bars][:2] == [(3, 1), (4, 1)]
    assert {tempo(bar) for bar in bars} == {99}
    assert history(bars[0]) == 3


def test_the_same_steering_again_composes_nothing_anew(session):
    work(session)
    session.steer("tempo", [120])
    session.steer("horizon", [8])
    assert session.generation == 0
    assert work(session) == []


def test_wrong_steering_changes_nothing(session):
    work(session)
    before = session.steering
    with pytest.raises(SteeringError):
        session.steer("tempo", [1000])
    assert session.steering is before
    assert work(session) == []


def test_a_running_job_is_dropped_when_steering_changes(session):
    job = session.job(0)
    session.steer("tempo", [99])
    assert session.finish(job, *compose(job)) is None
    assert tempo(work(session)[0]) == 99


def test_work_ahead_is_dropped_when_steering_changes(session):
    for _ in range(3):
        job = session.job(0)
        session.finish(job, *compose(job))
    job = session.job(0)
    session.steer("tempo", [99])
    assert session.finish(job, *compose(job)) is None
    assert [bar.index for bar in work(session)] == list(range(8))


def test_a_moving_fader_does_not_end_the_music(session):
    taken = []
    for step in range(20):
        job = session.job(0)
        session.steer("tempo", [100 + step])
        taken.append(session.finish(job, *compose(job)))
    assert [bar.index for bar in taken if bar][:8] == list(range(8))
    work(session)
    assert {tempo(session.bar(index)) for index in range(8)} == {119}
    assert session.job(0) is None


def test_a_phrase_asked_for_in_a_sweep_has_the_newest_steering(session):
    for step in range(5):
        job = session.job(0)
        session.steer("tempo", [100 + step])
        session.finish(job, *compose(job))
    first = session.promise(2)
    work(session)
    assert first == 0
    assert [tempo(session.bar(index)) for index in (0, 1)] == [104, 104]


@pytest.mark.parametrize("changes", [1, 2])
def test_a_phrase_asked_for_right_after_a_change_follows_it(session, changes):
    for step in range(changes):
        job = session.job(0)
        session.steer("tempo", [100 + step])
        if step < changes - 1:
            session.finish(job, *compose(job))
    session.promise(2)
    assert session.finish(job, *compose(job)) is None
    work(session)
    assert {tempo(session.bar(index)) for index in (0, 1)} == {100 + changes - 1}


def test_a_phrase_asked_for_before_a_change_is_not_begun_again(session):
    session.promise(3)
    job = session.job(0)
    session.steer("tempo", [99])
    assert session.finish(job, *compose(job)).index == 0
    work(session)
    assert [tempo(session.bar(index)) for index in range(4)] == [120, 99, 99, 99]


def test_promised_bars_follow_one_another_even_when_the_clock_runs_ahead(session):
    assert session.promise(3) == 0
    assert session.promise(2) == 3
    session.advance(9)
    bars = work(session)
    assert [bar.index for bar in bars][:6] == [0, 1, 2, 3, 4, 9]
    assert [history(bar) for bar in bars][:6] == [0, 1, 2, 3, 4, 5]


def test_a_late_composer_goes_on_where_the_clock_is(session):
    job = session.job(0)
    session.advance(5)
    bar = session.finish(job, *compose(job))
    assert (bar.index, history(bar)) == (5, 0), "the bar in work is of use where the clock now is"
    assert session.is_gone(4)
    assert not session.is_gone(5)


def test_a_superseded_bar_that_was_played_is_what_the_piece_goes_on_from(session):
    work(session)
    session.advance(2)
    session.steer("tempo", [99])
    session.advance(4)
    bars = work(session)
    assert (bars[0].index, history(bars[0]), tempo(bars[0])) == (4, 4, 99)
    assert [bar.notes[0].pitch for bar in session.record.bars()] == [120, 120, 120, 120]


def test_promises_given_up_leave_no_gap(session):
    session.promise(3)
    job = session.job(0)
    session.finish(job, *compose(job))
    session.give_up()
    assert session.promise(1) == 1


def test_each_performer_has_a_place_of_its_own_and_all_get_the_same_bars(session):
    assert [session.promise(4, "a"), session.promise(4, "b")] == [0, 0]
    assert [session.promise(2, "b"), session.promise(4, "a"), session.promise(3, "b")] == [4, 4, 6]
    assert session.position == 9
    work(session)
    assert [history(session.bar(index)) for index in range(9)] == list(range(9))
    assert session.place("a") == 8
    assert session.place("b") == 9


def test_who_joins_begins_with_the_phrase_given_last(session):
    for first in (0, 4, 8):
        assert session.promise(4, "a") == first
    assert session.place("b") == 8, "asking for the place takes nothing"
    assert session.promise(1, "b") == 8
    assert session.promise(4, "b") == 9
    assert session.promise(4, "a") == 12


def test_who_joins_begins_where_the_clock_is_when_that_is_further(session):
    session.promise(2, "a")
    work(session)
    session.advance(5, "stream")
    assert session.place("b") == 5
    session.promise(6, "b")
    session.advance(7, "stream")
    assert session.place("c") == 7, "the clock is in the midst of the phrase"
    assert session.place("a") == 2, "what others skipped was composed all the same"


def test_one_place_is_shared_by_all_that_have_no_name(session):
    assert [session.promise(2), session.promise(2, "a"), session.promise(2)] == [0, 0, 2]


@pytest.mark.parametrize(("behind", "goes_on"), [(LAG, 1), (LAG + 1, LAG + 2)])
def test_who_lags_too_far_behind_goes_on_where_the_others_are(session, behind, goes_on):
    session.promise(1, "slow")
    for _ in range(behind + 2):
        latest = session.promise(1, "quick")
    assert latest == behind + 1
    assert session.promise(2, "slow") == goes_on
    work(session)
    assert all(session.bar(index) for index in (goes_on, goes_on + 1))


def test_bars_given_to_one_stay_as_they_are_for_another(session):
    session.promise(3, "a")
    work(session)
    before = [session.bar(index) for index in range(3)]
    session.steer("tempo", [99])
    assert session.promise(5, "b") == 0
    work(session)
    assert [session.bar(index) for index in range(3)] == before
    assert [tempo(session.bar(index)) for index in range(5)] == [120, 120, 120, 99, 99]
    assert session.promise(2, "a") == 3


def test_bars_left_out_are_in_nobody_s_phrase(session):
    session.promise(2, "a")
    session.finish(job := session.job(0), *compose(job))
    session.advance(9, "stream")
    assert session.place("a") == 9, "bars 2 to 8 will not be composed"
    assert session.promise(2, "a") == 9
    work(session)
    assert all(session.bar(index) for index in (0, 1, 9, 10))


def test_a_performer_s_own_clock_moves_its_place(session):
    session.promise(2, "a")
    work(session)
    session.advance(6, "a")
    assert session.place("a") == 6


def test_promises_given_up_are_promised_again(session):
    session.promise(1, "b")
    session.promise(4, "a")
    job = session.job(0)
    session.finish(job, *compose(job))
    session.give_up()
    assert [session.place("a"), session.place("b"), session.place("c")] == [1, 1, 0]


def test_a_phrase_is_kept_whole_however_far_the_clock_runs_ahead(session):
    session.promise(3, "a")
    session.advance(1000, "stream")
    work(session)
    assert all(session.bar(index) for index in range(3))
    assert session.is_gone(2)
    assert [bar.notes[0].duration for bar in session.record.bars()] == [1, 2, 3]


def test_places_are_forgotten_with_their_performers_and_the_piece(session):
    session.promise(2, "a")
    session.promise(4, "b")
    session.leave("a")
    assert session.place("a") == 0
    session.reset(5)
    assert session.place("b") == 0


def test_reset_begins_again_with_new_revisions(session):
    work(session)
    before = session.bar(0)
    session.advance(4)
    running = session.job(0)
    session.reset(5)
    assert running is None or session.finish(running, *compose(running)) is None
    assert (session.position, session.seed, session.steering.get("seed")) == (0, 5, (5,))
    assert work(session)[0].revision > before.revision
    assert len(session.record) == 0


def test_memory_is_bounded_but_the_record_is_whole(session):
    for index in range(1000):
        session.advance(index)
        work(session, reach=index + 4)
    assert len(session._bars) <= KEPT + 8
    assert len(session._places) <= 9
    assert [bar.notes[0].duration for bar in session.record.bars()] == list(range(1, 1000))


class Performance(RuleBasedStateMachine):
    """Any mixture of requests and outcomes."""

    def __init__(self):
        super().__init__()
        self.session = Session("main", 1)
        self.jobs = []
        self.versions = {}
        self.promised = {}
        self.ends = {}

    @rule(value=st.integers(60, 127))
    def steer(self, value):
        self.session.steer("tempo", [value])

    @rule(value=st.integers(1, 12))
    def horizon(self, value):
        self.session.steer("horizon", [value])

    @rule(step=st.integers(-3, 12))
    def advance(self, step):
        self.session.advance(max(0, self.session.position + step), "clock")

    @rule(count=st.integers(1, 5), who=st.sampled_from([None, "a", "b"]))
    def promise(self, count, who):
        place, newcomer = self.session.place(who), self.session.place("newcomer")
        first = self.session.promise(count, who)
        assert first == place
        assert newcomer - LAG <= first <= self.session.position - count
        assert first == newcomer or first == self.ends.get(who), "nothing is left out but to go where the others are"
        self.ends[who] = first + count
        for index in range(first, first + count):
            self.promised.setdefault(index, self.session.generation)

    @rule(who=st.sampled_from(["a", "b"]))
    def leave(self, who):
        self.session.leave(who)
        self.ends.pop(who, None)

    @rule(seed=st.integers(0, 9))
    def reset(self, seed):
        self.session.reset(seed)
        self.promised.clear()
        self.ends.clear()

    @precondition(lambda self: not self.jobs)
    @rule(reach=st.integers(0, 6))
    def begin(self, reach):
        job = self.session.job(self.session.position + reach)
        if job:
            self.jobs.append(job)

    @precondition(lambda self: self.jobs)
    @rule()
    def finish(self):
        job = self.jobs.pop()
        bar = self.session.finish(job, *compose(job))
        if bar:
            name = bar.index, bar.revision
            assert self.versions.setdefault(name, bar) == bar, "(index, revision) names one version"
            assert self.session.bar(bar.index) in (bar, None)

    @precondition(lambda self: self.jobs)
    @rule()
    def fail(self):
        self.jobs.pop()
        composed = self.session.frontier
        self.session.give_up()
        self.promised = {index: since for index, since in self.promised.items() if index < composed}
        self.ends = {who: min(end, composed) for who, end in self.ends.items()}

    @invariant()
    def composing_can_go_on(self):
        assert self.session.frontier in self.session._places
        assert len(self.session._bars) <= KEPT + 200

    def teardown(self):
        if self.jobs:
            self.finish()
        work(self.session)
        assert self.session.frontier >= self.session.position + self.session.steering.horizon
        for index, generation in self.promised.items():
            if index >= self.session.position - KEPT:
                assert self.session.bar(index).revision >= generation
        ahead = range(self.session.position, self.session.frontier)
        assert {tempo(self.session.bar(index)) for index in ahead} == {int(self.session.steering.tempo)}


TestPerformance = Performance.TestCase
TestPerformance.settings = settings(max_examples=150, stateful_step_count=40)
