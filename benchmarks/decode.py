"""How many notes a second our decoder makes, beside other engines: `make bench`, or python -m benchmarks.decode --help.

Each engine is loaded once, in a process of its own, and all take turns: in every round, behind every context, each
one measures for a moment while the others sleep. A round's figure is a median of runs, a result the median of rounds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from amt import processor
from amt.streams import GRID, STEPS, passage
from amt.traffic import traffic
from amt.vocabulary import CONTROL, DURATION, NOTE, TIME
from benchmarks import models, report
from benchmarks.engines import ENGINES, Int32s, Rows
from benchmarks.report import OWN, STREAMS, TOGETHER, Result, Row
from benchmarks.worker import BANDWIDTH, COMPOSING, Child

HERE = Path(__file__).parent
CONTEXTS = (0, 500, 1_000)
PREFILL = 500
COMPOSED = ("embedded", "tiny")
"""Shapes whose results hold how evenly tokens come; it is measured with the embedded model."""
REFERENCE = "reference, no cache"
HISTORY = 600
"""Tokens behind which the reference way is measured: 200 notes."""
MODULES = {
    "llama.cpp q4_0": ("llama_cpp", "gguf"),
    "llama.cpp q8_0": ("llama_cpp", "gguf"),
    "CTranslate2 int8": ("ctranslate2",),
}
ROWS: dict[str, Rows] = {
    "grid": GRID,
    "whole slot": [
        np.arange(TIME, DURATION, dtype=np.int32),
        np.arange(DURATION, NOTE, dtype=np.int32),
        np.arange(NOTE, CONTROL, dtype=np.int32),
    ],
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--shape", action="append", choices=models.SHAPES, help="may be repeated; default small, embedded"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.4, help="how long each turn repeats its runs")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="may be repeated; default all installed")
    parser.add_argument(
        "--models", type=Path, default=HERE.parent / ".cache" / "benchmarks", help="where models are kept"
    )
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--quick", action="store_true", help="tiny shape, ours and Hugging Face, one round, one thread")
    options = parser.parse_args(arguments)
    if options.threads < 1 or options.rounds < 1:
        parser.error("--threads and --rounds must be at least 1")
    shapes = options.shape or ["small", "embedded"]
    engines = options.engine or list(ENGINES)
    if options.quick:
        shapes, engines = ["tiny"], [OWN, "Hugging Face bfloat16"]
        options.threads, options.rounds, options.seconds = 1, 1, 0.0
    for shape in shapes:
        result = compare(shape, engines, options.models / shape, options.threads, options.rounds, options.seconds)
        print(f"\n{shape}: {result.processor}, {result.threads} threads, {options.rounds} rounds\n")
        print("\n".join(report.table(result)))
        print(report.save(result, options.results))
        if find_spec("matplotlib"):
            print(report.plot(result, options.results))
        else:
            print("matplotlib is not installed, no plot: python -m pip install matplotlib")


def compare(shape: str, names: Iterable[str], folder: Path, threads: int, rounds: int, seconds: float) -> Result:
    """Measures the engines that are installed. Raises RuntimeError where one of them fails."""
    config = models.SHAPES[shape]
    missing = [name for name in names if not all(find_spec(module) for module in MODULES.get(name, ()))]
    present = [name for name in names if name not in missing]
    others = [BANDWIDTH, COMPOSING] if OWN in present and shape in COMPOSED else [BANDWIDTH]
    started: dict[str, Child] = {}
    bandwidth, composed = [], []
    try:
        for name in (*present, *others):
            print(f"loading {name}", flush=True)
            started[name] = Child(name, folder, config, threads, seconds)
        children = {name: started[name] for name in present}
        rows = [
            Row(name, label, **child.ask("describe"), agreement=0, notes={}, prefill=[])
            for name, child in children.items()
            for label in (ROWS if name == OWN else ("grid",))
        ]
        for done in range(rounds):
            print(f"round {done + 1} of {rounds}", flush=True)
            bandwidth.append(started[BANDWIDTH].ask("measure"))
            _round(rows, children)
            if COMPOSING in others:
                composed.append(started[COMPOSING].ask("measure"))
        rows = _with_agreement(rows, children)
    finally:
        for child in started.values():
            child.close()
    read = traffic(models.compiled(folder, config))
    return Result(
        shape=shape,
        processor=processor.name(),
        threads=threads,
        contexts=list(CONTEXTS),
        bandwidth=bandwidth,
        weight_bytes=round(read.token(rows=sum(len(allowed) for allowed in GRID) / len(GRID), behind=0)),
        position_bytes=read.position,
        left_out={name: ENGINES[name].install for name in missing},
        rows=rows,
        composed=composed,
    )


def _round(rows: list[Row], children: dict[str, Child]) -> None:
    """One turn of every engine behind every context; results go into the rows."""
    for context in CONTEXTS:
        for row in rows:
            if row.engine != REFERENCE:
                _decode(row, children, context, STEPS)
            elif context == CONTEXTS[-1] and not row.notes:  # once: a note takes seconds
                _decode(row, children, HISTORY, 3)
            if context == TOGETHER and row.rows == "grid" and ENGINES[row.engine].batches:
                step = children[row.engine].ask("together", _context(context), ROWS[row.rows], STREAMS)
                row.together.append(STREAMS / step / 3)
    for row in rows:
        if row.engine != REFERENCE and row.rows == "grid":
            row.prefill.append(children[row.engine].ask("prefill", _context(PREFILL)))


def _decode(row: Row, children: dict[str, Child], context: int, steps: int) -> None:
    seconds = children[row.engine].ask("decode", _context(context), ROWS[row.rows], steps)
    row.notes.setdefault(str(context), []).append(1 / seconds / 3)


def _with_agreement(rows: list[Row], children: dict[str, Child]) -> list[Row]:
    """The rows with the correlation of their logits with the float32 reference's, or else with the last engine's."""
    tokens, asked = _context(60), np.concatenate(ROWS["grid"])
    logits: dict[str, Any] = {name: child.ask("agreement", tokens, asked) for name, child in children.items()}
    truth = logits[REFERENCE if REFERENCE in logits else rows[-1].engine]
    return [Row(**vars(row) | {"agreement": float(np.corrcoef(logits[row.engine], truth)[0, 1])}) for row in rows]


def _context(count: int) -> Int32s:
    """A passage of so many tokens of the whole slots."""
    return passage(count, ROWS["whole slot"])


if __name__ == "__main__":
    main()
