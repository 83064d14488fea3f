"""A child process that holds one engine and measures when it is told to, so that engines can take turns."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from amt import decoder, embedded
from amt.config import ModelConfig
from amt.profiling import perform
from amt.steering import Steering
from amt.streams import STEPS
from amt.traffic import Bandwidth
from benchmarks.engines import ENGINES, Engine, Int32s, Rows

T = TypeVar("T")
BANDWIDTH, COMPOSING = "bandwidth", "composing"
"""Children that hold no engine."""

REST = 0.3
"""Seconds between turns: threads of OpenMP look for work that long before they sleep."""
QUIET = 0.05
"""Share of the computer that other programs may take during a turn; else it is repeated."""
PATIENCE = 4.0
"""Seconds after which a turn is not repeated any more: the quietest one counts."""
BARS, FEWEST_BARS = 64, 4
"""Bars composed to see how evenly tokens come: the window moves several times, or there is no time for it."""
STAT = Path("/proc/stat")


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

    def together(self, context: Int32s, rows: Rows, count: int) -> float:
        """Median seconds a step, one token in each of so many streams behind the context."""
        self._engine.prepare(context, count)
        self._engine.decode_together(context, rows, count, 4)
        return self._median(lambda: self._engine.decode_together(context, rows, count))

    def _median(self, run: Callable[[], float]) -> float:
        def turn() -> float:
            times: list[float] = []
            end = time.perf_counter() + self._seconds
            while not times or time.perf_counter() < end:
                times.append(run())
            return statistics.median(times)

        return _quietest(turn, self._seconds)


class Composing:
    """A band composed with the embedded model, as it is served."""

    def __init__(self, threads: int, seconds: float) -> None:
        self._decoder = decoder.load(embedded.PATH, threads)
        self._seconds = seconds

    def measure(self) -> dict[str, float]:
        """Notes/s, how often the window moved, gaps between tokens in seconds, and the 99th percentile of those while
        the next window is read."""
        bars = range(BARS if self._seconds else FEWEST_BARS)
        done = _quietest(lambda: perform(self._decoder, Steering(), bars), self._seconds)
        moving = (done.moving or done.gaps).late
        return {"notes": done.notes_per_second, "moves": done.moves, **vars(done.gaps), "moving": moving}


def _quietest(turn: Callable[[], T], seconds: float) -> T:
    """What the turn gave that other programs disturbed least; one that was quiet enough is the last."""
    turns: list[tuple[float, T]] = []
    start = time.perf_counter()
    while not turns or (
        min(share for share, _ in turns) > QUIET and time.perf_counter() < start + PATIENCE * (seconds > 0)
    ):
        others = Others()
        result = turn()
        turns.append((others.share(), result))
    return min(turns, key=itemgetter(0))[1]


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
        turns: Turns | Composing | Bandwidth
        if name in ENGINES:
            turns = Turns(ENGINES[name](folder, config, threads), seconds)
        else:
            turns = Composing(threads, seconds) if name == COMPOSING else Bandwidth(threads)
        connection.send((True, None))
        while True:
            what, arguments = connection.recv()
            connection.send((True, getattr(turns, what)(*arguments)))
    except EOFError:  # the parent has what it wanted
        return
    except Exception as error:  # noqa: BLE001 - handed to the parent, which stops with it
        connection.send((False, f"{type(error).__name__}: {error}"))
