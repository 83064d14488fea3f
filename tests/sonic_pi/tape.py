"""What Sonic Pi tells scsynth, on its way there; and the same played by another scsynth, not in real time.

A busy computer loses blocks of sound in real time. The messages say all the same what is to sound, and when: played
from the tape every block is there, however busy the computer was, and every note on its sample.
"""

from __future__ import annotations

import selectors
import shutil
import socket
import struct
import subprocess
import threading
import time
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from osc_bridge import wire
from tests.ports import free_udp_ports

NTP = 2_208_988_800
"""Seconds from 1900, where OSC's time begins, to 1970."""

PLAYED = (b"/s_", b"/n_", b"/g_", b"/b_", b"/d_", b"/c_")
"""What a score may hold; the rest asks for answers."""

SCOPE = b"sonic-pi-scope"
"""A synth for the eye; without the memory that it shares with Sonic Pi's window scsynth crashes."""

OPTIONS = "-D 0 -m 131072 -a 1024 -i 16 -o 16 -b 4096"
"""As Sonic Pi starts scsynth."""

PROGRAM = """#!/bin/sh
# For Sonic Pi to find on its PATH: starts scsynth at another port than the one it is told, and notes that one.
[ "$1" = -u ] || exec {scsynth} "$@"
echo "$2" > "{asked}"
shift 2
unset LD_LIBRARY_PATH  # by which Sonic Pi 4 would have PipeWire in place of jackd
exec {scsynth} -u {port} "$@"
"""


@dataclass(frozen=True)
class Message:
    """One message without its bundle.

    Attributes:
        when: the second (since 1970) at which it is to take effect, or else was sent.
        timed: whether Sonic Pi said when.
    """

    when: float
    body: bytes
    timed: bool


class Tape:
    """A context manager between Sonic Pi and the scsynth that it starts.

    Attributes:
        messages: all that was sent so far, in order.
        folder: has to come first on Sonic Pi's PATH.
        scsynth_port: where scsynth itself listens.
    """

    def __init__(self, folder: Path) -> None:
        self.messages: list[Message] = []
        self.folder = folder
        self._asked = folder / "port"
        [self.scsynth_port] = free_udp_ports(1)
        self._near = self._socket()
        self._far: dict[tuple[str, int], socket.socket] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Tape:
        self.folder.mkdir()
        program = self.folder / "scsynth"
        program.write_text(PROGRAM.format(scsynth=shutil.which("scsynth"), asked=self._asked, port=self.scsynth_port))
        program.chmod(0o755)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        for one in (self._near, *self._far.values()):
            one.close()

    @staticmethod
    def _socket() -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        return one

    def _listen(self) -> None:
        """Is where Sonic Pi believes scsynth to be, once it has started it: before, it insists on a free port."""
        while not self._stopping.wait(0.02):
            if self._asked.exists() and (port := self._asked.read_text()).endswith("\n"):
                self._near.bind(("127.0.0.1", int(port)))
                return

    def _run(self) -> None:
        self._listen()
        with selectors.DefaultSelector() as selector:
            selector.register(self._near, selectors.EVENT_READ, None)
            while not self._stopping.is_set():
                for key, _ in selector.select(0.1):
                    if key.data is not None:
                        self._near.sendto(key.fileobj.recv(65_535), key.data)  # type: ignore[union-attr]
                        continue
                    datagram, sender = self._near.recvfrom(65_535)
                    if sender not in self._far:  # scsynth answers whoever asked: each has a socket of its own
                        self._far[sender] = self._socket()
                        self._far[sender].bind(("127.0.0.1", 0))
                        selector.register(self._far[sender], selectors.EVENT_READ, sender)
                    self.messages += _messages(datagram, time.time())
                    self._far[sender].sendto(datagram, ("127.0.0.1", self.scsynth_port))

    def holds(self, word: bytes) -> bool:
        return any(word in one.body for one in self.messages)

    def render(self, booted: int, start: int, path: Path, tail: float) -> None:
        """Play what was sent from message `start` on into a WAV of 16 channels.

        Args:
            booted: how many messages the boot took; of those between, only what loads sounds is played, at once.
            tail: seconds after the last message.
        """
        before = self.messages[:booted]
        before += [one for one in self.messages[booted:start] if one.body.startswith((b"/b_alloc", b"/d_"))]
        window = [one for one in self.messages[start:] if one.body.startswith(PLAYED)]
        # What has no time of its own takes effect at once, and before what was sent after it.
        limits = list(accumulate((one.when for one in reversed(window)), min))[::-1]
        timed = [(one.when if one.timed else limit, one.body) for one, limit in zip(window, limits, strict=True)]
        first = min(when for when, _ in timed)
        score = [(0.0, one.body) for one in before if one.body.startswith(PLAYED) and SCOPE not in one.body]
        score += sorted(((when - first + 0.1, body) for when, body in timed), key=lambda entry: entry[0])
        score.append((score[-1][0] + tail, wire.encode("/g_freeAll", (0,))))  # scsynth 3.14 crashes with what is left
        file = path.with_suffix(".osc")
        file.write_bytes(b"".join(_bundle(when, body) for when, body in score))
        command = ["scsynth", "-N", str(file), "_", str(path), "44100", "WAV", "int16", *OPTIONS.split()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        assert "FAILURE IN SERVER /s_new" not in done.stdout, done.stdout


def _bundle(when: float, body: bytes) -> bytes:
    stamp = struct.pack(">II", int(when), int(when % 1 * 2**32))
    return struct.pack(">i", 20 + len(body)) + b"#bundle\0" + stamp + struct.pack(">i", len(body)) + body


def _messages(datagram: bytes, now: float) -> list[Message]:
    if not datagram.startswith(b"#bundle\0"):
        return [Message(now, datagram, False)]
    seconds, fraction = struct.unpack_from(">II", datagram, 8)
    when = seconds - NTP + fraction / 2**32
    found, at = [], 16
    while at < len(datagram):
        (size,) = struct.unpack_from(">i", datagram, at)
        found.append(Message(when, datagram[at + 4 : at + 4 + size], True))
        at += 4 + size
    return found
