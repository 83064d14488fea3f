"""Streams of the real server in the real Sonic Pi: time is exact, and steering is heard in the next bar."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from itertools import pairwise

from osc_bridge import wire
from tests.conftest import AmtServer
from tests.sonic_pi.harness import SonicPi
from tests.sonic_pi.performance import (
    BAR,
    BASS,
    BPM,
    EXACT,
    LINKED,
    assert_exact,
    begun,
    loop,
    no_errors,
    programs,
    said,
    says,
    starts,
    struck,
)


def test_the_functions_are_there_when_sonic_pi_has_started(sonic_pi: SonicPi) -> None:
    """By `clients install sonic-pi`, which the boot of these tests was preceded by: nothing is evaluated here."""
    sonic_pi.run('puts "there", respond_to?(:amt_loop, true), mine')
    sonic_pi.wait_for(lambda lines: said(lines, "there") == ["true 7"], "the client's functions and the user's own")


def test_64_bars_with_every_onset_at_its_exact_time(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    bpm, count = 480, 64
    bar = 240 / bpm
    first = "amt_instruments :piano, :bass, :drums"
    sonic_pi.run(loop(amt_server.port, "64 bars", first=first, bpm=bpm))
    lines = sonic_pi.wait_for(begun(count + 2), "64 bars", 120)
    bars = starts(lines)[1 : count + 1]  # into the first one the loop may come late
    assert_exact(bars, bar)
    fresh = list(dict.fromkeys(one.n for one in starts(lines)[: count + 1]))
    assert fresh == list(range(fresh[0], fresh[0] + len(fresh))), (
        "the piece in order, a bar repeated at most where the computer was too slow"
    )
    assert programs(bars) == {0, 33, 128}
    expected = sorted(one.time + at * 60 / bpm for one in bars for at in one.onsets)
    start, end = bars[0].time, bars[-1].time + bar
    heard = sorted(time for time in struck(lines) if start - 1e-4 < time < end - 1e-4)
    assert len(heard) == len(expected) > count
    wrong = [pair for pair in zip(heard, expected, strict=True) if abs(pair[0] - pair[1]) > 1e-4]
    assert not wrong, "the log rounds to 4 decimals"
    assert no_errors(sonic_pi)


def test_the_first_sound_comes_within_a_bar_of_the_first_evaluation(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    sonic_pi.run(loop(amt_server.port, "at once", first="amt_instruments :piano, :drums", bpm=96))
    lines = sonic_pi.wait_for(struck, "a note", 30)
    assert struck(lines)[0] < 240 / 96


def test_a_reset_gives_the_music_of_its_seed_from_the_next_bar_on(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    bpm = 96  # as below
    sonic_pi.run(loop(amt_server.port, "again", first="amt_instruments :piano, :bass", bpm=bpm))
    sonic_pi.wait_for(begun(2), "two bars", 60)
    pieces = []
    for _ in range(2):
        before = len(starts(sonic_pi.lines))
        sonic_pi.wait_for(begun(before + 1), "a bar line", 60)
        sonic_pi.run("amt_reset 7")
        bars = starts(sonic_pi.wait_for(begun(before + 4), "three bars", 60))
        pieces.append([(bar.programs, bar.onsets) for bar in bars[before + 1 : before + 4]])
    assert pieces[0] == pieces[1]
    assert said(sonic_pi.lines).count('"AMT: the piece begins again, with seed 7."') == 2
    assert_exact(starts(sonic_pi.lines), 240 / bpm)


def test_an_instrument_change_is_heard_in_the_next_bar(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    """Evaluated alone, and by running the whole buffer again."""
    bpm = 96  # slow enough to compose anew before the next bar line on a busy computer
    sonic_pi.run(loop(amt_server.port, "change", first="amt_instruments :piano", bpm=bpm))
    before = len(starts(sonic_pi.wait_for(begun(2), "two bars", 60)))
    sonic_pi.run("amt_instruments :trumpet")
    between = len(starts(sonic_pi.wait_for(begun(before + 2), "two more bars", 60)))
    sonic_pi.run(loop(amt_server.port, "change", first="amt_instruments :strings", bpm=bpm))
    bars = starts(sonic_pi.wait_for(begun(between + 2), "two more bars", 60))
    assert programs(bars[:before]) == {0}
    assert programs(bars[before:between]) == {56}, "only the trumpet, from the very next bar"
    assert programs(bars[between:]) <= set(range(40, 48))
    assert programs(bars[between:])
    assert_exact(bars, 240 / bpm)


def test_a_tempo_change_is_heard_in_the_next_bar_and_reaches_the_server(
    sonic_pi: SonicPi, amt_server: AmtServer
) -> None:
    sonic_pi.run(loop(amt_server.port, "tempo", first="amt_instruments :piano, :drums", bpm=120))
    before = starts(sonic_pi.wait_for(begun(3), "three bars", 60))
    sonic_pi.run(loop(amt_server.port, "tempo", bpm=200))
    bars = starts(sonic_pi.wait_for(begun(len(before) + 4), "four more bars", 60))
    lengths = [round(b.time - a.time, EXACT) for a, b in pairwise(bars)]
    assert lengths[1 : len(before) - 1] == [2.0] * (len(before) - 2)
    assert lengths[len(before) :] == [1.2] * (len(lengths) - len(before)), "each bar at the one tempo or the other"
    assert lengths[len(before) - 1] in (2.0, 1.2)
    sonic_pi.run("amt_status")
    sonic_pi.wait_for(lambda lines: says(lines, "tempo 200.0"), "the server to have followed")
    assert no_errors(sonic_pi)


def test_a_loop_without_a_bpm_keeps_sonic_pis_own(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    """60 beats a minute; in 4.x that is the tempo of Link."""
    sonic_pi.run(loop(amt_server.port, "no bpm", first="amt_instruments :piano, :drums", bpm=None))
    lines = sonic_pi.wait_for(begun(4), "four bars", 60)
    assert struck(lines)[0] < 4
    assert_exact(starts(lines), 4.0, LINKED)
    assert no_errors(sonic_pi)


def test_a_multiple_of_a_bpm_is_kept_when_the_buffer_is_run_again(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    code = loop(amt_server.port, "multiple", first="amt_instruments :piano\nuse_bpm_mul 2", bpm=120)
    sonic_pi.run(code)
    before = len(starts(sonic_pi.wait_for(begun(3), "three bars", 60)))
    sonic_pi.run(code.replace("mul 2", "mul 4"))
    bars = starts(sonic_pi.wait_for(begun(before + 3), "three more bars", 60))
    assert round(bars[2].time - bars[1].time, EXACT) == 1.0
    assert round(bars[-1].time - bars[-2].time, EXACT) == 0.5
    assert no_errors(sonic_pi)


def test_a_loop_follows_the_tempo_of_link_and_so_does_the_server(
    sonic_pi: SonicPi, amt_server: AmtServer, link: Callable[[int], None]
) -> None:
    link(240)
    sonic_pi.run(loop(amt_server.port, "link", first="amt_instruments :piano, :bass, :drums", bpm=None))
    before = starts(sonic_pi.wait_for(begun(5), "five bars", 60))
    link(120)
    bars = starts(sonic_pi.wait_for(begun(len(before) + 4), "four more bars", 60))
    assert {round(b.beat - a.beat, 9) for a, b in pairwise(bars[1:])} == {4.0}
    lengths = [round(b.time - a.time, 1) for a, b in pairwise(bars)]
    assert lengths[1 : len(before) - 1] == [1.0] * (len(before) - 2)
    assert lengths[len(before) + 1 :] == [2.0] * (len(lengths) - len(before) - 1)
    numbers = [bar.n for bar in bars]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    sonic_pi.run("amt_status")
    sonic_pi.wait_for(lambda lines: says(lines, "tempo 120.0"), "the server to have followed")
    assert no_errors(sonic_pi)


def test_two_clients_of_one_session_share_its_bars_and_its_steering(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        other.settimeout(30)
        other.connect(("127.0.0.1", amt_server.port))
        sonic_pi.run(loop(amt_server.port, "shared", first="amt_instruments :piano, :drums"))
        sonic_pi.wait_for(begun(1), "a bar", 60)
        other.send(wire.encode("/amt/hello", ("another", "shared")))
        other.send(wire.encode("/amt/want", (3, 1)))
        received = None
        while received is None:
            for message in wire.decode(other.recv(65_535)):
                if message.address == "/amt/bar" and message.values[0] == 3:
                    received = message.values
        bars = starts(sonic_pi.wait_for(begun(5), "five bars", 60))
        third = next(bar for bar in bars if bar.n == 3)
        assert sorted(third.onsets) == [onset / 480 for onset in received[6::5]], "the other client has the same bar"
        other.send(wire.encode("/amt/set", ("instruments", "trumpet")))
        sonic_pi.wait_for(lambda lines: programs(starts(lines)[-1:]) == {56}, "what the other one asked for", 60)
    assert no_errors(sonic_pi)


def test_after_a_long_pause_nothing_old_is_played(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    """The server has stopped sending by then, so that what lies in Time State misses the last change."""
    sonic_pi.run(loop(amt_server.port, "pause", first="amt_instruments :piano"))
    before = starts(sonic_pi.wait_for(begun(3), "three bars", 60))
    sonic_pi.stop_all()
    sonic_pi.clear()
    sonic_pi.run("amt_link.instance_variable_set :@said, Time.now - 60")
    sonic_pi.run(loop(amt_server.port, "pause", first="amt_instruments :trumpet"))
    bars = starts(sonic_pi.wait_for(begun(3), "three bars", 60))
    assert programs(bars) == {56}
    assert bars[0].n >= before[-1].n, "the piece goes on"
    assert_exact(bars)


def test_amt_next_gives_bars_at_once_and_amt_play_lasts_their_beats(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    sonic_pi.run(f"""
        use_bpm {BPM}
        amt_connect port: {amt_server.port}, session: "next"
        amt_instruments :piano, :bass, :drums
        live_loop :four do
          bars = amt_next bars: 4
          puts "phrase", vt, bars.length, bars.all? {{ |bar| bar.keys.first(3) == [:n, :beats, :notes] }}
          amt_play amt_only(bars, :bass, :drums), only: :bass, amp: 0.5, pan: 0.25
        end
    """)
    lines = sonic_pi.wait_for(lambda lines: len(said(lines, "phrase")) >= 2, "two phrases", 90)
    times = [float(phrase.split()[0]) for phrase in said(lines, "phrase")]
    assert [round(time, EXACT) for time in times[:2]] == [0, 4 * BAR]
    assert all(phrase.endswith("4 true") for phrase in said(lines, "phrase"))
    played = [line.text for line in lines if line.kind == "log" and line.text.startswith(("synth", "sample"))]
    assert played
    others = [text for text in played if not text.startswith(BASS) or "pan: 0.25" not in text]
    assert not others, "only the bass, with the opts given"
    assert no_errors(sonic_pi)


def test_streams_of_one_session_have_each_their_own_place_in_it(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    first = "amt_instruments :piano, :bass, :drums"
    sonic_pi.run(loop(amt_server.port, "two streams", "band", first=first, opts=", only: :drums"))
    sonic_pi.wait_for(begun(2, "band"), "two bars", 60)
    sonic_pi.run(loop(amt_server.port, "two streams", "low", opts=", only: :bass, sync: :band"))
    lines = sonic_pi.wait_for(begun(4, "low"), "four bars of the second stream", 60)
    low, band = (list(dict.fromkeys(bar.n for bar in starts(lines, name))) for name in ("low", "band"))
    assert low == list(range(low[0], low[0] + len(low))), "streams do not eat each other's bars"
    assert band == list(range(band[0], band[0] + len(band)))
    assert low[0] in band
    assert low[0] >= 1
    assert no_errors(sonic_pi)


def test_a_loop_that_syncs_to_another_plays_the_same_bar(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    both = loop(amt_server.port, "in step", "low", opts=", only: :bass") + loop(
        amt_server.port, "in step", "band", opts=", only: [:piano, :drums], sync: :low"
    )
    sonic_pi.run(both)
    lines = sonic_pi.wait_for(begun(5, "band"), "five bars of the second loop", 60)
    low, band = ({round(bar.time, 3): bar.n for bar in starts(lines, name)} for name in ("low", "band"))
    together = low.keys() & band.keys()
    assert len(together) >= 4
    assert {time: low[time] for time in together} == {time: band[time] for time in together}
    assert no_errors(sonic_pi)


def test_save_and_status_are_answered(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    sonic_pi.run(loop(amt_server.port, "saved"))
    sonic_pi.wait_for(begun(2), "two bars", 60)
    sonic_pi.run('amt_status\namt_save "from_sonic_pi"')
    sonic_pi.wait_for(lambda lines: says(lines, "session saved, next_bar"), "the status")
    sonic_pi.wait_for(lambda lines: says(lines, "clients 1,"), "the status to count this client")
    sonic_pi.wait_for(lambda lines: says(lines, "from_sonic_pi.mid"), "the file's name")
    assert (amt_server.workspace / "from_sonic_pi.mid").is_file()


def test_random_streams_of_the_user_stay_as_they_are(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    drawn = 'live_loop(:dice) { puts "dice", rand; stop }\nputs "rand", rand\nsleep 0.5\n'
    sonic_pi.run(drawn)
    draws = [sorted(said(sonic_pi.wait_for(lambda lines: len(said(lines)) >= 2, "two numbers")))]
    sonic_pi.clear()
    bar = "{beats: 0.1, notes: [{at: 0, note: 60, sustain: 0.1, amp: 0.1, program: 0}]}"
    mine = f'amt_connect port: {amt_server.port}, session: "dice"\namt_set temperature: 1\namt_next\n'
    sonic_pi.run(f"{mine}amt_play({bar}, fx: :level)\n{drawn}")
    lines = sonic_pi.wait_for(lambda lines: len(said(lines, "dice") + said(lines, "rand")) >= 2, "two numbers")
    draws.append(sorted(text for text in said(lines) if "AMT" not in text))
    assert draws[0] == draws[1]
