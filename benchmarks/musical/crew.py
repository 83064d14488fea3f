"""Lines composed side by side: a process for each thread takes one line after the other and keeps what it made."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import Any

from amt import decoder
from amt.composer import Composer
from benchmarks.musical.lines import Line
from benchmarks.musical.progress import Progress
from benchmarks.musical.sessions import Music, Store, compose

Job = tuple[Path, Line]
"""The folder of a model, and what it is to compose."""
POLL = 0.2
"""Seconds between looks at how far the others are."""

_kept: Path
_bars: Any
_stop: Any


def compose_all(jobs: Sequence[Job], kept: Path, processes: int, progress: Progress) -> list[list[Music]]:
    """The music of each job. What lies in the folder `kept` already is not composed again.

    Raises:
        KeyboardInterrupt: on Ctrl-C, once all processes have ended; lines that were composed are kept.
    """
    stores = {model: Store(kept, model) for model, _ in jobs}
    missing = [(model, line) for model, line in jobs if not stores[model].has(line)]
    progress.skip(sum(_count(job) for job in jobs) - sum(_count(job) for job in missing))
    if missing:
        _compose_missing(missing, kept, processes, progress)
    return [stores[model].load(line) for model, line in jobs]


def _compose_missing(jobs: Sequence[Job], kept: Path, processes: int, progress: Progress) -> None:
    # spawned: a process with TVM's threads does not survive a fork
    context = multiprocessing.get_context("spawn")
    bars, stop = context.Value("q", 0), context.Event()
    with ProcessPoolExecutor(min(processes, len(jobs)), context, _begin, (kept, bars, stop)) as pool:
        waiting = {pool.submit(_compose, job) for job in jobs}
        try:
            while waiting:
                done, waiting = wait(waiting, POLL, FIRST_EXCEPTION)
                for future in done:
                    future.result()
                progress.composed(bars.value)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _count(job: Job) -> int:
    return sum(plan.bars for plan in job[1].plans)


def _begin(kept: Path, bars: Any, stop: Any) -> None:
    global _kept, _bars, _stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the first process tells the others
    _kept, _bars, _stop = kept, bars, stop


def _compose(job: Job) -> None:
    model, line = job
    _store(model).save(line, compose(_composer(model), line.plans, _bar))


def _bar() -> None:
    with _bars.get_lock():
        _bars.value += 1
    if _stop.is_set():
        raise RuntimeError("stopped")


@cache
def _composer(model: Path) -> Composer:
    return Composer(decoder.load(model, threads=1))


@cache
def _store(model: Path) -> Store:
    return Store(_kept, model)
