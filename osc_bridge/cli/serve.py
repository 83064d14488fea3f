"""`midinfinite-osc serve`: the main job."""

from __future__ import annotations

import logging
import secrets
import shlex
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import cast

import click

from amt.composer import Composer
from amt.decoder import Decoder
from osc_bridge import places
from osc_bridge.cli.clients import CLIENTS, command
from osc_bridge.cli.installing import MANIFEST, NAME
from osc_bridge.cli.options import Failure, load_decoder, model_folder, model_option, threads_option, writable
from osc_bridge.engine import ComposerLike
from osc_bridge.niceness import NiceDecoder
from osc_bridge.server import DEFAULT_HOST, DEFAULT_PORT, BindError, serving
from osc_bridge.server import serve as serve_osc

ANY_ADDRESS = "0.0.0.0"
ELSEWHERE = "192.0.2.1"
"""No computer's address (RFC 5737), but the way there is the way out."""


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

    The first time, the model is compiled for this computer, which takes about a minute; clients are told so meanwhile.

    \b
    Examples:
      midinfinite-osc serve
      midinfinite-osc serve --port 57991 --session-seed 7
      midinfinite-osc serve --model stanford-crfm/music-small-800k
      midinfinite-osc serve --threads 1 --nice 10
    """
    logging.basicConfig(format="%(levelname).1s %(name)s: %(message)s", level=log_level.upper())
    folder = workspace or places.workspace()
    model_folder(model)
    writable(folder / "music.mid", "choose another folder with --workspace")
    seed = secrets.randbelow(2**31) if session_seed is None else session_seed
    composer: Future[ComposerLike] = Future()

    def ready(bound_host: str, bound_port: int) -> None:
        try:
            click.echo(f"ready {bound_host}:{bound_port} model {model} seed {seed}")
            click.echo(paste_ins(bound_port, reached_at(bound_host)))
        except OSError as error:  # a full disk: music matters more than where its log goes
            logging.getLogger(__name__).warning("standard output: %s; serving all the same", error.strerror)

    server = partial(serve_osc, composer, host, port, folder, seed, ready, model=model)
    try:
        with suppress(KeyboardInterrupt), _interruptible(), serving(server) as ended:
            decoder = load_decoder(model, threads)
            composer.set_result(Composer(cast(Decoder, NiceDecoder(decoder, nice)) if nice else decoder))
            ended.result()
    except BindError as error:
        raise Failure(str(error)) from error
    click.echo("stopped", err=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """The first SIGINT, SIGTERM or SIGHUP is a KeyboardInterrupt here: an end that has begun is not interrupted.

    SIGHUP is what a terminal sends that is closed; under `nohup` it stays ignored.
    """
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)

    def interrupt(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def paste_ins(port: int, host: str = DEFAULT_HOST) -> str:
    """What to type into either program, and what to do before, once, unless it is done."""
    ports = [f"port: {port}"] if port != DEFAULT_PORT else []
    new, connect = (", ".join([f'{key}: "{host}"'] * (host != DEFAULT_HOST) + ports) for key in ("hostname", "host"))
    arguments = f"({new})" if new else ""
    connection = f"amt_connect {connect}\n    " if connect else ""
    return f"""
  SuperCollider{_once("supercollider")}:
    s.boot;
    ~amt = AMT.new{arguments};
    ~amt.next(bars: 4).play(quant: 4);

  Sonic Pi{_once("sonic-pi")}:
    {connection}amt_instruments :piano, :bass, :drums
    amt_loop :band
"""


def reached_at(host: str) -> str:
    """The address by which others reach what listens at `host`: of all of this computer's, the one that goes out."""
    if host != ANY_ADDRESS:
        return host
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward:
        outward.connect((ELSEWHERE, DEFAULT_PORT))  # sends nothing
        return str(outward.getsockname()[0])
    return DEFAULT_HOST


def _once(client: str) -> str:
    if (CLIENTS[client]().folder / MANIFEST).exists():
        return ""
    return f" (once, in a terminal: {shlex.quote(str(command() or NAME))} clients install {client})"
