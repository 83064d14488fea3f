"""Commands that make and move models: `pull`, `compile`, `export`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from amt import compiler, huggingface, weights
from amt.config import ModelError
from osc_bridge import places
from osc_bridge.cli.options import Failure, model_option, show_count, show_progress

QUANTIZATIONS = ("q4f32_1", "q8f32_1", "q0f16", "q0f32")


@click.command()
@click.argument("name")
@click.option(
    "--quantization",
    type=click.Choice(QUANTIZATIONS),
    default="q4f32_1",
    show_default=True,
    help="How weights are kept.",
)
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Where to; by default among this user's models.")
def pull(name: str, quantization: str, folder: Path | None) -> None:
    """Fetch the GPT-2 checkpoint NAME from the Hugging Face hub, or import a checkpoint folder.

    \b
    Examples:
      midinfinite-osc pull stanford-crfm/music-small-800k
      midinfinite-osc pull ./my-checkpoint --to ./my-model
    """
    if not name.strip():
        raise Failure("the name is empty; names on the hub look like stanford-crfm/music-small-800k")
    source = Path(name).expanduser()
    called = source.resolve().name if source.is_dir() else name
    target = folder or places.models() / called
    if not folder and called == places.EMBEDDED:
        raise Failure(f"{called!r} is what the model in the package is called: choose a place with --to")
    if source.is_file():
        raise Failure(f"{name}: is a file; name its folder")
    if name.startswith((".", "/", "~")) and not source.is_dir():
        raise Failure(f"{name}: no such folder; name that of a checkpoint, or a model on the hub")
    try:
        if source.is_dir():
            huggingface.import_checkpoint(source, target, quantization, show_count)
        else:
            huggingface.pull(name, target, quantization, progress=show_count)
    except ModelError as error:
        raise Failure(str(error)) from error
    click.echo(f"{target}\nplay it with: midinfinite-osc serve --model {shlex.quote(str(folder or called))}")


@click.command("compile")
@model_option
def compile_model(model: str) -> None:
    """Compile a model for this computer now, rather than when it is first served.

    \b
    Examples:
      midinfinite-osc compile
      midinfinite-osc compile --model stanford-crfm/music-small-800k
    """
    try:
        folder = places.model(model)
        weights.verify(folder)
        click.echo(compiler.compile_model(folder, progress=show_progress))
    except (ModelError, compiler.CompileError) as error:
        raise Failure(str(error)) from error


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--to", "form", type=click.Choice(["hf"]), default="hf", show_default=True, help="A Hugging Face checkpoint."
)
@model_option
def export(folder: Path, form: str, model: str) -> None:  # noqa: ARG001 - there is one form so far
    """Write a model into FOLDER as a checkpoint that other programs load.

    \b
    Examples:
      midinfinite-osc export --to hf ./checkpoint
      midinfinite-osc export --to hf --model ./my-model ./checkpoint
    """
    try:
        huggingface.export_checkpoint(places.model(model), folder)
    except ModelError as error:
        raise Failure(str(error)) from error
    click.echo(folder)
