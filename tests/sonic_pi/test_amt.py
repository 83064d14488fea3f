"""sonic_pi/amt.rb in the real Sonic Pi with the real server: time is exact, and nothing kills a run or its OSC.

What is asserted are virtual times, which Sonic Pi logs exactly, never arrival times.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from pythonosc.udp_client import SimpleUDPClient

from tests.conftest import AmtServer, start_server, stop_server
from tests.sonic_pi.harness import Line, SonicPi, free_udp_ports
from tests.sonic_pi.relay import Relay

BPM = 160
BAR = 4 * 60 / BPM  # seconds


@dataclass(frozen=True)
class Start:
    """A bar that an amt_loop began: its number, the virtual second, and the programs that play in it."""

    n: int
    time: float
    programs: frozenset[int]


def loop(port: int, session: str, name: str = "amt", first: str = "", opts: str = "", bpm: int = BPM) -> str:
    """Code of an amt_loop that logs each bar as it begins."""
    return f"""
        use_bpm {bpm}
        amt_connect port: {port}, session: "{session}"
        {first}
        amt_loop :{name}{opts} do |bar|
          puts "bar of {name}", bar[:n], vt, *bar[:notes].map {{ |note| note[:program] }}.uniq
        end
    """


def starts(lines: list[Line], name: str = "amt") -> list[Start]:
    """The bars that began, in order."""
    found = (
        re.fullmatch(rf'"bar of {name}" (\d+) ([\d.e-]+)((?: \d+)*)', line.text)
        for line in lines
        if line.kind == "user"
    )
    return [Start(int(m[1]), float(m[2]), frozenset(map(int, m[3].split()))) for m in found if m]


def begun(count: int, name: str = "amt") -> Callable[[list[Line]], bool]:
    return lambda lines: len(starts(lines, name)) >= count


def assert_exact(bars: list[Start], bar: float = BAR) -> None:
    """Every bar but the first, into which a loop may come late, begins on a bar line."""
    late = [one for one in bars[1:] if abs(one.time / bar - round(one.time / bar)) > 1e-9]
    lengths = {round((b.time - a.time) / bar, 9) for a, b in pairwise(bars[1:])}
    assert not late
    assert lengths == {1.0}


def no_errors(sonic_pi: SonicPi) -> bool:
    return not sonic_pi.texts("error") and not sonic_pi.texts("syntax error")


def test_eight_bars_are_exactly_as_long_as_their_beats(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    sonic_pi.run(loop(amt_server.port, "eight bars", first="amt_instruments :piano, :bass, :drums"))
    bars = starts(sonic_pi.wait_for(begun(9), "eight bars", 60))[:9]
    assert [bar.n for bar in bars] == list(range(9))
    assert_exact(bars)
    played = frozenset().union(*(bar.programs for bar in bars))
    assert played, "nobody played"
    assert played <= {0, 33, 128}
    onsets = {
        line.runtime for line in sonic_pi.lines if line.kind == "log" and line.text.startswith(("synth", "sample"))
    }
    off_grid = [onset for onset in onsets if abs(onset / BAR * 16 - round(onset / BAR * 16)) > 16 * 1e-4 / BAR]
    assert onsets
    assert not off_grid
    assert no_errors(sonic_pi)


@pytest.mark.parametrize("whole_buffer", [False, True])
def test_an_instrument_change_is_heard_in_the_next_bar(
    sonic_pi: SonicPi, amt_server: AmtServer, whole_buffer: bool
) -> None:
    session, bpm = (
        f"change {whole_buffer}",
        96,
    )  # slow enough to compose anew before the next bar line on a busy computer
    sonic_pi.run(loop(amt_server.port, session, first="amt_instruments :piano", bpm=bpm))
    before = starts(sonic_pi.wait_for(begun(4), "four bars", 60))
    change = "amt_instruments :trumpet"
    sonic_pi.run(loop(amt_server.port, session, first=change, bpm=bpm) if whole_buffer else change)
    bars = starts(sonic_pi.wait_for(begun(len(before) + 4), "four more bars", 60))
    old, following = bars[: len(before)], bars[len(before) :]
    assert frozenset().union(*(bar.programs for bar in old)) == {0}
    assert frozenset().union(*(bar.programs for bar in following)) == {56}, "only the trumpet, from the very next bar"
    assert_exact(bars, 240 / bpm)


def test_after_a_long_pause_nothing_old_is_played(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    """The server has stopped sending by then, so that what lies in Time State misses the last change."""
    sonic_pi.run(loop(amt_server.port, "pause", first="amt_instruments :piano"))
    before = starts(sonic_pi.wait_for(begun(3), "three bars", 60))
    sonic_pi.stop_all()
    sonic_pi.clear()
    sonic_pi.run("amt_link.instance_variable_set :@said, Time.now - 60")
    sonic_pi.run(loop(amt_server.port, "pause", first="amt_instruments :trumpet"))
    bars = starts(sonic_pi.wait_for(begun(3), "three bars", 60))
    assert frozenset().union(*(bar.programs for bar in bars)) == {56}
    assert bars[0].n >= before[-1].n, "the piece goes on"
    assert_exact(bars)


def test_a_silent_server_makes_the_last_bars_repeat_and_the_loop_recovers(
    sonic_pi: SonicPi, amt_server: AmtServer
) -> None:
    with Relay(amt_server.port) as relay:
        sonic_pi.run(loop(relay.port, "silence", first="amt_instruments :piano, :drums"))
        sonic_pi.wait_for(begun(3), "three bars", 60)
        relay.silent = True
        sonic_pi.wait_for(lambda lines: says(lines, "no new bar"), "the message", 60)
        silent_from = len(starts(sonic_pi.lines))
        sonic_pi.wait_for(begun(silent_from + 3), "three repeated bars", 60)
        relay.silent = False
        sonic_pi.wait_for(lambda lines: says(lines, "new bars again"), "the recovery", 60)
        count = len(starts(sonic_pi.lines))
        bars = starts(sonic_pi.wait_for(begun(count + 2), "bars after the silence", 60))
    assert_exact(bars)
    numbers = [bar.n for bar in bars]
    fresh = list(dict.fromkeys(numbers))
    assert len(numbers) > len(fresh), "nothing repeated"
    assert fresh == list(range(len(fresh))), "the piece goes on where it stood"
    assert numbers[-2:] == fresh[-2:], "new bars at the end"
    assert len([text for text in sonic_pi.texts("user") if "no new bar" in text]) == 1
    assert no_errors(sonic_pi)


def test_an_absent_server_costs_one_message_and_no_time(sonic_pi: SonicPi) -> None:
    [port] = free_udp_ports(1)
    sonic_pi.run(loop(port, "absent") + "\nlive_loop(:clock, sync: :amt) { puts 'clock', vt; sleep 4 }")
    lines = sonic_pi.wait_for(lambda lines: len(clock(lines)) >= 4, "four bars of the user's own loop", 60)
    assert not starts(lines)
    assert [round(time / BAR, 9) for time in clock(lines)[:4]] == [clock(lines)[0] / BAR + n for n in range(4)]
    [message] = [text for text in sonic_pi.texts("user") if "AMT" in text]
    assert "midinfinite-osc serve" in message
    assert str(port) in message
    assert no_errors(sonic_pi)


def test_a_server_that_starts_later_is_joined_with_what_was_set(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    with Relay(amt_server.port) as relay:
        relay.silent = True
        sonic_pi.run(loop(relay.port, "later", first="amt_instruments :trumpet"))
        sonic_pi.wait_for(lambda lines: says(lines, "no server"), "the message", 60)
        relay.silent = False
        bars = starts(sonic_pi.wait_for(begun(4), "four bars", 60))
    assert frozenset().union(*(bar.programs for bar in bars)) == {56}
    assert_exact(bars)


def test_a_restarted_server_is_joined_again(sonic_pi: SonicPi, tmp_path: Path) -> None:
    first = start_server(tmp_path)
    try:
        sonic_pi.run(loop(first.port, "restart", first="amt_instruments :trumpet"))
        sonic_pi.wait_for(begun(3), "three bars", 60)
    finally:
        stop_server(first)
    sonic_pi.wait_for(lambda lines: says(lines, "no new bar"), "the message", 60)
    second = start_server(tmp_path, "--port", str(first.port))
    try:
        sonic_pi.wait_for(lambda lines: says(lines, "new bars again"), "the recovery", 60)
        count = len(starts(sonic_pi.lines))
        bars = starts(sonic_pi.wait_for(begun(count + 2), "more bars", 60))
    finally:
        stop_server(second)
    assert_exact(bars)
    assert frozenset().union(*(bar.programs for bar in bars)) == {56}, "steered as before"
    assert bars[-1].n == max(bar.n for bar in bars)
    assert no_errors(sonic_pi)


def test_amt_next_gives_bars_at_once_and_amt_play_lasts_their_beats(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    sonic_pi.run(f"""
        use_bpm {BPM}
        amt_connect port: {amt_server.port}, session: "next"
        amt_instruments :piano, :bass, :drums
        live_loop :four do
          bars = amt_next bars: 4
          puts "phrase", vt, bars.length, bars.all? {{ |bar| bar.keys.first(3) == [:n, :beats, :notes] }}
          amt_play bars, only: :bass, amp: 0.5, pan: 0.25
        end
    """)
    lines = sonic_pi.wait_for(lambda lines: len(phrases(lines)) >= 3, "three phrases", 90)
    times = [float(phrase.split()[1]) for phrase in phrases(lines)]
    assert [time / BAR for time in times[:3]] == pytest.approx([0, 4, 8], abs=1e-9)
    assert all(phrase.endswith("4 true") for phrase in phrases(lines))
    played = [line.text for line in lines if line.kind == "log" and line.text.startswith(("synth", "sample"))]
    assert played
    others = [text for text in played if not text.startswith("synth :fm") or "pan: 0.25" not in text]
    assert not others, "only the bass, with the opts given"
    assert no_errors(sonic_pi)


def test_two_streams_of_one_session_play_the_same_bars(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    code = loop(
        amt_server.port, "two streams", "band", first="amt_instruments :piano, :bass, :drums", opts=", only: :drums"
    )
    sonic_pi.run(code)
    sonic_pi.wait_for(begun(2, "band"), "two bars", 60)
    sonic_pi.run(loop(amt_server.port, "two streams", "low", opts=", only: :bass, sync: :band"))
    lines = sonic_pi.wait_for(begun(4, "low"), "four bars of the second stream", 60)
    low, band = ([bar.n for bar in starts(lines, name)] for name in ("low", "band"))
    assert low[:4] == list(range(low[0], low[0] + 4)), "streams do not eat each other's bars"
    assert low[0] in band
    assert low[0] >= 1
    assert no_errors(sonic_pi)


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("amt_instruments :pianoo", "chromatic_percussion"),
        ("amt_set densty: 1", "density"),
        ("amt_set temperature: 9", "0.1..2"),
        ("amt_set meter: [3, 5]", "2, 4, 8, 16"),
        ("amt_loop :a, only: :pianoo", "drums"),
        ("amt_next bars: 0", "1 to 12"),
        ("amt_play 3", "beats"),
        ("amt_map bass: :fmm", "tb303"),
        ("amt_connect port: 0", "65535"),
    ],
)
def test_wrong_names_and_values_raise_and_say_what_is_right(sonic_pi: SonicPi, code: str, named: str) -> None:
    sonic_pi.run(code)
    sonic_pi.wait_for(lambda lines: any(line.kind == "error" for line in lines), "an error")
    [error] = sonic_pi.texts("error")
    assert "ArgumentError" in error
    assert named in error


def test_what_the_server_refuses_is_logged(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    sonic_pi.run(f'amt_connect port: {amt_server.port}, session: "refused"\nsleep 1\namt_set key: [:h, :dorian]')
    sonic_pi.wait_for(
        lambda lines: says(lines, "AMT: ") and any(re.search(r"\bh\b", text) for text in said(lines)), "why"
    )


def test_every_program_and_drum_key_sounds_and_can_be_overridden(sonic_pi: SonicPi) -> None:
    sonic_pi.run("""
        numbers = (0..127).flat_map { |n| [{program: n, note: 60}, {program: 128, note: n}] }
        sounds = numbers.map { |note| amt_band.sound(note) }
        known = {synth: synth_names.to_a, sample: all_sample_names.to_a}
        puts "unknown", sounds.reject { |kind, what, opts| known[kind].include?(what) }.length
        amt_map trumpet: [:tb303, {cutoff: 70}], kick: :bd_808, flute: ->(note) { puts "flute", note[:note], vt }
        use_bpm 60
        notes = [[0, 56, 64], [1, 128, 36], [1.5, 73, 72]].map do |at, program, note|
          {at: at, note: note, sustain: 0.5, amp: 0.5, program: program}
        end
        amt_play({beats: 2, notes: notes}, pan: 0.5)
        puts "end", vt, current_synth, current_bpm
        amt_map trumpet: :saw, kick: :bd_haus, flute: :beep
    """)
    lines = sonic_pi.wait_for(lambda lines: any(line.text.startswith('"end"') for line in lines), "the end")
    texts = [(line.runtime, line.text) for line in lines if line.job >= 0]
    assert (0.0, '"unknown" 0') in texts
    assert any(
        at == 0 and text.startswith("synth :tb303") and "cutoff: 70" in text and "pan: 0.5" in text
        for at, text in texts
    )
    assert any(at == 1 and "bd_808" in text for at, text in texts)
    assert (1.5, '"flute" 72 1.5') in texts
    assert (2.0, '"end" 2.0 :beep 60.0') in texts, (
        "virtual time is exact, and the user's synth and bpm are as they were"
    )
    assert no_errors(sonic_pi)


def test_save_and_status_are_answered(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    sonic_pi.run(loop(amt_server.port, "saved"))
    sonic_pi.wait_for(begun(3), "three bars", 60)
    sonic_pi.run('amt_status\nsleep 2\namt_save "from_sonic_pi"')
    sonic_pi.wait_for(lambda lines: says(lines, "session saved"), "the status")
    sonic_pi.wait_for(lambda lines: says(lines, "from_sonic_pi.mid"), "the file's name")
    assert (amt_server.workspace / "from_sonic_pi.mid").is_file()


def test_random_streams_of_the_user_stay_as_they_are(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    drawn = 'live_loop(:dice) { puts "dice", rand; stop }\nputs "rand", rand\nsleep 0.5\n'
    sonic_pi.run(drawn)
    sonic_pi.wait_for(lambda lines: len(draws(lines)) >= 2, "the numbers drawn without AMT")
    without = draws(sonic_pi.lines)
    sonic_pi.clear()
    sonic_pi.run(f'amt_connect port: {amt_server.port}, session: "dice"\namt_set temperature: 1\namt_next\n{drawn}')
    sonic_pi.wait_for(lambda lines: len(draws(lines)) >= 2, "the numbers drawn with AMT")
    assert draws(sonic_pi.lines) == without


def test_osc_is_still_alive(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    """Last in the module: whatever came before, messages go in and out."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        sonic_pi.run(f'osc_send "127.0.0.1", {listener.getsockname()[1]}, "/out", 1')
        assert listener.recv(1024).startswith(b"/out\0")
    sonic_pi.run('puts "in", *sync("/osc*/in")')
    client = SimpleUDPClient("127.0.0.1", sonic_pi.cue_port)
    for _ in range(50):
        client.send_message("/in", 7)
        with contextlib.suppress(AssertionError):
            sonic_pi.wait_for(lambda lines: any(line.text == '"in" 7' for line in lines), "the message", 0.2)
            break
    assert '"in" 7' in sonic_pi.texts("user")
    sonic_pi.run(loop(amt_server.port, "alive"))
    sonic_pi.wait_for(begun(2), "two bars", 60)


def says(lines: list[Line], text: str) -> bool:
    return any(line.kind == "user" and text in line.text for line in lines)


def said(lines: list[Line]) -> list[str]:
    return [line.text for line in lines if line.kind == "user"]


def clock(lines: list[Line]) -> list[float]:
    return [float(line.text.split()[1]) for line in lines if line.text.startswith('"clock"')]


def phrases(lines: list[Line]) -> list[str]:
    return [line.text for line in lines if line.text.startswith('"phrase"')]


def draws(lines: list[Line]) -> list[str]:
    return sorted(line.text for line in lines if line.text.startswith(('"dice"', '"rand"')))
