"""`python -m osc_bridge` is `midinfinite-osc`."""

from osc_bridge.cli import main

main(prog_name="midinfinite-osc")
