"""`midinfinite-osc doctor`: what is installed, what the processor offers, whether the port is free, the speed."""

from __future__ import annotations

import platform
import shutil
import time
from importlib import metadata
from pathlib import Path

import click

from amt import processor
from amt.composer import Composer
from amt.steering import Steering
from osc_bridge import places
from osc_bridge.cli.options import load_decoder, model_folder, model_option, threads_option
from osc_bridge.server import DEFAULT_HOST, DEFAULT_PORT, BindError, bind

PACKAGES = ("midinfinite-osc", "apache-tvm", "apache-tvm-ffi", "numpy", "mido")
SONIC_PI = ("/usr/lib/sonic-pi", "/opt/sonic-pi", "/Applications/Sonic Pi.app")
BARS = 8


@click.command()
@click.option("--port", default=DEFAULT_PORT, type=click.IntRange(1, 65535), help="The port to look at.")
@model_option
@threads_option
def doctor(port: int, model: str, threads: int | None) -> None:
    """Say what is here, what is missing and how fast the model plays on this computer.

    \b
    Examples:
      midinfinite-osc doctor
      midinfinite-osc doctor --model stanford-crfm/music-small-800k --threads 2
    """
    _say("system", f"{platform.platform()}, Python {platform.python_version()}")
    _say("packages", ", ".join(f"{package} {_version(package)}" for package in PACKAGES))
    vectors = processor.instructions()
    _say("processor", f"{processor.name()}; {32 * vectors.lanes}-bit vectors, byte products by {vectors.dot}")
    _say("threads", f"{processor.threads(threads)} of {processor.physical_cores()} cores")
    for program, advice in (("sclang", "SuperCollider's language"), ("scsynth", "SuperCollider's sound server")):
        _say(program, shutil.which(program) or f"not found ({advice}; only needed for SuperCollider)")
    sonic_pi = next((place for place in SONIC_PI if Path(place).exists()), None)
    _say("Sonic Pi", sonic_pi or "not found (only needed for Sonic Pi)")
    for client in ("supercollider", "sonic_pi"):
        folder = places.client(client)
        _say(f"{client} client", str(folder) if folder.is_dir() else f"missing at {folder}: install again")
    _say(f"port {port}", _port(port))
    _say("model", f"{model} at {model_folder(model)}")
    start = time.perf_counter()
    composer = Composer(load_decoder(model, threads))
    _say("start", f"{time.perf_counter() - start:.2f} s to load")
    notes, seconds, music = _speed(composer)
    _say("speed", f"{notes / seconds:.0f} notes a second; {music / seconds:.1f} times as fast as it plays")
    if music < seconds:
        click.echo("  too slow to keep up: name fewer instruments, use the embedded model, or give more --threads")


def _say(subject: str, text: str) -> None:
    click.echo(f"{subject + ':':22}{text}")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _port(port: int) -> str:
    """Free, or what keeps `serve` from listening there."""
    try:
        bound = bind(DEFAULT_HOST, port)
    except BindError as error:
        return str(error)
    for each in bound:
        each.close()
    return "free"


def _speed(composer: Composer) -> tuple[int, float, float]:
    """Notes made, seconds it took, seconds they last: a band of three over some bars at the default tempo."""
    steering = Steering().set("seed", 1)
    passage = composer.begin()
    notes = 0
    start = time.perf_counter()
    for _ in range(BARS):
        bar, passage = composer.compose(passage, steering)
        notes += len(bar.notes)
    return notes, time.perf_counter() - start, float(passage.start) / 100
