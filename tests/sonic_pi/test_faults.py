"""Absent, silent, late and restarted servers, lost datagrams, and what a user may type: time goes on exactly."""

from __future__ import annotations

import contextlib
import re
import socket
from pathlib import Path

import pytest
from pythonosc.udp_client import SimpleUDPClient

from osc_bridge import wire
from tests.conftest import AmtServer, start_server, stop_server
from tests.osc_bridge.slow_server import first_answer, slow_server
from tests.ports import free_udp_ports
from tests.sonic_pi.harness import Line, SonicPi
from tests.sonic_pi.performance import (
    BAR,
    EXACT,
    LINKED,
    WITHIN,
    assert_exact,
    begun,
    loop,
    no_errors,
    programs,
    said,
    says,
    starts,
)
from tests.sonic_pi.relay import Relay


def test_a_silent_server_makes_the_last_bars_repeat_and_the_loop_recovers(
    sonic_pi: SonicPi, amt_server: AmtServer
) -> None:
    with Relay(amt_server.port) as relay:
        sonic_pi.run(loop(relay.port, "silence", first="amt_instruments :piano, :drums", bpm=240))
        sonic_pi.wait_for(begun(3), "three bars", 60)
        relay.silent = True
        sonic_pi.wait_for(lambda lines: says(lines, "no new bar"), "the message", 60)
        silent_from = len(starts(sonic_pi.lines))
        sonic_pi.wait_for(begun(silent_from + 2), "two repeated bars", 60)
        relay.silent = False
        sonic_pi.wait_for(lambda lines: says(lines, "new bars again"), "the recovery", 60)
        newest = max(bar.n for bar in starts(sonic_pi.lines))
        sonic_pi.wait_for(lambda lines: starts(lines)[-1].n >= newest + 2, "bars after the silence", 60)
        bars = starts(sonic_pi.lines)
    assert_exact(bars, 1.0)
    numbers = [bar.n for bar in bars]
    fresh = list(dict.fromkeys(numbers))
    assert len(numbers) > len(fresh), "nothing repeated"
    assert fresh == list(range(len(fresh))), "the piece goes on where it stood"
    messages = [text for text in said(sonic_pi.lines) if "no new bar" in text or "again" in text]
    assert ["no new bar" in text for text in messages] == [True, False] * (len(messages) // 2), "one for each silence"
    assert no_errors(sonic_pi)


def test_an_absent_server_costs_one_message_and_no_time(sonic_pi: SonicPi) -> None:
    [port] = free_udp_ports(1)
    sonic_pi.run(loop(port, "absent") + "\nlive_loop(:clock, sync: :amt) { puts 'clock', vt; sleep 4 }")
    lines = sonic_pi.wait_for(lambda lines: len(said(lines, "clock")) >= 3, "three bars of the user's own loop", 60)
    times = [float(time) for time in said(lines, "clock")]
    assert not starts(lines)
    assert [round(time - times[0], EXACT) for time in times[:3]] == [n * BAR for n in range(3)]
    [message] = [text for text in said(lines) if "AMT" in text]
    assert "midinfinite-osc serve" in message
    assert str(port) in message
    assert no_errors(sonic_pi)


def test_a_server_that_prepares_its_model_says_so_once_and_is_joined_when_it_is_ready(
    sonic_pi: SonicPi, tmp_path: Path
) -> None:
    with slow_server(tmp_path) as slow:
        first_answer(slow.port, "/amt/status")
        clock = "live_loop(:clock) { puts 'clock', vt; sleep 4 }"
        sonic_pi.run(f"{loop(slow.port, 'preparing', first='amt_instruments :trumpet', bpm=240)}\n{clock}")
        sonic_pi.wait_for(lambda lines: len(said(lines, "clock")) >= 6, "six bars", 60)
        slow.go_on()
        bars = starts(sonic_pi.wait_for(begun(3), "three bars", 60))
    messages = [text for text in said(sonic_pi.lines) if "AMT: " in text]
    assert ["still preparing the model" in text for text in messages] == [True, False]
    assert "new bars" in messages[1] or "connected" in messages[1]
    assert programs(bars) == {56}, "steered as before"
    assert_exact(bars, 1.0)
    assert no_errors(sonic_pi)


def test_a_server_that_starts_later_is_joined_with_what_was_set(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    steering = "amt_instruments :trumpet, :drums\namt_mute :drums\namt_solo"
    with Relay(amt_server.port) as relay:
        relay.silent = True
        sonic_pi.run(loop(relay.port, "later", first=steering))
        sonic_pi.wait_for(lambda lines: says(lines, "no server"), "the message", 60)
        relay.silent = False
        bars = starts(sonic_pi.wait_for(begun(3), "three bars", 60))
        assert ("/amt/set", "mute", "drums") in relay.requests
        assert ("/amt/set", "solo") in relay.requests
    assert programs(bars) == {56}
    assert_exact(bars)


def test_a_killed_and_restarted_server_is_joined_again(sonic_pi: SonicPi, tmp_path: Path) -> None:
    first = start_server(tmp_path)
    try:
        sonic_pi.run(loop(first.port, "restart", first="amt_instruments :trumpet", bpm=240))
        sonic_pi.wait_for(begun(3), "three bars", 60)
        first.process.kill()
    finally:
        stop_server(first)
    sonic_pi.wait_for(lambda lines: says(lines, "no new bar"), "the message", 60)
    sonic_pi.run('amt_save "lost"')
    sonic_pi.wait_for(lambda lines: says(lines, "AMT: no answer from"), "a word on what was asked for by hand", 60)
    second = start_server(tmp_path, "--port", str(first.port))
    try:
        sonic_pi.wait_for(lambda lines: says(lines, "new bars again"), "the recovery", 60)
        newest = max(bar.n for bar in starts(sonic_pi.lines))
        sonic_pi.wait_for(lambda lines: starts(lines)[-1].n >= newest + 2, "more bars", 60)
        bars = starts(sonic_pi.lines)
    finally:
        stop_server(second)
    assert_exact(bars, 1.0)
    assert programs(bars) == {56}, "steered as before"
    assert no_errors(sonic_pi)


@pytest.mark.parametrize("follows_link", [False, True])
def test_bars_in_several_parts_are_played_whole_and_a_lost_part_is_asked_for_in_time(
    sonic_pi: SonicPi, amt_server: AmtServer, request: pytest.FixtureRequest, follows_link: bool
) -> None:
    """A bar of more than 300 notes comes in parts; here the relay makes three of every one, and loses some once."""
    if follows_link:
        request.getfixturevalue("link")(120)
    sent: dict[int, int] = {}
    lost: set[int] = set()
    early: set[int] = set()

    def in_parts(datagram: bytes) -> list[bytes]:
        [message] = wire.decode(datagram)
        if not message.address.startswith("/amt/bar/"):
            return [datagram]
        index, revision, _, _, ticks, count, *flat = message.values
        assert isinstance(index, int)
        assert isinstance(count, int)
        sent[index] = count
        cut = [0, count // 3, 2 * count // 3, count]
        parts = []
        for part in range(3):
            notes = flat[5 * cut[part] : 5 * cut[part + 1]]
            parts.append(wire.encode(message.address, [index, revision, part, 3, ticks, len(notes) // 5, *notes]))
        if index in (3, 5, 7) and index not in lost:
            lost.add(index)
            if [wanted[1] for wanted in relay.requests if wanted[0] == "/amt/want"][-1] < index:  # type: ignore[operator]
                early.add(index)  # at least a bar before its turn
            del parts[index % 3]
        return parts

    with Relay(amt_server.port, in_parts) as relay:
        session, bpm = ("linked parts", None) if follows_link else ("parts", 120)
        sonic_pi.run(loop(relay.port, session, first="amt_instruments :piano, :bass, :drums", bpm=bpm))
        lines = sonic_pi.wait_for(lambda lines: any(bar.n == 8 for bar in starts(lines)), "nine bars", 90)
    bars = starts(lines)
    numbers = [bar.n for bar in bars]
    assert lost == {3, 5, 7}
    assert early, "nothing was lost in time to be asked for again"
    assert [numbers[numbers.index(index) - 1] for index in early] == [index - 1 for index in early], "no bar repeats"
    assert list(dict.fromkeys(numbers)) == list(range(9))
    assert [len(bar.onsets) for bar in bars] == [sent[bar.n] for bar in bars], "every note of every part"
    assert_exact(bars, 2.0, LINKED if follows_link else WITHIN)
    assert no_errors(sonic_pi)


WRONG = {
    "amt_instruments :pianoo": "chromatic_percussion",
    "amt_set densty: 1": "density",
    "amt_set": "density",
    "amt_set temperature: 9": "0.1..2",
    "amt_set temperature: 0.0/0": "0.1..2",
    "amt_set meter: [3, 5]": "2, 4, 8, 16",
    "amt_set density: 0.7, meter: [3.5, 4]": "unit (2, 4, 8, 16), not [3.5, 4]: beats takes a whole number",
    "amt_set horizon: 2.5": "not 2.5: bars takes a whole number",
    "amt_set range: nil": "range: takes name, low (0..127), high (0..127), not nil",
    "amt_set range: [nil, 1, 2]": "not [nil, 1, 2]",
    "amt_set polyphony: nil": "polyphony: takes instrument, notes (1..64), not nil",
    "amt_set density: nil": "0..1), not nil",
    "amt_set key: [nil, nil]": "not [nil, nil]",
    "amt_set density: 0.0..0.5": "0..1), not 0.0..0.5",
    "amt_set seed: 1.0/0": "0..2147483647), not Infinity",
    "amt_reset -1": "0..2147483647), not -1",
    "amt_set instruments: [:piano] * 65": "takes instrument, at most 64, not",
    "amt_mute :drumz": "Families",
    "amt_solo 200": "Families",
    "amt_loop :a, only: :pianoo": "drums",
    "amt_loop :a, fx: :reverbb": "gverb",
    "amt_loop :a, fx: {mix: 1}": "reverb",
    "amt_loop :a, amp: '1'": "number",
    "amt_loop :a, midi: 3": "channel",
    "amt_loop :a, map: :piano": "bass: :tb303",
    "amt_next bars: 0": "1 to 12",
    "amt_only amt_next": "amt_only(amt_next, :bass",
    "amt_only :drums": "beats",
    "amt_play 3": "beats",
    "amt_play []": "beats",
    "amt_play({beats: 1.0/0, notes: []})": "beats",
    "amt_play({beats: 1, notes: [{at: 0}]})": "program",
    "amt_map bass: :fmm": "tb303",
    "amt_map bass: [:fm, {fx: :ekko}]": "echo",
    "amt_map basso: :fm": "Families",
    "amt_map bass: [:fm, 3]": "a hash",
    "amt_map :bass, :fm": "amt_map bass: :tb303",
    "amt_set :density, 0.5": "amt_set density: 0.7",
    "amt_save nil": "1 to 64",
    "amt_save 'x' * 9000": "1 to 64",
    "amt_connect port: 0": "65535",
    "amt_connect session: ''": "1 to 64",
    "amt_connect host: 'a b'": "address",
}


def test_wrong_names_and_values_raise_and_say_what_is_right(sonic_pi: SonicPi) -> None:
    tries = "".join(
        f"begin\n{code}\nrescue ArgumentError => wrong\nputs {number}, wrong.message\nend\n"
        for number, code in enumerate(WRONG)
    )
    sonic_pi.run(f"{tries}\nputs 'all tried', vt\namt_instruments :pianoo\nputs 'not reached'")

    def refused(lines: list[Line]) -> dict[int, str]:
        found = (re.match(r'(\d+) "(AMT: .*)"', text, re.DOTALL) for text in said(lines))
        return {int(match[1]): match[2] for match in found if match}

    sonic_pi.wait_for(lambda lines: any(line.kind == "error" for line in lines), "an error")
    lines = sonic_pi.wait_for(lambda lines: says(lines, "all tried") and len(refused(lines)) == len(WRONG), "refusals")
    missed = [code for number, code in enumerate(WRONG) if WRONG[code] not in refused(lines)[number]]
    assert not missed
    assert said(lines, "all tried") == ["0.0"]
    [error] = sonic_pi.texts("error")
    assert "ArgumentError" in error
    assert "chromatic_percussion" in error
    assert not says(sonic_pi.lines, "not reached")


def test_what_the_server_refuses_is_logged(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    connect = f'amt_connect port: {amt_server.port}, session: "refused"\nsleep 1\n'
    sonic_pi.run(f"{connect}amt_set key: [:h, :dorian]")
    sonic_pi.wait_for(
        lambda lines: says(lines, "AMT: ") and any(re.search(r"\bh\b", text) for text in said(lines)), "why"
    )


def test_of_several_mistakes_each_is_logged_once_and_what_was_right_is_told_again(
    sonic_pi: SonicPi, amt_server: AmtServer
) -> None:
    """At once, before the server has answered the hello, and later, when some of it was right before."""
    with Relay(amt_server.port) as relay:
        sonic_pi.run(f"""
            amt_connect port: {relay.port}, session: "mistakes"
            amt_set density: 0.75, key: [:h, :dorian], swing: 0.25
            amt_mute :flute
            amt_set range: [:tuba, 60, 50], top_p: 0.5
        """)
        lines = sonic_pi.wait_for(lambda lines: len(refusals(lines)) >= 3, "three mistakes")
        sonic_pi.run("""
            amt_set key: [:d, :dorian]
            amt_set key: [:q, :dorian], humanize: 0.5
            amt_set temperature: 1.5
            amt_set key: [:r, :dorian]
        """)
        settled = "in_thread { until amt_link.settled? do sleep 0.1; amt_link.errors end; puts 'settled' }"
        sonic_pi.wait_for(lambda lines: len(refusals(lines)) >= 5, "two more mistakes")
        sonic_pi.run(settled)
        lines = sonic_pi.wait_for(lambda lines: says(lines, "settled"), "an answer to all of it")
        assert len(refusals(lines)) == len(set(refusals(lines))) == 5
        for wrong in ('not \\"h', "'flute'", "; 60 is above 50", 'not \\"q', 'not \\"r'):
            assert len([text for text in refusals(lines) if wrong in text]) == 1, wrong
        relay.requests.clear()
        sonic_pi.run("amt_link.rejoin\n" + settled.replace("'settled'", "'told again'"))
        lines = sonic_pi.wait_for(lambda lines: says(lines, "told again"), "an answer to all that is told again")
        told = [tuple(request[1:]) for request in relay.requests if request[0] == "/amt/set"]
    assert told == [
        ("density", 0.75), ("swing", 0.25), ("top_p", 0.5), ("humanize", 0.5), ("temperature", 1.5),
        ("key", "d", "dorian"),
    ]  # fmt: skip
    assert len(refusals(lines)) == 5
    assert no_errors(sonic_pi)


def test_only_those_who_do_not_play_is_said_once_with_who_plays(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    mine = "amt_instruments :piano, 'drums:0.9'\namt_mute :drums"
    sonic_pi.run(loop(amt_server.port, "strangers", first=mine, opts=", only: [:trumpet, :strings]", bpm=240))
    lines = sonic_pi.wait_for(lambda lines: says(lines, "AMT: nobody plays"), "a word on it", 60)
    heard = len(starts(lines))
    sonic_pi.run(loop(amt_server.port, "strangers", "hat", opts=", only: :closed_hihat", bpm=240))
    sonic_pi.wait_for(lambda lines: begun(heard + 4)(lines) and begun(4, "hat")(lines), "four more bars", 60)
    sonic_pi.run("live_loop(:phrase) { amt_play amt_only(amt_next(name: :phrase, bars: 2), 'bass') }")
    lines = sonic_pi.wait_for(lambda lines: says(lines, "nobody plays bass"), "the same of amt_only", 60)
    assert [text for text in said(lines) if "nobody" in text] == [
        '"AMT: nobody plays trumpet, strings. Who plays: piano, drums."',
        '"AMT: nobody plays bass. Who plays: piano, drums."',
    ], "each once; who is muted plays"
    sonic_pi.run("amt_instruments :trumpet")
    sonic_pi.wait_for(lambda lines: programs(starts(lines)[-1:]) == {56}, "the trumpet", 60)
    played = len(starts(sonic_pi.lines))
    sonic_pi.wait_for(begun(played + 1), "its bar to be over", 60)
    sonic_pi.run("amt_instruments :piano")
    sonic_pi.wait_for(lambda lines: says(lines, "trumpet, strings. Who plays: piano."), "a word on it again", 60)
    assert no_errors(sonic_pi)


def refusals(lines: list[Line]) -> list[str]:
    return [text for text in said(lines) if "AMT: " in text and "connected" not in text]


def test_of_two_sessions_in_one_buffer_the_latter_is_played_and_the_log_says_so(
    sonic_pi: SonicPi, amt_server: AmtServer
) -> None:
    port = amt_server.port
    sonic_pi.run(f'amt_connect port: {port}, session: "one"\n{loop(port, "two")}')
    sonic_pi.wait_for(begun(2), "two bars", 60)
    lines = sonic_pi.wait_for(
        lambda lines: says(lines, f"connected to 127.0.0.1:{port}, session two"), "the connection"
    )
    [change] = [text for text in said(lines) if "AMT: " in text and "connected" not in text]
    assert f"session two at 127.0.0.1:{port} in place of session one at 127.0.0.1:{port}" in change
    assert "one session is played at a time" in change
    sonic_pi.run("amt_status")
    sonic_pi.wait_for(lambda lines: says(lines, "session two, next_bar"), "the status")
    sonic_pi.run(f'amt_connect port: {port}, session: "two"\nputs "connected again"')
    lines = sonic_pi.wait_for(lambda lines: says(lines, "connected again"), "the same session again")
    assert len([text for text in said(lines) if "in place of" in text]) == 1
    assert no_errors(sonic_pi)


def test_osc_is_still_alive(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    """After all that: messages go in and out, odd ones too."""
    odd = "amt_set key: ['d\u00e9', \"\\u{1F3B9}\"]\namt_save '\u00e9t\u00e9'\n"
    sonic_pi.run('amt_connect host: "no-such-host.invalid"\namt_status\namt_next')
    sonic_pi.wait_for(lambda lines: says(lines, "no server at no-such-host.invalid"), "the message")
    sonic_pi.run(f'amt_connect port: {amt_server.port}, session: "h\u00e9"\nsleep 1\n{odd}puts "typed"')
    sonic_pi.wait_for(lambda lines: says(lines, "typed"), "odd values to be sent")
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        sonic_pi.run(f'osc_send "127.0.0.1", {listener.getsockname()[1]}, "/out", 1')
        assert listener.recv(1024).startswith(b"/out\0")
    sonic_pi.run('puts "in", *sync("/osc*/in")')
    client = SimpleUDPClient("127.0.0.1", sonic_pi.cue_port)

    def arrived(lines: list[Line]) -> bool:
        return said(lines, "in") == ["7"]

    for _ in range(50):
        client.send_message("/in", 7)
        with contextlib.suppress(AssertionError):
            sonic_pi.wait_for(arrived, "the message", 0.2)
            break
    assert arrived(sonic_pi.lines)
    sonic_pi.run(loop(amt_server.port, "alive"))
    sonic_pi.wait_for(begun(2), "two bars", 60)
