"""`midinfinite-osc serve`: the main job."""

from __future__ import annotations

import asyncio
import logging
import secrets
from pathlib import Path
from typing import cast

import click

from amt.composer import Composer
from amt.decoder import Decoder
from osc_bridge import places
from osc_bridge.cli.options import Failure, load_decoder, model_option, threads_option, writable
from osc_bridge.niceness import NiceDecoder
from osc_bridge.server import DEFAULT_HOST, DEFAULT_PORT, BindError
from osc_bridge.server import serve as serve_osc

PORT = 57990


@click.command()
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="UDP and TCP; 0: a free one."
)
@model_option
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where `save` puts MIDI files; by default ~/midinfinite-osc.",
)
@click.option(
    "--session-seed", type=click.IntRange(0, 2**31 - 1), help="Seed of new sessions; by default a new one each start."
)
@threads_option
@click.option(
    "--nice",
    default=0,
    show_default=True,
    type=click.IntRange(0, 19),
    help="How far composing makes way for sclang and scsynth: 19 the most. On Linux only the threads that compose "
    "do, on macOS the whole server.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="debug shows every message.",
)
def serve(
    host: str,
    port: int,
    model: str,
    workspace: Path | None,
    session_seed: int | None,
    threads: int | None,
    nice: int,
    log_level: str,
) -> None:
    """Compose music and answer SuperCollider and Sonic Pi until Ctrl-C.

    \b
    Examples:
      midinfinite-osc serve
      midinfinite-osc serve --port 57991 --session-seed 7
      midinfinite-osc serve --model stanford-crfm/music-small-800k
      midinfinite-osc serve --threads 1 --nice 10
    """
    logging.basicConfig(format="%(levelname).1s %(name)s: %(message)s", level=log_level.upper())
    folder = workspace or places.workspace()
    writable(folder / "music.mid")
    seed = secrets.randbelow(2**31) if session_seed is None else session_seed
    decoder = load_decoder(model, threads)
    composer = Composer(cast(Decoder, NiceDecoder(decoder, nice)) if nice else decoder)

    def ready(bound_host: str, bound_port: int) -> None:
        click.echo(f"ready {bound_host}:{bound_port} model {model} seed {seed}")
        click.echo(_paste_ins(bound_port))

    try:
        asyncio.run(serve_osc(composer, host, port, workspace=folder, seed=seed, model=model, on_ready=ready))
    except BindError as error:
        raise Failure(str(error)) from error
    click.echo("stopped", err=True)


def _paste_ins(port: int) -> str:
    supercollider = places.client("supercollider")
    sonic_pi = places.client("sonic_pi") / "amt.rb"
    connect = "" if port == DEFAULT_PORT else f"amt_connect port: {port}\n    "
    return f"""
  SuperCollider, once:   Quarks.install("{supercollider}");  then recompile the class library (Ctrl-Shift-L)
    s.boot;
    ~amt = AMT.new{"" if port == DEFAULT_PORT else f"(port: {port})"};
    ~amt.next(bars: 4).play(quant: 4);

  Sonic Pi:
    eval_file "{sonic_pi}"
    {connect}amt_instruments :piano, :bass, :drums
    amt_loop :band
"""
