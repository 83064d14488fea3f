import asyncio
import threading

from amt.composer import Composer
from osc_bridge import engine as module
from osc_bridge.engine import Engine
from osc_bridge.session import Session


class Desk:
    """The event loop's side: one session, what came of its jobs, and an event for each outcome."""

    def __init__(self, bars=3):
        self.session = Session("main", 1)
        self.session.steer("horizon", [bars])
        self.outcomes = []
        self.late = []
        self.idle = asyncio.Event()

    def choose(self, running):
        if running:
            return None
        job = self.session.job(0) if not self.outcomes or not isinstance(self.outcomes[-1], Exception) else None
        if job is None:
            self.idle.set()
        return job

    def is_awaited(self, _):
        return False

    def finished(self, job, outcome):
        self.outcomes.append(outcome)
        if not isinstance(outcome, Exception):
            self.session.finish(job, *outcome)


class BusyDesk:
    """The event loop's side for several sessions with 20 bars ahead each; bars of those in `awaited` are waited for.

    Their seeds are 1, 2, 3 …
    """

    def __init__(self, sessions, bars=20):
        self.sessions = [Session(f"s{number}", number) for number in range(1, sessions + 1)]
        for session in self.sessions:
            session.steer("horizon", [bars])
        self.awaited = set()
        self.finished_bars = []
        self.late = []
        self.idle = asyncio.Event()

    def choose(self, running):
        busy = {job.session for job in running}
        jobs = (session.job(0) for session in self.sessions if session not in busy)
        job = next(filter(None, jobs), None)
        if job is None and not running:
            self.idle.set()
        return job

    def is_awaited(self, job):
        return job.session.seed in self.awaited

    def finished(self, job, outcome):
        self.finished_bars.append((job.session.seed, job.index, outcome))
        if not isinstance(outcome, Exception):
            job.session.finish(job, *outcome)


def run(composer, scenario, desk_of=Desk):
    """`scenario(engine, desk)` on an event loop; no thread may be left."""

    async def main():
        desk = desk_of()
        engine = Engine(composer, desk.choose, desk.is_awaited, desk.finished, desk.late.append)
        try:
            await asyncio.wait_for(scenario(engine, desk), 20)
        finally:
            engine.stop()
        return desk

    before = threading.active_count()
    desk = asyncio.run(main())
    assert threading.active_count() == before
    return desk


def test_it_composes_what_is_chosen_until_nothing_is(faulty):
    async def scenario(engine, desk):
        engine.wake()
        await desk.idle.wait()

    desk = run(faulty, scenario)
    assert faulty.composed == [0, 1, 2]
    assert [bar.index for bar, _ in desk.outcomes] == [0, 1, 2]


def test_one_failure_is_tried_again(faulty, caplog):
    faulty.failures = 1

    async def scenario(engine, desk):
        engine.wake()
        await desk.idle.wait()

    desk = run(faulty, scenario)
    assert len(desk.outcomes) == 3
    assert "attempt 1" in caplog.text
    assert "the model is ill" in caplog.text


def test_two_failures_are_the_outcome_and_the_engine_goes_on(faulty):
    faulty.failures = 2

    async def scenario(engine, desk):
        engine.wake()
        await desk.idle.wait()
        assert str(desk.outcomes.pop()) == "the model is ill"
        desk.idle.clear()
        engine.wake()
        await desk.idle.wait()

    assert len(run(faulty, scenario).outcomes) == 3


def test_a_long_bar_is_reported_and_still_taken(faulty, monkeypatch):
    monkeypatch.setattr(module, "LATE", 0.01)
    faulty.open.clear()

    async def scenario(engine, desk):
        engine.wake()
        while len(desk.late) < 2:
            await asyncio.sleep(0.005)
        faulty.open.set()
        await desk.idle.wait()

    desk = run(faulty, scenario)
    assert {job.index for job in desk.late[:2]} == {0}
    assert len(desk.outcomes) == 3


def test_stopping_waits_for_the_bar_and_leaves_no_thread(faulty):
    faulty.open.clear()

    async def scenario(engine, _):
        engine.wake()
        await asyncio.to_thread(faulty.entered.wait, 10)
        asyncio.get_running_loop().run_in_executor(None, faulty.open.set)

    run(faulty, scenario)
    assert faulty.composed[0] == 0


def test_a_composer_that_never_returns_does_not_keep_the_program(faulty, monkeypatch, caplog):
    monkeypatch.setattr(module, "_PATIENCE", 0.01)
    faulty.open.clear()

    async def main():
        desk = Desk()
        engine = Engine(faulty, desk.choose, desk.is_awaited, desk.finished, desk.late.append)
        engine.wake()
        await asyncio.to_thread(faulty.entered.wait, 10)
        engine.stop()

    asyncio.run(main())
    assert "did not stop" in caplog.text
    (left,) = [thread for thread in threading.enumerate() if thread.name == "composer"]
    assert left.daemon
    faulty.open.set()
    left.join(10)
    assert not left.is_alive()


def test_waking_again_and_again_starts_one_job_only(faulty):
    async def scenario(engine, desk):
        for _ in range(50):
            engine.wake()
        await desk.idle.wait()

    desk = run(faulty, scenario)
    assert len(desk.outcomes) == 3
    assert faulty.composed == [0, 1, 2]


def test_bars_of_several_sessions_go_on_together_and_each_is_handed_over_when_it_is_done(faulty):
    faulty.steps = 3

    async def scenario(engine, desk):
        engine.wake()
        await desk.idle.wait()

    desk = run(faulty, scenario, lambda: BusyDesk(4))
    for seed in range(1, 5):
        assert [index for of, index, _ in desk.finished_bars if of == seed] == list(range(20))
    assert sorted(faulty.advanced[0]) == [1, 2, 3, 4]
    assert all(len(set(seeds)) == len(seeds) for seeds in faulty.advanced)


def test_while_a_bar_is_awaited_the_others_pause_and_lose_nothing(faulty):
    faulty.steps = 50
    faulty.open.clear()

    async def scenario(engine, desk):
        engine.wake()
        await asyncio.to_thread(faulty.entered.wait, 10)  # in the first step of all
        desk.awaited.add(2)
        engine.wake()
        faulty.open.set()
        while not desk.finished_bars:
            await asyncio.sleep(0.001)
        desk.awaited.clear()
        engine.wake()
        await desk.idle.wait()

    desk = run(faulty, scenario, lambda: BusyDesk(3, bars=2))
    assert desk.finished_bars[0][0] == 2
    assert faulty.advanced[1:50] == [[2]] * 49
    assert sum(seeds.count(1) for seeds in faulty.advanced) == 2 * 50


def test_a_failure_is_tried_again_beside_others_and_told_of_for_its_own_job_alone(faulty):
    faulty.failures = 2

    async def scenario(engine, desk):
        engine.wake()
        await desk.idle.wait()

    desk = run(faulty, scenario, lambda: BusyDesk(2, bars=1))
    assert sorted((seed, index) for seed, index, _ in desk.finished_bars) == [(1, 0), (2, 0)]
    assert not any(isinstance(outcome, Exception) for _, _, outcome in desk.finished_bars)


def test_a_composer_that_throws_fails_all_that_were_in_that_step(faulty, monkeypatch):
    def throw(_):
        raise MemoryError("no room")

    monkeypatch.setattr(faulty, "advance", throw)

    async def scenario(engine, desk):
        engine.wake()
        while len(desk.finished_bars) < 2:
            await asyncio.sleep(0.001)

    desk = run(faulty, scenario, lambda: BusyDesk(2, bars=1))
    assert {seed for seed, _, _ in desk.finished_bars} == {1, 2}
    assert {str(outcome) for _, _, outcome in desk.finished_bars} == {"no room"}


def test_a_bar_that_only_pauses_is_not_late(faulty, monkeypatch):
    monkeypatch.setattr(module, "LATE", 0.05)
    faulty.open.clear()
    faulty.steps = 2

    async def scenario(engine, desk):
        desk.awaited.add(1)
        engine.wake()
        while len(desk.late) < 3:
            await asyncio.sleep(0.005)
        faulty.open.set()
        await desk.idle.wait()

    desk = run(faulty, scenario, lambda: BusyDesk(2, bars=1))
    assert {job.session.seed for job in desk.late} == {1}
    assert len(desk.finished_bars) == 2


def test_the_real_composer_plays_the_same_whatever_else_it_composes(decoder):
    async def scenario(engine, desk):
        engine.wake()
        await desk.idle.wait()

    desk = run(Composer(decoder), scenario, lambda: BusyDesk(4, bars=5))
    for session in desk.sessions:
        composer, bars = Composer(decoder), []
        passage = composer.begin()
        for _ in range(5):
            bar, passage = composer.compose(passage, session.steering)
            bars.append(bar)
        assert [session.bar(index) for index in range(5)] == bars
