"""Which size suits: what runs of several sizes learnt, beside what a note of each costs this processor.

    python -m training.sizes sizes/4x512 sizes/6x512 sizes/8x512

Each folder is the --out of a finished `training.train`, of one configuration but for --size. A note is three tokens of
the grid behind 500 others, decoded by one thread, as `serve` does it; the sizes take turns, and speed does not depend
on what weights are. Prints nats per event of each group, milliseconds of processor time a note, and megabytes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from amt import checkpoint as huggingface
from amt import decoder, streams
from amt.config import ModelConfig, ModelError
from amt.vocabulary import EVENT_TOKENS
from training.checkpoint import write_model
from training.config import Network
from training.network import Model

BEHIND = 500
RUNS = 16
"""Measured runs in a turn; a cost is the least of all turns' medians: other programs only ever add to it."""


@dataclass(frozen=True)
class Trial:
    """One size: its run's last figures, and what it costs.

    Attributes:
        steps: that it was trained.
        groups: nats per event of each group of sources.
        milliseconds: of processor time a note.
        megabytes: of the model folder.
    """

    config: ModelConfig
    steps: int
    groups: Mapping[str, float]
    milliseconds: float
    megabytes: float

    @property
    def name(self) -> str:
        return f"{self.config.layers}x{self.config.width}"


def trials(folders: Sequence[Path], rounds: int = 5) -> list[Trial]:
    """Raises ModelError or OSError where a folder holds no finished run."""
    configs = [ModelConfig.from_file(folder / "checkpoint" / huggingface.CONFIG) for folder in folders]
    reports = [json.loads((folder / "report.jsonl").read_text().splitlines()[-1]) for folder in folders]
    with tempfile.TemporaryDirectory() as temporary:
        models = [Path(temporary) / str(number) for number in range(len(folders))]
        for config, model in zip(configs, models, strict=True):
            write_model(Model(Network(config.layers, config.width, config.heads)), model)
        sizes = [sum(file.stat().st_size for file in model.iterdir()) / 1e6 for model in models]
        costs = milliseconds(models, rounds)
    return [
        Trial(config, report["step"], {name: sum(nats) for name, nats in report["valid"].items()}, cost, size)
        for config, report, cost, size in zip(configs, reports, costs, sizes, strict=True)
    ]


def milliseconds(models: Sequence[Path], rounds: int) -> list[float]:
    """Of processor time a note, for each model folder."""
    decoders = [decoder.load(model, threads=1) for model in models]
    caches = []
    for each in decoders:
        cache = each.new_cache()
        each.read([(cache, streams.passage(BEHIND))])
        streams.run(each, [cache], streams.GRID, BEHIND)
        caches.append(cache)
    medians: list[list[float]] = [[] for _ in models]
    for _ in range(rounds):
        for each, cache, found in zip(decoders, caches, medians, strict=True):
            found.append(statistics.median(_seconds(each, cache) for _ in range(RUNS)))
    return [1_000 * EVENT_TOKENS * min(found) for found in medians]


def _seconds(model: decoder.Decoder, cache: decoder.Cache) -> float:
    """Of processor time a token."""
    started = time.process_time()
    streams.run(model, [cache], streams.GRID, BEHIND)
    return (time.process_time() - started) / streams.STEPS


def table(found: Sequence[Trial]) -> str:
    """In Markdown, the cheapest first."""
    groups = list(found[0].groups)
    lines = [
        f"| size | {' | '.join(groups)} | ms a note | MB |",
        f"|---|{'---|' * len(groups)}---|---|",
    ]
    for trial in sorted(found, key=lambda trial: trial.milliseconds):
        nats = " | ".join(f"{trial.groups[name]:.3f}" for name in groups)
        lines.append(f"| {trial.name} | {nats} | {trial.milliseconds:.2f} | {trial.megabytes:.1f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of finished runs")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each size (default 5)")
    options = parser.parse_args(arguments)
    try:
        found = trials(options.runs, options.rounds)
    except (ModelError, OSError) as error:
        print(f"{error}: is this the folder of a finished training.train?", file=sys.stderr)
        return 2
    steps = sorted({trial.steps for trial in found})
    if len(steps) > 1:
        print(f"note: these runs are of different lengths: {', '.join(map(str, steps))} steps", file=sys.stderr)
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
