import asyncio
import threading

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

    def choose(self):
        job = self.session.job(0) if not self.outcomes or not isinstance(self.outcomes[-1], Exception) else None
        if job is None:
            self.idle.set()
        return job

    def finished(self, job, outcome):
        self.outcomes.append(outcome)
        if not isinstance(outcome, Exception):
            self.session.finish(job, *outcome)


def run(composer, scenario):
    """`scenario(engine, desk)` on an event loop; no thread may be left."""

    async def main():
        desk = Desk()
        engine = Engine(composer, desk.choose, desk.finished, desk.late.append)
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
        engine = Engine(faulty, desk.choose, desk.finished, desk.late.append)
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
