"""The real Sonic Pi server as a child process: boot it, run code in it, read what it logs, end it without a trace."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from tests.sonic_pi.servers import FOLDER, Contact, installed
from tests.sonic_pi.tape import Tape

PROGRAMS = ("ruby", "jackd", "jack_wait", "scsynth")
LARGEST_CODE = 16_000  # bytes; more is silently lost on the way to the server


@dataclass(frozen=True)
class Line:
    """One line of Sonic Pi's log.

    Attributes:
        job: the run it belongs to; -1 for messages of the server itself.
        runtime: virtual seconds since that run began (4 decimals, as Sonic Pi logs it).
        kind: "log" (synth, sample), "user" (puts), "warning", "cue", "info", "error" or "syntax error".
        text: as logged; a string that was `puts` stands in quotes.
    """

    job: int
    runtime: float
    kind: str
    text: str


_KINDS = {0: "log", 1: "user", 2: "warning", 3: "warning", 4: "cue", 5: "cue", 6: "cue"}


def missing_programs() -> list[str]:
    """What the harness needs and this machine lacks."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    return lacking if installed() else [*lacking, f"a server in {FOLDER}"]


class SonicPi:
    """A context manager around one Sonic Pi server with a silent sound card, its own HOME and its own ports.

    Args:
        prepare: is called with that HOME before Sonic Pi starts.
    """

    def __init__(self, boot_timeout: float = 60.0, prepare: Callable[[Path], object] | None = None) -> None:
        self._prepare = prepare
        self.lines: list[Line] = []
        self._stops = 0
        self._past = -1
        self._answers: set[str] = set()
        self._changed = threading.Condition()
        self._boot_timeout = boot_timeout
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listening = True
        self._contact: Contact | None = None
        self._children: list[subprocess.Popen[bytes]] = []
        self._open = contextlib.ExitStack()

    def __enter__(self) -> SonicPi:
        self.home = Path(tempfile.mkdtemp(prefix="sonic-pi-test-"))
        try:
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def run(self, code: str) -> None:
        """Runs code as the Run button does; it goes on in the background."""
        if len(code.encode()) > LARGEST_CODE:
            raise ValueError(f"Sonic Pi silently loses code of more than {LARGEST_CODE} bytes; use eval_file")
        self._send("/run-code", code)

    def stop_all(self) -> None:
        """Presses Stop, and waits until every run has ended. What they say later is lost: 4.x tells notes in time."""
        self._stops += 1
        marker = f'"stopped for the {self._stops}. time"'
        self._send("/stop-all-jobs")
        self._send("/run-code", f"sleep 0.1\nputs {marker}")
        lines = self.wait_for(lambda lines: any(line.text == marker for line in lines), "all runs to stop")
        self._past = next(line.job for line in lines if line.text == marker)

    def wait_for(self, seen: Callable[[list[Line]], object], what: str, timeout: float = 30.0) -> list[Line]:
        """Waits until `seen` is true of the log, and returns the log.

        Raises:
            AssertionError: it was not within `timeout` seconds; the text holds the end of the log.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: seen(self.lines), timeout):
                tail = "\n".join(f"{line.runtime:9.4f} {line.kind}: {line.text}" for line in self.lines[-40:])
                raise AssertionError(f"waited {timeout} s for {what}; the log ends with\n{tail}")
            return list(self.lines)

    def texts(self, kind: str) -> list[str]:
        """The texts of one kind that were logged so far."""
        with self._changed:
            return [line.text for line in self.lines if line.kind == kind]

    def clear(self) -> None:
        """Forgets the log."""
        with self._changed:
            self.lines.clear()

    def render(self, start: int, path: Path, tail: float = 3.0) -> None:
        """Plays what was sent to scsynth since the tape held `start` messages into a WAV, not in real time."""
        self.tape.render(self._booted, start, path, tail)

    def _boot(self) -> None:
        settings = self.home / ".sonic-pi"
        (settings / "log").mkdir(parents=True)
        (settings / "settings.json").write_text('{"no_update_checking": true}')
        if self._prepare:
            self._prepare(self.home)
        self.tape = self._open.enter_context(Tape(self.home / "bin"))
        self.scsynth_port = self.tape.scsynth_port
        jack = f"amt{os.getpid()}x{self.scsynth_port}"
        self._environment = {
            **os.environ, "HOME": str(self.home), "SONIC_PI_HOME": str(self.home), "TMPDIR": str(self.home),
            "PATH": f"{self.tape.folder}:{os.environ['PATH']}", "TAU_MIDI_ENABLED": "false",
            "JACK_NO_AUDIO_RESERVATION": "1", "JACK_NO_START_SERVER": "1", "JACK_DEFAULT_SERVER": jack,
        }  # fmt: skip
        self._start(*f"jackd --no-realtime --no-mlock --timeout 5000 --name {jack} -d dummy -r 44100 -p 1024".split())
        wait = ["jack_wait", "-s", jack, "-w", "-t", "10"]
        subprocess.run(wait, env=self._environment, check=True, capture_output=True, timeout=20)
        start = installed()
        assert start is not None, missing_programs()
        self._contact = start(self._start)
        self.cue_port = self._contact.cues
        self._socket.bind(("127.0.0.1", self._contact.window))
        self._socket.settimeout(0.2)
        self._listener.start()
        deadline = time.monotonic() + self._boot_timeout
        while not self._answered("/ack", 0.2) or not self.tape.holds(b"pre_amp"):
            self._send("/mixer-amp", 1.0, 1)  # as the window does; 4.x is several times as loud until it does
            self._send("/ping", "0")
            if self._children[-1].poll() is not None or time.monotonic() > deadline:
                log = "".join(path.read_text(errors="replace")[-3000:] for path in self.home.glob("**/*.log"))
                raise RuntimeError(f"the Sonic Pi server did not answer; its output ends with\n{log}")
        self._booted = len(self.tape.messages)
        # the process that hears OSC starts beside this, and does not hear what is said to it too early
        knock = OscMessageBuilder("/knock").build().dgram
        heard = False
        while not heard:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the Sonic Pi server hears no OSC at port {self.cue_port}")
            self._send("/cue-port-internal")
            self._send("/cue-port-start")
            self._socket.sendto(knock, ("127.0.0.1", self.cue_port))
            heard = self._answered("/incoming/osc", 1.0)

    def _start(self, *command: object) -> Callable[[], str]:
        """A child that ends with this context; gives what tells its output."""
        output = self.home / f"{command[0]}.log"
        with output.open("wb") as log:
            self._children.append(
                subprocess.Popen(
                    list(map(str, command)),
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.home,
                    start_new_session=True,
                )
            )
        return lambda: output.read_text(errors="replace")

    def _send(self, address: str, *values: str | float, port: int | None = None) -> None:
        assert self._contact is not None
        builder = OscMessageBuilder(address)
        for value in (self._contact.token, *values):
            builder.add_arg(value)
        self._socket.sendto(builder.build().dgram, ("127.0.0.1", port or self._contact.server))

    def _answered(self, address: str, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: address in self._answers, timeout)

    def _listen(self) -> None:
        assert self._contact is not None
        alive = 0.0
        while self._listening:
            if self._contact.daemon and time.monotonic() > alive + 2:
                alive = time.monotonic()
                self._send("/daemon/keep-alive", port=self._contact.daemon)
            try:
                datagram = self._socket.recv(65_535)
            except TimeoutError:
                continue
            message = OscMessage(datagram)
            with self._changed:
                self._answers.add(message.address)
                lines = _lines(message.address, list(message))
                self.lines.extend(line for line in lines if not 0 <= line.job <= self._past)
                self._changed.notify_all()

    def __exit__(self, *_: object) -> None:
        if self._contact:
            self._send("/stop-all-jobs")
            self._send("/exit")
            self._answered("/exited", 5.0)
        for child in reversed(self._children):
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(15.0)
            _end(child.pid)
            child.wait()
        self._open.close()
        self._listening = False
        if self._listener.is_alive():
            self._listener.join()
        self._socket.close()
        shutil.rmtree(self.home, ignore_errors=True)


def _lines(address: str, values: list[object]) -> list[Line]:
    if address == "/log/multi_message":
        job, _thread, runtime, count, *pairs = values
        texts = zip(pairs[0::2], pairs[1::2], strict=True)
        return [Line(int(job), float(runtime), _KINDS[kind], text) for kind, text in list(texts)[: int(count)]]
    if address == "/log/info":
        return [Line(-1, 0.0, "info", str(values[1]))]
    if address == "/error":
        return [Line(int(values[0]), 0.0, "error", str(values[1]))]
    if address == "/syntax_error":
        return [Line(int(values[0]), 0.0, "syntax error", str(values[1]))]
    return []


def _end(group: int) -> None:
    """Ends what a server has left behind in its process group (scsynth, erlang), and waits until it is gone."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        for _ in range(50):
            try:
                os.killpg(group, sent)
            except ProcessLookupError:
                return
            time.sleep(0.05)
