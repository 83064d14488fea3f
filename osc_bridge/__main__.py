"""The command `midinfinite-osc`, also as `python -m osc_bridge`."""

from __future__ import annotations

import signal
import sys


def run() -> None:
    """Load all of it, which takes a second, and do what the command line says.

    What ends a process ends it as Ctrl-C does: nothing half-made is left behind. Under `nohup` SIGHUP stays ignored.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    try:
        from osc_bridge.cli import main
    except KeyboardInterrupt:
        sys.exit("\nAborted!")
    main(prog_name="midinfinite-osc")


if __name__ == "__main__":
    run()
