"""What the client does when the server is absent, refuses, or packets get lost. Only the fault is staged."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from osc_bridge.messages import MAX_VALUES
from tests.osc_bridge.slow_server import slow_server

Drop = Callable[[OscMessage], bool]


@dataclass
class Relay:
    """Stands between client and server on a port of its own and loses what `drop` names, either way."""

    target: int
    drop: Drop
    sent: list[OscMessage] = field(default_factory=list)
    received: list[OscMessage] = field(default_factory=list)
    lost: list[OscMessage] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[int]:
        front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        front.bind(("127.0.0.1", 0))
        back.connect(("127.0.0.1", self.target))
        client: list[tuple[str, int]] = []

        def outward() -> None:
            while datagram := front.recvfrom(65536):
                if not datagram[0]:
                    return
                client[:] = [datagram[1]]
                self.carry(datagram[0], self.sent, back.send)

        def inward() -> None:
            while datagram := back.recv(65536):
                self.carry(datagram, self.received, lambda data: front.sendto(data, client[0]))

        threads = [threading.Thread(target=run, daemon=True) for run in (outward, inward)]
        for thread in threads:
            thread.start()
        try:
            yield front.getsockname()[1]
        finally:
            # An empty datagram ends the first thread; the second one ends with its socket.
            back_stop = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            back_stop.sendto(b"", front.getsockname())
            back_stop.close()
            threads[0].join()
            back.shutdown(socket.SHUT_RDWR)
            threads[1].join()
            back.close()
            front.close()

    def carry(self, datagram: bytes, log: list[OscMessage], forward: Callable[[bytes], object]) -> None:
        message = OscMessage(datagram)
        log.append(message)
        if self.drop(message):
            self.lost.append(message)
        else:
            forward(datagram)


def of(messages: list[OscMessage], address: str) -> list[OscMessage]:
    return [message for message in messages if message.address == address]


def times(count: int, address: str) -> Drop:
    """Loses the first `count` messages of an address."""
    left = [count]

    def drop(message: OscMessage) -> bool:
        if message.address == address and left[0] > 0:
            left[0] -= 1
            return True
        return False

    return drop


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that takes everything and answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        yield silent.getsockname()[1]


def test_an_absent_server_warns_once_throws_in_a_thread_and_rests_in_a_pattern(sclang, recording, deaf_port):
    outcome = sclang.script("absent", deaf_port, "absent")
    assert outcome.said("asked") == [["false"]]
    assert outcome.text.count("midinfinite-osc serve --port") == 2, "one warning, one error thrown\n" + outcome.text
    assert outcome.text.count("WARNING:") == 1
    ((kind, code, text),) = outcome.said("thrown")
    assert (kind, code) == ("AMTError", "absent")
    assert "start the music server" in text
    events = recording(outcome, "rests").events
    assert len(events) >= 4
    assert all(event.rest and event.dur == 1 for event in events)
    assert outcome.said("default is intact") == [["true"]]


def test_a_pattern_plays_by_itself_once_the_server_is_there(sclang, recording, amt_server):
    relay = Relay(amt_server.port, lambda _: len(relay.sent) <= 8)
    with relay.running() as port:
        outcome = sclang.script("returns", port, "returns")
    played = recording(outcome, "returns")
    first = next(index for index, event in enumerate(played.events) if not event.rest)
    assert first >= 3, "the server was deaf at first"
    assert all(event.dur == 1 for event in played.events[: first - 1])
    sounded = [event for event in played.events if not event.rest]
    assert len({event.bar for event in sounded}) == 2
    assert played.end % 4 == pytest.approx(0, abs=1e-6)


def test_a_server_that_still_prepares_its_model_is_waited_for_with_one_message(sclang, recording, tmp_path):
    """Far beyond the timeout, in a thread, at top level and in a pattern; then everything comes by itself."""
    with (
        slow_server(tmp_path) as slow,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as told,
        ThreadPoolExecutor() as pool,
    ):
        told.bind(("127.0.0.1", 0))
        told.settimeout(60)
        ended = pool.submit(sclang.script, "preparing", slow.port, "preparing", told.getsockname()[1], seconds=80)
        assert OscMessage(told.recv(100)).address == "/test/waited"
        slow.go_on()
        outcome = ended.result()
    first = {int(bar) for name in ("top", "fork") for (bar,) in outcome.said(name)}
    events = recording(outcome, "pattern").events
    sounding = [event for event in events if not event.rest]
    assert first | {event.bar for event in sounding} == {0, 1, 2, 3}
    assert len(first) == len({event.bar for event in sounding}) == 2
    assert all(event.rest and event.dur == 1 for event in events[:10]), "it keeps time meanwhile"
    assert {event.program for event in sounding} == {33}
    assert outcome.text.count("still preparing the model") == 1
    assert outcome.text.count("the music server is ready") == 1
    assert "no answer" not in outcome.text
    assert "WARNING" not in outcome.text


def test_refusals_are_thrown_where_they_were_typed_and_say_what_is_valid(sclang, amt_server):
    outcome = sclang.script("errors", amt_server.port, "errors")
    hints = {
        "refused by the server": "name",
        "many bars": "1 to 64",
        "no bars": "1 to 64",
        "half a bar": "1 to 64",
        "no bars of a pattern": "1 to 64",
        "bars of a pattern": "1 to 64, not 'many'",
        "seed": 'seed is a whole number, not "seven"',
        "half a seed": "whole number, not 7.5",
        "no name": "not nil",
        "number for a name": "not 5",
        "in a Pbind": ".pattern",
        "nil value": "number",
        "key": "did you mean temperature",
        "other key": "the keys are tempo, meter",
        "value": "0 to 1",
        "instrument": "did you mean piano",
        "muted": "did you mean drums",
        "scale": "did you mean dorian",
        "clock": "TempoClock",
        "only": "did you mean drums",
        "program": "0 to 127",
        "timeout": "0.1 to 600",
        "unmuted": "unmutes all",
        "nobody muted": "nil names no instrument",
        "nil among names": "not nil",
        "following": "true or false, not 3",
        "no client": "pamt(~amt, bars: 4), not 3",
        "repeats": 'inf for ever, not "x"',
    }
    for name, hint in hints.items():
        ((kind, code, text),) = outcome.said(name)
        assert kind == "AMTError", name
        assert code != "absent"
        assert hint.lower() in text.lower(), (name, text)
    assert outcome.said("after all") == [["nothing"]]


def test_a_wrong_value_that_nobody_catches_is_posted_in_one_line(sclang, test_folder, amt_server):
    script = test_folder / "scripts" / "wrong_values.scd"
    outcome = sclang.execute(test_folder / "harness.scd", script, amt_server.port, "sclang wrong values", 55)
    _, _, text = outcome.text.partition("*** Welcome to SuperCollider")
    lines = iter(text.splitlines()[1:])
    hints = {
        "range": "52 is above 28",
        "steps": "0 to 11, not 99",
        "step by name": 'no scale is called "0 4 x"',
        "no scale": "dominant_diminished, super_locrian",
        "no tonic": 'not ""',
        "value": "density is 0 to 1, not 7",
        "128 instruments": f"at most {MAX_VALUES} values, not 128",
        "30000 muted": f"at most {MAX_VALUES} values, not 30000",
        "long": "at most 64 characters, not 80000",
        "right": "",
    }
    for name, hint in hints.items():
        posted = list(iter(lambda: next(lines), f"@answered\t240.0\t{name}"))
        assert len(posted) == (1 if hint else 0), (name, posted)
        assert all(line.startswith(("ERROR: AMT: ", "WARNING: AMT: ")) and hint in line for line in posted), posted


def test_refusals_of_the_server_at_top_level_are_posted_once(sclang, amt_server):
    outcome = sclang.script("top_level_errors", amt_server.port, "top level errors")
    assert outcome.text.count("WARNING:") == 1
    assert outcome.said("lives") == [["4.0"]]


@pytest.mark.parametrize("address", ["/amt/next", "/amt/next.reply", "/amt/bar", "/amt/hello", "/amt/set.reply"])
def test_lost_packets_are_asked_for_again_and_cost_no_music(sclang, amt_server, address):
    relay = Relay(amt_server.port, times(2, address))
    with relay.running() as port:
        outcome = sclang.script("lost", port, f"lost {address}")
    assert len(relay.lost) == 2
    (first, count, notes, beats) = map(float, outcome.said("first")[0])
    assert (first, count, beats) == (0, 2, 8)
    assert float(outcome.said("second")[0][0]) == 2
    arrived = [message.params for message in of(relay.received, "/amt/bar")]
    sizes = {(index, part): size for index, _, part, _, _, size, *_ in arrived if index in (0, 1)}
    assert notes == sum(sizes.values()) > 0
    ids = [message.params[0] for message in of(relay.sent, "/amt/next")]
    assert len(set(ids)) == 2


def test_cmd_period_stops_waiting_threads_and_the_client_works_on(sclang, recording, amt_server):
    passing = threading.Event()

    def drop(message: OscMessage) -> bool:
        if message.address == "/test/pass":
            passing.set()
        return message.address == "/test/pass" or (message.address == "/amt/next" and not passing.is_set())

    relay = Relay(amt_server.port, drop)
    with relay.running() as port:
        outcome = sclang.script("cmd_period", port, "cmd period")
    assert outcome.said("before") == [["true"]]
    assert outcome.said("after") == [["true", "cancelled", "false"]]
    assert "went on" not in outcome.text
    played = recording(outcome, "again")
    ((first, count),) = outcome.said("phrase", "again")
    played.check_music(played.end - 4, int(first), int(count))


def encode(address: str, *values: int | str) -> bytes:
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value, "s" if isinstance(value, str) else "i")
    return builder.build().dgram


class Scripted:
    """Answers that no real server gives on demand: bars in several parts, another protocol, a restart, late bars."""

    def __init__(
        self,
        version: int = 1,
        firsts: tuple[int, ...] = (0,),
        deaf: int = 0,
        asleep: bool = False,
        strangers: bool = False,
    ) -> None:
        self.version = version
        self.strangers = strangers
        self.session = ""
        self.asleep = asleep
        self.deaf = deaf
        self.firsts = list(firsts)
        self.notes = [(120 * step, 100, 40 + step % 60, 1 + step % 127, step % 129) for step in range(16)]
        self.log: list[OscMessage] = []

    def answers(self, message: OscMessage) -> list[bytes]:
        self.log.append(message)
        values = message.params
        if message.address == "/test/wake":
            self.asleep = False
        if self.asleep:
            return []
        match message.address:
            case "/amt/hello":
                self.session = values[1]
                return [encode("/amt/hello.reply", self.version, "scripted", "none", values[1], 0)]
            case "/test/restart":
                self.session = "main"
            case "/amt/get":
                return [encode("/amt/set.reply", values[0], "0.5")]
            case "/amt/status" if self.strangers:
                return [encode("/amt/status.reply", "version", "scripted", "session", self.session)]
            case "/amt/set":
                return [encode("/amt/set.reply", values[0])]
            case "/amt/status":
                return [encode("/amt/status.reply", "version", "scripted")]
            case "/amt/next" if self.deaf > 0:
                self.deaf -= 1
            case "/amt/next":
                first = self.firsts.pop(0)
                parts = [
                    encode("/amt/bar", first, 3, part, 4, 1920, 4, *sum(self.notes[4 * part : 4 * part + 4], ()))
                    for part in (2, 0, 3, 1)
                ]
                return [parts[0], *parts, encode("/amt/next.reply", values[0], first, 1)]
        return []

    @contextmanager
    def running(self) -> Iterator[int]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))

            def serve() -> None:
                while True:
                    datagram, client = server.recvfrom(65536)
                    if not datagram:
                        return
                    for answer in self.answers(OscMessage(datagram)):
                        server.sendto(answer, client)

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            yield server.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
                stop.sendto(b"", server.getsockname())
            thread.join()


def test_a_bar_in_several_parts_is_put_together(sclang):
    scripted = Scripted()
    with scripted.running() as port:
        outcome = sclang.script("parts", port, "parts")
    got = [tuple(map(float, words)) for words in outcome.said("note")]
    assert len(got) == len(scripted.notes)
    for mine, (onset, duration, *rest) in zip(got, scripted.notes, strict=True):
        assert mine == pytest.approx((onset / 480, duration / 480, *rest), abs=1e-6)
    assert outcome.text.count("WARNING:") == 0


def test_another_protocol_version_is_named(sclang):
    with Scripted(version=2).running() as port:
        outcome = sclang.script("parts", port, "parts")
    assert "protocol 2" in outcome.text


def test_a_restarted_server_is_told_again_what_was_set(sclang):
    scripted = Scripted(firsts=(0, 1, 0, 0, 1))
    with scripted.running() as port:
        outcome = sclang.script("restart", port, "restart")
    assert outcome.said("first") == [["0"], ["1"], ["0"], ["0"], ["1"]]
    addresses = [message.address for message in scripted.log]
    again = addresses.index("/amt/hello", 1)
    assert addresses[:again].count("/amt/next") == 3
    resent = scripted.log[again + 1 :]
    until = [message.address for message in resent].index("/amt/next")
    assert [message.params[:2] for message in resent[:until]] == [
        ["tempo", 240.0],
        ["meter", 4],
        ["instruments", "bass"],
        ["range", "bass"],
        ["range", "piano"],
    ]
    assert addresses.count("/amt/hello") == 2


def test_what_was_set_while_nobody_answered_is_told_before_anything_else(sclang):
    scripted = Scripted(asleep=True)
    with scripted.running() as port:
        outcome = sclang.script("kept", port, "kept")
    assert outcome.said("failed") == [["absent"]]
    assert outcome.said("first") == [["0"]]
    log = [[message.address, *message.params[:2]] for message in scripted.log]
    awake = log[log.index(["/test/wake"]) + 1 :]
    until = next(place for place, message in enumerate(awake) if message[0] == "/amt/next")
    told = [message[1:] for message in awake[:until] if message[0] == "/amt/set"]
    assert sorted(told) == [
        ["density", pytest.approx(0.4)],  # and not what it was to be before
        *(["meter", 4], ["range", "bass"], ["swing", 0.5], ["tempo", 240.0]),
    ]


def test_a_server_that_was_restarted_in_a_silence_is_asked_before_it_is_told(sclang):
    scripted = Scripted(strangers=True)
    with scripted.running() as port:
        outcome = sclang.script("strangers", port, "strangers")
    assert outcome.said("density") == [["0.5"], ["0.5"]]
    addresses = [message.address for message in scripted.log]
    _, again = (place for place, address in enumerate(addresses) if address == "/amt/hello")
    assert addresses[again - 1] == "/amt/status", "nothing is set in a session that is not its own"
    assert [message.params[0] for message in scripted.log[again:] if message.address == "/amt/set"] == [
        *("tempo", "meter", "density"),
        "swing",
    ]


def test_a_wrong_address_is_refused_with_what_to_do(sclang):
    outcome = sclang.script("address", 0, "address")
    for name in ("port", "computer"):
        ((kind, text),) = outcome.said(name)
        assert kind == "AMTError"
        assert "65535" in text or "127.0.0.1" in text


def test_a_busy_sclang_does_not_take_the_server_for_absent(sclang, amt_server):
    outcome = sclang.script("stall", amt_server.port, "stall")
    assert outcome.said("failed") == []
    assert outcome.said("second") == [[]]


def test_a_server_that_lives_is_waited_for_beyond_the_timeout(sclang):
    scripted = Scripted(deaf=8)
    with scripted.running() as port:
        outcome = sclang.script("slow", port, "slow")
    assert outcome.said("ready") == [["0"]]
    assert "WARNING" not in outcome.text
    asked = of(scripted.log, "/amt/next")
    assert len(asked) == 9
    assert len({message.params[0] for message in asked}) == 1
