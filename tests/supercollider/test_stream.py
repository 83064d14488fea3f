"""Endless music from the real server: 64 bars beat by beat, changes on the way, an outage, a shared session."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from tests.conftest import start_server, stop_server

BASS, LEAD = 33, 81


def bars_played(recording, beats=4):
    """Sounding events bar by bar from the first sound on: ((onset, duration, pitch, velocity, program), bar number)."""
    events = [event for event in recording.events if not event.rest]
    start = events[0].beat - events[0].beat % beats
    bars: dict[int, list] = {}
    for event in events:
        # what rounds to a bar line lies on it
        bar = int((event.beat - start + 1e-6) // beats)
        onset = event.beat - start - beats * bar
        note = (onset, event.sustain, event.midinote, event.velocity, event.program)
        bars.setdefault(bar, []).append((note, event.bar))
    return [bars.get(bar, []) for bar in range(max(bars) + 1)]


def same(mine, theirs):
    return len(mine) == len(theirs) and all(
        a == pytest.approx(b, abs=1e-6) for a, b in zip(sorted(mine), sorted(theirs), strict=True)
    )


@pytest.fixture(scope="module")
def stream(module_sclang, amt_server):
    return module_sclang.script("stream", amt_server.port, "stream", seconds=100)


def test_every_onset_of_64_bars_is_where_it_belongs(stream, recording):
    """A bar that came late is preceded by repeats of earlier ones: those are checked like the others."""
    played = recording(stream, "stream")
    received = played.bars()
    assert sorted(received) == list(range(64))
    order = []
    for bar in bars_played(played):
        if not bar:
            continue
        indices = {index for _, index in bar}
        assert len(indices) == 1
        (index,) = indices
        notes = received[index][1]
        if not order:  # what came after its first beat is joined in the middle of its bar
            notes = sorted(notes)[-len(bar) :]
        order.append(index)
        assert same([note for note, _ in bar], notes)
    firsts = list(dict.fromkeys(order))
    assert firsts == [index for index in range(64) if received[index][1]]
    events = played.events
    for event, following in pairwise(events):
        assert event.beat + event.delta == pytest.approx(following.beat, abs=1e-6)


def test_instruments_change_in_the_stream(stream, recording):
    programs = {}
    for event in recording(stream, "stream").events:
        if not event.rest:
            programs.setdefault(event.bar, set()).add(event.program)
    assert {program for bar in range(20) for program in programs.get(bar, ())} == {BASS}
    assert {program for bar in range(40, 64) for program in programs.get(bar, ())} == {LEAD}


def test_the_new_tempo_reaches_the_server_by_itself(stream):
    tempi = [float(tempo) for (tempo,) in stream.said("set", "tempo")]
    assert tempi == [240, 225, 180]  # of 8, 30 and 24 beats a second, halved until the model knows them


def test_the_first_sound_comes_within_a_bar_of_the_first_evaluation(sclang, amt_server, recording):
    outcome = sclang.script("first_sound", amt_server.port, "first sound")
    played = recording(outcome, "first")
    ((evaluated,),) = outcome.said("evaluated")
    first = next(event for event in played.events if not event.rest)
    assert first.beat <= float(evaluated) + 4
    assert (played.end - 16) % 4 == pytest.approx(0, abs=1e-6)


def conduct(conductor, players, times):
    """Lets so many players go on together, as often."""
    for _ in range(times):
        waiting = set()
        while len(waiting) < players:
            waiting.add(conductor.recvfrom(100)[1])
        for address in waiting:
            conductor.sendto(OscMessageBuilder("/test/go").build().dgram, address)


def test_two_programs_on_one_session_each_play_all_of_its_bars(sclang, amt_server, recording, tmp_path):
    """Two sclang: each asks for the same phrases with `next` and gets the same bars; so do their endless patterns."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as conductor, ThreadPoolExecutor() as pool:
        conductor.bind(("127.0.0.1", 0))
        conductor.settimeout(60)
        port = conductor.getsockname()[1]
        clients = [replace(sclang, folder=folder) for folder in folders]
        playing = [pool.submit(client.script, "shared", amt_server.port, "shared", port) for client in clients]
        conduct(conductor, 2, 5)
        outcomes = [program.result() for program in playing]
    for outcome in outcomes:
        assert outcome.said("took") == [["0", "1"], ["1", "4"], ["5", "2"], ["7", "1"]]
    notes = [outcome.said("note") for outcome in outcomes]
    assert notes[0] == notes[1]
    assert len({bar for bar, *_ in notes[0]}) >= 6
    played = [bars_played(recording(outcome, "pattern")) for outcome in outcomes]
    # bars that come late are played after repeats, and the first one may be joined in its middle
    mine, theirs = ({bar[0][1]: [note for note, _ in bar] for bar in bars if bar} for bars in played)
    order = list(mine)
    assert order == list(theirs) == sorted(order)
    assert order[0] == 8
    assert order[-1] >= 14
    assert all(same(mine[index], theirs[index]) for index in order[1:])


def test_each_endless_player_of_a_session_plays_all_bars_where_the_others_do(sclang, amt_server, recording):
    """Two clients, and two streams of one pattern that join them; with phrases of one, four and two bars."""
    outcome = sclang.script("players", amt_server.port, "players")
    players = {tag: recording(outcome, tag) for tag in ("one", "four", "late", "bass")}
    received = players["one"].bars()
    sounded = {tag: [event for event in player.events if not event.rest] for tag, player in players.items()}
    orders = {tag: list(dict.fromkeys(event.bar for event in events)) for tag, events in sounded.items()}
    audible = [index for index in sorted(received) if received[index][1]]
    assert orders["one"] == orders["four"] == [index for index in audible if index < 12]
    first = orders["late"][0]
    assert 0 < first < 12
    assert orders["late"] == [index for index in audible if first <= index < first + 6]
    assert {event.program for event in sounded["bass"]} == {BASS}

    def placed(tag, *tags):
        """What a player sounded of the bars that all these played: beat, pitch, velocity, program, bar."""
        shared = set.intersection(*(set(orders[each]) for each in (tag, *tags)))
        return sorted((e.beat, e.midinote, e.velocity, e.program, e.bar) for e in sounded[tag] if e.bar in shared)

    for tag, other in (("four", "one"), ("late", "one"), ("bass", "late")):
        mine, theirs = placed(tag, other), placed(other, tag)
        theirs = [note for note in theirs if tag != "bass" or note[3] == BASS]
        assert len(mine) == len(theirs) > 0
        assert all(a == pytest.approx(b, abs=1e-6) for a, b in zip(mine, theirs, strict=True)), f"{tag} and {other}"


def test_the_music_goes_on_through_a_killed_and_restarted_server(sclang, recording, tmp_path):
    """Bars repeat in time while nobody answers; one message; new bars, steered as before, once the server is back."""
    server = start_server(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as told, ThreadPoolExecutor() as pool:
        told.bind(("127.0.0.1", 0))
        told.settimeout(60)
        ended = pool.submit(sclang.script, "outage", server.port, "outage", told.getsockname()[1], seconds=80)
        try:
            assert OscMessage(told.recv(100)).address == "/test/kill"
            server.process.kill()
            server.process.wait()
            assert OscMessage(told.recv(100)).address == "/test/restart"
            server = start_server(tmp_path, "--port", str(server.port))
            outcome = ended.result()
        finally:
            stop_server(server)
    played = recording(outcome, "outage")
    bars = [[note for note, _ in bar] for bar in bars_played(played)][1:]  # the first may be joined in the middle
    before, after = received_in_two_lives(outcome)
    assert len(before) >= 2
    assert len(after) >= 2
    origins = [next((i for i, known in enumerate(before + after) if same(bar, known)), None) for bar in bars]
    assert len(bars) > 12
    assert None not in origins, "every bar played is one that came, in time, and none is silent"
    assert max(origins) >= len(before), "it picked up again"
    assert {note[4] for bar in after for note in bar} == {BASS}
    assert outcome.text.count("no answer from") == 1
    assert outcome.text.count("the music goes on") == 1
    warnings = [line for line in outcome.text.splitlines() if line.startswith("WARNING") and "came late" not in line]
    assert len(warnings) == 1


def received_in_two_lives(outcome):
    """Bars as they came, before and after their numbers began again at 0."""
    lives: list[list] = [[], []]
    life = 0
    latest = -1
    for words in outcome.said("bar"):
        index, _, _, _, _, count, *flat = map(int, words)
        life = 1 if index < latest else life
        latest = index
        notes = [(flat[5 * i] / 480, flat[5 * i + 1] / 480, *flat[5 * i + 2 : 5 * i + 5]) for i in range(count)]
        lives[life].append(notes)
    return lives


def test_a_client_that_is_played_plays_its_endless_pattern(sclang, amt_server, recording):
    outcome = sclang.script("client_plays", amt_server.port, "client plays")
    alone, proxy = (
        {event.bar for event in recording(outcome, tag).events if not event.rest} for tag in ("alone", "proxy")
    )
    assert len(alone) > 4
    assert len(alone & proxy) > 4, "they play the same bars"
    ((text,),) = outcome.said("filtered")
    assert ".pattern(bars: 4)" in text


def test_what_a_freed_client_plays_ends_with_one_line(sclang, amt_server, recording):
    outcome = sclang.script("freed", amt_server.port, "freed")
    ((freed,),) = outcome.said("freed")
    for tag, bars in (("pattern", 1), ("proxy", 2)):
        played = recording(outcome, tag)
        assert any(not event.rest for event in played.events), tag
        assert float(freed) < played.end <= float(freed) + 4 * (bars + 1) + 1e-6, tag
    _, _, text = outcome.text.partition("@freed")
    lines = [line for line in text.splitlines()[1:] if not line.startswith("@")]
    assert lines == ["AMT: a client was freed, and what it played ends; make another with AMT.new", "cleaning up OSC"]


def test_a_midi_out_that_nothing_can_be_sent_to_costs_one_line_and_no_pattern(sclang, amt_server):
    outcome = sclang.script("midi_absent", amt_server.port, "midi absent")
    notes = outcome.said("note")
    assert len({bar for bar, _ in notes}) > 4, "it goes on"
    assert {program for _, program in notes} == {"33", "128"}
    warnings = [line for line in outcome.text.splitlines() if line.startswith("WARNING") and "came late" not in line]
    assert len(warnings) == 1
    assert "MIDIClient.init" in warnings[0]
