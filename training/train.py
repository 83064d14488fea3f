"""Trains a model by a configuration file.

examples:
  python -m training.train training/configs/smoke.toml train.npz --valid valid.npz --out /tmp/smoke
  python -m training.train training/configs/embedded.toml train.npz made.npz --valid valid.npz --out run --device cuda
  python -m training.train training/configs/embedded.toml …  --seconds 540     stops then; the same command goes on
  python -m training.train training/configs/embedded.toml …  --cards 2        two GPUs, each with half of every batch
  python -m training.train training/configs/sizes.toml …  --size 6x512 --out sizes/6x512     another size

The folder --out holds state.pt, from which an interrupted run (Ctrl-C too) goes on, report.jsonl with all losses,
model/, what `midinfinite-osc serve --model` takes, as good as it is where the run stops, and at the end checkpoint/, a
Hugging Face GPT-2 in float32.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from amt.config import ModelError
from training import batches, checkpoint, corpus
from training.cards import ALONE, Cards, launch
from training.config import ConfigError, read
from training.trainer import Report, Trainer

SAVE_EVERY = 300
"""Seconds between states on disk."""
HEAD = 64
"""Width of one head where the size is given by layers and width."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configuration", type=Path)
    parser.add_argument("corpora", type=Path, nargs="+", help="pieces to learn from (npz)")
    parser.add_argument("--valid", type=Path, required=True, help="pieces to measure with (npz)")
    parser.add_argument("--out", type=Path, required=True, help="folder for the run's files")
    parser.add_argument("--start", type=Path, help="another run's state.pt, or a model folder, to begin with")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--cards", type=int, default=1, help="GPUs that train together (default 1)")
    parser.add_argument("--workers", type=int, default=2, help="processes that make the batches, a card (default 2)")
    parser.add_argument("--size", type=size, metavar="LAYERSxWIDTH", help="instead of the configuration's network")
    parser.add_argument("--seconds", type=float, help="stop after so long, to go on later")
    options = parser.parse_args(arguments)
    if options.cards == 1:
        return attempt(options, ALONE)
    try:
        return launch(attempt, options, options.cards, options.device)
    except ValueError as error:
        parser.error(str(error))


def size(text: str) -> tuple[int, int]:
    """Layers and width of a text such as 6x512. Raises ValueError."""
    layers, width = map(int, text.split("x"))
    if layers < 1 or width < HEAD or width % HEAD:
        raise ValueError(f"{text}: at least one layer, and a width that is a multiple of {HEAD}")
    return layers, width


def attempt(options: argparse.Namespace, cards: Cards) -> int:
    """`run`, or 2 where it cannot be, with the reason on the terminal."""
    try:
        return run(options, cards)
    except (ConfigError, ModelError, corpus.CorpusError, OSError) as error:
        if cards.is_first:
            print(error, file=sys.stderr)
        return 2


def run(options: argparse.Namespace, cards: Cards) -> int:
    """Trains, and writes the model at the schedule's end; 0, or 3 where the run stopped before."""
    configuration = read(options.configuration)
    if configuration.schedule.batch % cards.count:
        raise ConfigError(f"--cards {cards.count}: must divide the batch of {configuration.schedule.batch} windows")
    if options.size:
        layers, width = options.size
        network = replace(configuration.network, layers=layers, width=width, heads=width // HEAD)
        configuration = replace(configuration, network=network)
    torch.set_float32_matmul_precision("high")
    options.out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(configuration, options.device, cards=cards)
    state = options.out / "state.pt"

    def say(what: str) -> None:
        if cards.is_first:
            print(what, flush=True)

    if state.exists():
        trainer.resume(state)
        say(f"goes on from step {trainer.step:,}")
    elif options.start:
        trainer.start(options.start)
    pieces = [piece for path in options.corpora for piece in corpus.read(path)]
    validation = batches.validation(corpus.read(options.valid), configuration.schedule.evaluated)
    source = batches.Batches(configuration, pieces, first=trainer.step)
    say(f"{len(pieces):,} pieces, {sum(len(piece.onsets) for piece in pieces):,} notes")
    started = saved = time.monotonic()

    def tick(step: int, loss: float) -> bool:
        nonlocal saved
        now = time.monotonic()
        if cards.is_first and now - saved > SAVE_EVERY:
            trainer.save(state)
            saved = now
        if step % 100 == 0:
            done = (now - started) / 60
            say(f"  step {step:,} of {configuration.schedule.steps:,}, {done:.1f} min, {loss:.3f}")
        return options.seconds is not None and now - started > options.seconds

    def report(result: Report) -> None:
        print(result, flush=True)
        with (options.out / "report.jsonl").open("a") as file:
            groups = {name: nats.tolist() for name, nats in result.groups.items()}
            record = {"step": result.step, "seconds": result.seconds, "training": result.training, "valid": groups}
            file.write(json.dumps(record) + "\n")

    try:
        trainer.run(iter(batches.loader(source, options.workers)), validation, report, tick)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finished = trainer.step == configuration.schedule.steps
    if not cards.is_first:
        return 0 if finished else 3
    trainer.save(state)
    checkpoint.write_model(trainer.model, options.out / "model")
    if not finished:
        print(f"stands at step {trainer.step:,}, {options.out / 'model'} too; the same command goes on", flush=True)
        return 3
    checkpoint.write_huggingface(trainer.model, options.out / "checkpoint")
    print(f"{options.out / 'model'}: ready for midinfinite-osc serve --model", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
