"""The servers of Sonic Pi's two generations: how each is started, and where it is reached. The rest is alike.

What this machine has is found by looking. 3.x is one program, which is told its ports; 4.x is a daemon, which finds
ports for itself and says them, and ends when it does not hear every few seconds that somebody wants it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_udp_ports

FOLDER = Path("/usr/lib/sonic-pi/app/server/ruby/bin")


@dataclass(frozen=True)
class Contact:
    """UDP ports of 127.0.0.1.

    Attributes:
        server: takes code to run, and the other messages of Sonic Pi's window.
        window: where the server sends its log.
        cues: takes OSC from other programs.
        token: begins each message to the server.
        daemon: takes the signs of life that 4.x asks for.
    """

    server: int
    window: int
    cues: int
    token: str | int
    daemon: int | None = None


Start = Callable[..., Callable[[], str]]
"""Starts a command, and gives what tells its output so far."""


def three(start: Start) -> Contact:
    server, window, scsynth, cues, erlang, midi_out, midi_in, web = free_udp_ports(8)
    ports = (server, window, scsynth, scsynth, cues, erlang, midi_out, midi_in, web)
    start("ruby", "-E", "utf-8", FOLDER / "sonic-pi-server.rb", "-u", *ports)
    return Contact(server, window, cues, "amt-tests")


def four(start: Start) -> Contact:
    output = start("ruby", "-E", "utf-8", FOLDER / "daemon.rb")
    deadline = time.monotonic() + 60
    while not (said := re.search(r"^(\d+) (\d+) (\d+) \d+ (\d+) \d+ \d+ (-?\d+)$", output(), re.MULTILINE)):
        if time.monotonic() > deadline:
            raise RuntimeError(f"Sonic Pi's daemon did not say its ports; its output ends with\n{output()[-3000:]}")
        time.sleep(0.1)
    daemon, window, server, cues, token = map(int, said.groups())
    return Contact(server, window, cues, token, daemon)


GENERATIONS = {FOLDER / "daemon.rb": four, FOLDER / "sonic-pi-server.rb": three}


def installed() -> Callable[[Start], Contact] | None:
    """Starts what this machine has; None where it has no Sonic Pi."""
    return next((generation for entry, generation in GENERATIONS.items() if entry.exists()), None)
