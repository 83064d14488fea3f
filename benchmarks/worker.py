"""A child process that holds one engine and measures when it is told to, so that engines can take turns."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from amt.config import ModelConfig
from benchmarks.engines import ENGINES, STEPS, Engine, Int32s, Rows

REST = 0.3
"""Seconds between turns: threads of OpenMP look for work that long before they sleep."""
STREAMED = 256 << 20
QUIET = 0.05
"""Share of the computer that other programs may take during a turn; else it is repeated."""
PATIENCE = 4.0
"""Seconds after which a turn is not repeated any more: the quietest one counts."""
STAT = Path("/proc/stat")


class Bandwidth:
    """How fast two threads read a large array: dot products, whose arithmetic takes a quarter of that time."""

    def __init__(self, threads: int) -> None:
        self._parts = np.ones((threads, STREAMED // 4 // threads), np.float32)
        self._pool = ThreadPoolExecutor(threads)

    def measure(self) -> float:
        """Bytes per second, the best of four passes."""
        best = float("inf")
        for _ in range(4):
            start = time.perf_counter()
            list(self._pool.map(lambda part: np.dot(part, part), self._parts))
            best = min(best, time.perf_counter() - start)
        return self._parts.nbytes / best


class Others:
    """How much of the computer other programs took since this was made."""

    def __init__(self) -> None:
        self._before = self._read()

    def share(self) -> float:
        """0 to 1; 0 too where the system does not tell (only Linux does)."""
        busy, own, every = (after - before for after, before in zip(self._read(), self._before, strict=True))
        return max(0.0, busy - own) / every if every else 0.0

    @staticmethod
    def _read() -> tuple[float, float, float]:
        """Seconds of all cores in use, of this process, of all cores."""
        if not STAT.exists():
            return 0.0, 0.0, 0.0
        ticks = [int(field) for field in STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
        every, idle = sum(ticks), ticks[3] + ticks[4]
        second = os.sysconf("SC_CLK_TCK")
        return (every - idle) / second, time.process_time(), every / second


class Turns:
    """One engine's measurements; each repeats its runs until `seconds` have passed."""

    def __init__(self, engine: Engine, seconds: float) -> None:
        self._engine = engine
        self._seconds = seconds

    def describe(self) -> dict[str, str]:
        return {"version": self._engine.version(), "settings": self._engine.settings}

    def agreement(self, tokens: Int32s, rows: Int32s) -> Any:
        """Logits after the tokens, to see that all engines compute the same function."""
        self._engine.truncate(0)
        self._engine.extend(tokens)
        return self._engine.logits(rows)

    def prefill(self, tokens: Int32s) -> float:
        """Median seconds to read the tokens."""
        return self._median(lambda: self._engine.prefill(tokens))

    def decode(self, context: Int32s, rows: Rows, steps: int = STEPS) -> float:
        """Median seconds a token behind the context."""
        self._engine.truncate(0)
        if len(context):
            self._engine.extend(context)
        if steps == STEPS:
            self._engine.decode(context, rows, 4)
        return self._median(lambda: self._engine.decode(context, rows, steps))

    def _median(self, run: Callable[[], float]) -> float:
        turns: list[tuple[float, float]] = []
        start = time.perf_counter()
        while not turns or (min(turns)[0] > QUIET and time.perf_counter() < start + PATIENCE * (self._seconds > 0)):
            others = Others()
            times: list[float] = []
            end = time.perf_counter() + self._seconds
            while not times or time.perf_counter() < end:
                times.append(run())
            turns.append((others.share(), statistics.median(times)))
        return min(turns)[1]


class Child:
    """The parent's end: `child.ask("decode", …)`. Raises RuntimeError with the child's own words where it fails."""

    def __init__(self, name: str, folder: Path, config: ModelConfig, threads: int, seconds: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(other, name, folder, config, threads, seconds), daemon=True
        )
        self._process.start()
        other.close()
        self._name = name
        self._rest = REST if seconds else 0
        self._receive()

    def ask(self, what: str, *arguments: Any) -> Any:
        time.sleep(self._rest)
        self._connection.send((what, arguments))
        return self._receive()

    def close(self) -> None:
        self._connection.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _receive(self) -> Any:
        try:
            good, answer = self._connection.recv()
        except EOFError as error:
            self._process.join()
            raise RuntimeError(f"{self._name} ended with {self._process.exitcode}") from error
        if not good:
            raise RuntimeError(f"{self._name}: {answer}")
        return answer


def _serve(connection: Connection, name: str, folder: Path, config: ModelConfig, threads: int, seconds: float) -> None:
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)
    try:
        turns = Turns(ENGINES[name](folder, config, threads), seconds) if name in ENGINES else Bandwidth(threads)
        connection.send((True, None))
        while True:
            what, arguments = connection.recv()
            connection.send((True, getattr(turns, what)(*arguments)))
    except EOFError:  # the parent has what it wanted
        return
    except Exception as error:  # noqa: BLE001 - handed to the parent, which stops with it
        connection.send((False, f"{type(error).__name__}: {error}"))
