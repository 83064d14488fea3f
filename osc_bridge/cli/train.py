"""`midinfinite-osc train`: a model fine-tuned on the user's own MIDI files, on this computer's processor."""

from __future__ import annotations

import math
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amt import processor, weights
from amt.config import ModelError
from osc_bridge import places
from osc_bridge.cli.options import Failure, model_option, threads_option, writable
from osc_bridge.niceness import make_way

if TYPE_CHECKING:
    from training.corpus import Piece
    from training.finetune import Outcome, Progress

LINES = 10
"""Steps between lines of progress where there is no terminal."""


def _a_number(_: click.Context, __: click.Parameter, value: float) -> float:
    if math.isnan(value):  # which click finds in every range
        raise click.BadParameter("nan is no number of minutes")
    return value


@click.command()
@click.option(
    "--midi-dir",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The music: a folder of .mid and .midi files, and the folders in it.",
)
@model_option
@click.option("--name", help="What to call the new model; by default as DIR is called.")
@click.option("--to", "target", type=click.Path(path_type=Path), help="Where to; by default among this user's models.")
@click.option("--force", is_flag=True, help="Replace the model of that name.")
@click.option(
    "--minutes",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0.1, 10_000),
    callback=_a_number,
    help="How long to train at most.",
)
@click.option("--steps", type=click.IntRange(1, 100_000), help="How many steps to train at most.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Of all chance in it.")
@threads_option
@click.option(
    "--nice", default=10, show_default=True, type=click.IntRange(0, 19), help="How far to make way for other programs."
)
def train(
    folder: Path,
    model: str,
    name: str | None,
    target: Path | None,
    force: bool,
    minutes: float,
    steps: int | None,
    seed: int,
    threads: int | None,
    nice: int,
) -> None:
    """Fine-tune a model on your own MIDI files.

    It learns until the time is over or music that was held back gets no likelier. Ctrl-C ends it early and keeps the
    best so far. Needs PyTorch: pip install 'midinfinite-osc[train]'.

    \b
    Examples:
      midinfinite-osc train --midi-dir ~/Music/mine
      midinfinite-osc train --midi-dir ~/Music/mine --name mine --minutes 30
      midinfinite-osc train --midi-dir . --model stanford-crfm/music-small-800k --to ./my-model
    """
    _require_pytorch()
    source, place, shown = _checked(folder, model, name, target, force)
    learnt, held_back = _music(folder, seed)
    limits = f"{minutes:g} min" + (f" or {steps} steps" if steps else "")
    click.echo(f"training for at most {limits}; Ctrl-C ends it and keeps the best so far", err=True)
    make_way(nice)
    outcome, tuned = _trained(source, learnt, held_back, minutes, steps, seed, processor.threads(threads))
    which = "held-back music" if held_back else "the music itself (too little to hold any back)"
    click.echo(
        f"{outcome.ended} after {outcome.steps} steps and {_time(outcome.seconds)}; loss on {which}, in nats per "
        f"event: {outcome.before:.3f} before, {outcome.after:.3f} at the best step, {outcome.best}"
    )
    if not outcome.is_better:
        raise Failure(
            f"nothing better than {model} was found, so no model is written: try more --minutes or more music"
        )
    try:
        weights.store(place, tuned)
    except ModelError as error:
        raise Failure(str(error)) from error
    click.echo(f"{place}\nplay it with: midinfinite-osc serve --model {shlex.quote(shown)}")


def _require_pytorch() -> None:
    """Raises Failure with the command that installs it, in a checkout as from a package."""
    try:
        import training.finetune  # noqa: F401 - what all the rest of the command needs
    except ImportError as error:
        checkout = Path(__file__).parents[2]
        what = (
            f"--editable '{checkout}[train]'" if (checkout / "pyproject.toml").exists() else "'midinfinite-osc[train]'"
        )
        raise Failure(
            f"training needs PyTorch, which is not installed ({error}); install it with: "
            f"{shlex.quote(sys.executable)} -m pip install {what}"
        ) from error


def _checked(
    folder: Path, model: str, name: str | None, target: Path | None, force: bool
) -> tuple[weights.Weights, Path, str]:
    """The model to begin with, the new one's place and what `serve --model` calls it.

    Raises:
        Failure: what would only show when the training is over.
    """
    if name and target:
        raise Failure("give either --name or --to")
    if name is None:
        name = re.sub(r"[^\w.+-]+", "-", folder.expanduser().resolve().name).strip("-.")
    if target is None and (name in ("", places.EMBEDDED) or name.startswith(".") or Path(name).name != name):
        raise Failure(f"{name!r} cannot be a model's name: give a --name without slashes, or a folder with --to")
    place = target.expanduser() if target else places.models() / name
    try:
        source = places.model(model)
        weights.verify(source)
        read = weights.read(source)
        weights.check_place(place)
    except ModelError as error:
        raise Failure(str(error)) from error
    if place.exists() and not force:
        raise Failure(f"{place}: exists; replace it with --force, or choose another --name")
    writable(place)
    return read, place, str(target or name)


def _music(folder: Path, seed: int) -> tuple[list[Piece], list[Piece]]:
    """What to learn from and what to measure with; says what was found."""
    from training import midi_folder

    if folder.expanduser().is_file():
        raise Failure(f"{folder}: is a file; name the folder that it lies in")
    try:
        files, skipped = midi_folder.read(folder.expanduser())
    except midi_folder.MidiFolderError as error:
        raise Failure(str(error)) from error
    for file in skipped:
        click.echo(f"  skipped {file}", err=True)
    learnt, held_back = midi_folder.hold_back(files, seed)
    counts = [sum(len(piece.onsets) for piece in pieces) for pieces in (learnt, held_back)]
    click.echo(
        f"{len(files)} files" + (f" ({len(skipped)} skipped)" if skipped else "") + f": {counts[0]:,} notes to learn "
        f"from, {counts[1]:,} held back to measure with",
        err=True,
    )
    return learnt, held_back


def _trained(
    source: weights.Weights,
    learnt: list[Piece],
    held_back: list[Piece],
    minutes: float,
    steps: int | None,
    seed: int,
    threads: int,
) -> tuple[Outcome, weights.Weights]:
    import torch

    from training import gains
    from training.finetune import Finetuner

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    try:
        model = gains.trainable(source)
    except ModelError as error:
        raise Failure(str(error)) from error
    outcome = Finetuner(model, learnt, held_back, steps, 60 * minutes, seed).run(_show)
    if sys.stderr.isatty():
        click.echo(err=True)
    return outcome, gains.stored(model, source)


def _show(progress: Progress) -> None:
    """A line that a terminal keeps in its place."""
    losses = f"loss {progress.now:.3f}, before {progress.before:.3f}"
    line = f"  step {progress.step}: {losses}; {_time(progress.seconds_left)} left"
    if sys.stderr.isatty():
        click.echo(f"\r{line:<78}", nl=False, err=True)
    elif progress.step % LINES == 0:
        click.echo(line, err=True)


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(max(0, seconds)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
