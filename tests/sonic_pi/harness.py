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

from tests.sonic_pi.tape import Tape

SERVER = Path("/usr/lib/sonic-pi/app/server/ruby/bin/sonic-pi-server.rb")
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
    return lacking if SERVER.exists() else [*lacking, str(SERVER)]


def free_udp_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that are free now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class SonicPi:
    """A context manager around one Sonic Pi server with a silent sound card, its own HOME and its own ports.

    Args:
        prepare: is called with that HOME before Sonic Pi starts.
    """

    def __init__(self, boot_timeout: float = 60.0, prepare: Callable[[Path], object] | None = None) -> None:
        self._prepare = prepare
        self.lines: list[Line] = []
        self._stops = 0
        self._answers: set[str] = set()
        self._changed = threading.Condition()
        self._boot_timeout = boot_timeout
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listening = True
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
        """Presses Stop, and waits until every run has ended and all that they said has come."""
        self._stops += 1
        marker = f"stopped for the {self._stops}. time"
        self._send("/stop-all-jobs")
        self._send("/run-code", f'sleep 0.1\nputs "{marker}"')
        self.wait_for(lambda lines: any(marker in line.text for line in lines), "all runs to stop")

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
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self._listener.start()
        gui = self._socket.getsockname()[1]
        self._port, self.scsynth_port, self.cue_port, tape_port, erlang, midi_out, midi_in, web = free_udp_ports(8)
        settings = self.home / ".sonic-pi"
        (settings / "log").mkdir(parents=True)
        (settings / "settings.json").write_text('{"no_update_checking": true}')
        if self._prepare:
            self._prepare(self.home)
        jack = f"amt{os.getpid()}x{gui}"
        environment = {
            **os.environ, "HOME": str(self.home), "SONIC_PI_HOME": str(self.home), "TMPDIR": str(self.home),
            "JACK_NO_AUDIO_RESERVATION": "1", "JACK_NO_START_SERVER": "1", "JACK_DEFAULT_SERVER": jack,
        }  # fmt: skip
        jackd = "jackd --no-realtime --no-mlock --timeout 5000 --name NAME -d dummy --rate 44100 --period 1024"
        self._spawn(*jackd.replace("NAME", jack).split(), environment=environment)
        wait = ["jack_wait", "-s", jack, "-w", "-t", "10"]
        subprocess.run(wait, env=environment, check=True, capture_output=True, timeout=20)
        ports = (self._port, gui, self.scsynth_port, tape_port, self.cue_port, erlang, midi_out, midi_in, web)
        self._spawn("ruby", "-E", "utf-8", str(SERVER), "-u", *map(str, ports), environment=environment)
        deadline = time.monotonic() + self._boot_timeout
        self.tape = Tape(self.scsynth_port)
        while not self._answered("/ack", 0.2):
            if not self.tape.port and _was_free(tape_port, (self.home / "ruby.log").read_text(errors="replace")):
                self.tape.listen(tape_port)
                self._open.enter_context(self.tape)
            self._send("/ping", "0")
            if self._children[-1].poll() is not None or time.monotonic() > deadline:
                log = (self.home / "ruby.log").read_text(errors="replace")[-3000:]
                raise RuntimeError(f"the Sonic Pi server did not answer; its output ends with\n{log}")
        self._booted = len(self.tape.messages)
        self._send("/cue-port-internal")
        self._send("/cue-port-start")

    def _spawn(self, *command: str, environment: dict[str, str]) -> None:
        with (self.home / f"{command[0]}.log").open("wb") as log:
            self._children.append(
                subprocess.Popen(
                    command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home
                )
            )

    def _send(self, address: str, *values: str) -> None:
        builder = OscMessageBuilder(address)
        for value in ("amt-tests", *values):
            builder.add_arg(value, "s")
        self._socket.sendto(builder.build().dgram, ("127.0.0.1", self._port))

    def _answered(self, address: str, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: address in self._answers, timeout)

    def _listen(self) -> None:
        while self._listening:
            try:
                datagram = self._socket.recv(65_535)
            except TimeoutError:
                continue
            message = OscMessage(datagram)
            with self._changed:
                self._answers.add(message.address)
                self.lines.extend(_lines(message.address, list(message)))
                self._changed.notify_all()

    def __exit__(self, *_: object) -> None:
        if self._children:
            if len(self._children) > 1:
                self._send("/stop-all-jobs")
                self._send("/exit")
                self._answered("/exited", 5.0)
            for pid in self._registered():
                _end(pid)
            for child in reversed(self._children):
                child.terminate()
                try:
                    child.wait(5.0)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
        self._open.close()
        self._listening = False
        if self._listener.is_alive():
            self._listener.join()
        self._socket.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def _registered(self) -> list[int]:
        """Processes that the server started and may leave behind: scsynth, erlang."""
        folder = self.home / "sonic-pi-pids"
        return [int(entry.name) for entry in folder.iterdir() if entry.name.isdigit()] if folder.is_dir() else []


def _was_free(port: int, log: str) -> bool:
    """Has the Sonic Pi server seen that nobody has this port, as it insists on?"""
    return f"port: {port}\n  - OK" in log


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


def _end(pid: int) -> None:
    """Ends a process that is not our child, and waits until it is gone."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sent)
        for _ in range(50):
            if not _alive(pid):
                return
            time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(OSError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return True
