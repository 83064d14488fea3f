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

from amt import processor, weights
from amt.config import ModelConfig
from amt.vocabulary import CONTROL, DURATION, INSTRUMENTS, NOTE, PITCHES, TIME
from amt.weights.names import EMBEDDING, linear_layers
from benchmarks import models, report
from benchmarks.engines import ENGINES, STEPS, Int32s, Rows
from benchmarks.report import OWN, Result, Row
from benchmarks.worker import Child

HERE = Path(__file__).parent
CONTEXTS = (0, 500, 1_000)
PREFILL = 500
REFERENCE = "reference, no cache"
HISTORY = 600
"""Tokens behind which the reference way is measured: 200 notes."""
MODULES = {
    "llama.cpp q4_0": ("llama_cpp", "gguf"),
    "llama.cpp q8_0": ("llama_cpp", "gguf"),
    "CTranslate2 int8": ("ctranslate2",),
}
ROWS: dict[str, Rows] = {
    # Every onset of a bar of 4/4 in a grid, every duration, the pitches of piano, bass, strings and drums.
    "grid": [
        TIME + 5 * np.arange(101, dtype=np.int32),
        np.arange(DURATION + 1, NOTE, dtype=np.int32),
        np.concatenate([NOTE + PITCHES * i + np.arange(PITCHES, dtype=np.int32) for i in (0, 33, 48, INSTRUMENTS - 1)]),
    ],
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
    children: dict[str, Child] = {}
    try:
        for name in (*(name for name in names if name not in missing), "bandwidth"):
            print(f"loading {name}", flush=True)
            children[name] = Child(name, folder, config, threads, seconds)
        meter = children.pop("bandwidth")
        try:
            rows = [
                Row(name, label, **child.ask("describe"), agreement=0, notes={}, prefill=[])
                for name, child in children.items()
                for label in (ROWS if name == OWN else ("grid",))
            ]
            bandwidth = []
            for done in range(rounds):
                print(f"round {done + 1} of {rounds}", flush=True)
                bandwidth.append(meter.ask("measure"))
                _round(rows, children)
        finally:
            meter.close()
        rows = _with_agreement(rows, children)
    finally:
        for child in children.values():
            child.close()
    return Result(
        shape=shape,
        processor=processor.name(),
        threads=threads,
        contexts=list(CONTEXTS),
        bandwidth=bandwidth,
        weight_bytes=_weight_bytes(models.compiled(folder, config), config),
        left_out={name: ENGINES[name].install for name in missing},
        rows=rows,
    )


def _round(rows: list[Row], children: dict[str, Child]) -> None:
    """One turn of every engine behind every context; results go into the rows."""
    for context in CONTEXTS:
        for row in rows:
            if row.engine != REFERENCE:
                _decode(row, children, context, STEPS)
            elif context == CONTEXTS[-1] and not row.notes:  # once: a note takes seconds
                _decode(row, children, HISTORY, 3)
    for row in rows:
        if row.engine != REFERENCE and row.rows == "grid":
            row.prefill.append(children[row.engine].ask("prefill", _tokens(PREFILL)))


def _decode(row: Row, children: dict[str, Child], context: int, steps: int) -> None:
    seconds = children[row.engine].ask("decode", _tokens(context), ROWS[row.rows], steps)
    row.notes.setdefault(str(context), []).append(1 / seconds / 3)


def _with_agreement(rows: list[Row], children: dict[str, Child]) -> list[Row]:
    """The rows with the correlation of their logits with the float32 reference's, or else with the last engine's."""
    tokens, asked = _tokens(60), np.concatenate(ROWS["grid"])
    logits: dict[str, Any] = {name: child.ask("agreement", tokens, asked) for name, child in children.items()}
    truth = logits[REFERENCE if REFERENCE in logits else rows[-1].engine]
    return [Row(**vars(row) | {"agreement": float(np.corrcoef(logits[row.engine], truth)[0, 1])}) for row in rows]


def _tokens(count: int) -> Int32s:
    """A passage of so many tokens, slots in turn."""
    random = np.random.default_rng(1)
    return np.array([random.choice(ROWS["whole slot"][place % 3]) for place in range(count)], np.int32)


def _weight_bytes(folder: Path, config: ModelConfig) -> int:
    """Bytes of weights that one token must read: all blocks and, on average, the rows of the grid's slots."""
    stored = weights.read(folder).tensors
    names = [name for name, _, _ in linear_layers(config)]
    blocks = sum(stored[f"{name}{part}"].nbytes for name in names for part in (".q_weight", ".q_scale"))
    # scales are stored as 16 bits and read as float32 arrays: what lies on disk is what must be streamed
    blocks -= sum(stored[f"{name}.q_scale"].nbytes // 2 for name in names)
    row = stored[f"{EMBEDDING}.q_weight"].shape[1] * 4 + stored[f"{EMBEDDING}.q_scale"].shape[1] * 2
    return blocks + row * sum(len(rows) for rows in ROWS["grid"]) // 3


if __name__ == "__main__":
    main()
