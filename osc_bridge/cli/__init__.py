"""The command line: `midinfinite-osc`. Each command is a module; this one only gathers them."""

from __future__ import annotations

import errno
from typing import Any

import click

import osc_bridge
from osc_bridge.cli.bench import bench
from osc_bridge.cli.clients import clients
from osc_bridge.cli.doctor import doctor
from osc_bridge.cli.generate import generate
from osc_bridge.cli.models import compile_model, export, pull
from osc_bridge.cli.options import Failure
from osc_bridge.cli.serve import serve
from osc_bridge.cli.train import train


class Commands(click.Group):
    """Commands for which what the system refuses, wherever that is, is one line and no traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except OSError as error:
            if error.errno == errno.EPIPE:  # click ends quietly where nobody reads on
                raise
            raise Failure(": ".join(filter(None, (str(error.filename or ""), error.strerror or str(error))))) from error
        except RuntimeError as error:
            if "Symlink loop" not in str(error):  # so says pathlib up to Python 3.12
                raise
            raise Failure(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(osc_bridge.__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Endless, bar-quantised music over OSC for SuperCollider and Sonic Pi.

    \b
    Examples:
      midinfinite-osc serve
      midinfinite-osc clients install sonic-pi
      midinfinite-osc generate --bars 8 --instruments "piano bass drums" out.mid
      midinfinite-osc doctor
      midinfinite-osc bench
    """


for command in (serve, clients, generate, train, pull, compile_model, export, doctor, bench):
    main.add_command(command)
