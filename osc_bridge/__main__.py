"""The command `midinfinite-osc`, also as `python -m osc_bridge`."""

from __future__ import annotations

import sys


def run() -> None:
    """Load all of it, which takes a second, and do what the command line says."""
    try:
        from osc_bridge.cli import main
    except KeyboardInterrupt:
        sys.exit("\nAborted!")
    main(prog_name="midinfinite-osc")


if __name__ == "__main__":
    run()
