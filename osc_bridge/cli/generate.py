"""`midinfinite-osc generate`: bars into a MIDI file and a picture, without a server."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import click

from amt.composer import Composer
from osc_bridge.cli.options import (
    Failure,
    load_decoder,
    model_folder,
    model_option,
    steering_from,
    steering_options,
    threads_option,
    writable,
)
from patterns import midi, piano_roll


@click.command()
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False), default="music.mid")
@click.option("--bars", default=8, show_default=True, type=click.IntRange(1, 4096), help="How many bars.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="The picture; by default beside OUTPUT.")
@model_option
@threads_option
@steering_options
def generate(
    output: Path,
    bars: int,
    png: Path | None,
    model: str,
    threads: int | None,
    **options: str | tuple[str, ...] | None,
) -> None:
    """Compose bars into OUTPUT, a MIDI file, and a piano-roll picture.

    \b
    Examples:
      midinfinite-osc generate
      midinfinite-osc generate --bars 16 --tempo 140 --instruments "lead bass drums" --seed 7 techno.mid
      midinfinite-osc generate --meter 7/8 --key "d dorian" --range "bass 28 52" seven.mid
    """
    steering = steering_from(options)
    if options["seed"] is None:
        steering = steering.set("seed", secrets.randbelow(2**31))
    stem = output.stem or "music"
    picture = png or output.parent / f"{stem}.png"
    if not output.name or output.suffix.lower() == ".png" or picture.resolve() == output.resolve():
        raise Failure(f"{output}: OUTPUT is the MIDI file and --png the picture, as in {stem}.mid --png {stem}.png")
    model_folder(model)
    writable(output)
    writable(picture)
    composer = Composer(load_decoder(model, threads))
    passage = composer.begin()
    music = []
    with click.progressbar(range(bars), label="composing", file=sys.stderr) as progress:
        for _ in progress:
            bar, passage = composer.compose(passage, steering)
            music.append(bar)
    try:
        midi.write(output, music, [steering.tempo] * bars)
    except OSError as error:
        raise Failure(f"cannot write {output}: {error.strerror}; choose another place") from error
    try:
        piano_roll.draw(picture, music)
    except OSError as error:
        raise Failure(f"{output} is written, but {picture} cannot be: {error.strerror}") from error
    notes = sum(len(bar.notes) for bar in music)
    click.echo(f"{output} and {picture}: {bars} bars, {notes} notes; again with --seed {steering.seed}")
