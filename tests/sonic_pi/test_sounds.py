"""What notes sound like: the instrument map, FX that end, MIDI, and a recording in which the notes are found."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from pathlib import Path

import numpy as np

from examples import recording
from osc_bridge import wire
from tests.conftest import AmtServer
from tests.sonic_pi.harness import Line, SonicPi
from tests.sonic_pi.performance import BASS, no_errors, said, says
from tests.supercollider.test_sound import Sound


def bar(beats: float, *notes: tuple[float, int, int]) -> str:
    """Code of a bar: notes are (beat, program, note)."""
    listed = ", ".join(
        f"{{at: {at}, note: {note}, sustain: 0.5, amp: 0.5, program: {program}}}" for at, program, note in notes
    )
    return f"{{beats: {beats}, notes: [{listed}]}}"


def logged(lines: list[Line]) -> list[tuple[float, str]]:
    return [(line.runtime, line.text) for line in lines if line.job >= 0]


def test_every_program_and_drum_key_sounds_and_can_be_overridden(sonic_pi: SonicPi) -> None:
    sonic_pi.run(f"""
        numbers = (0..127).flat_map {{ |n| [{{program: n, note: 60}}, {{program: 128, note: n}}] }}
        sounds = numbers.map {{ |note| amt_band.sound(note) }}
        known = {{synth: synth_names.to_a, sample: all_sample_names.to_a}}
        puts "unknown", sounds.reject {{ |sound| known[sound[:kind]].include?(sound[:what]) }}.length
        set :level, 7
        amt_map trumpet: [:tb303, {{cutoff: 70}}], kick: :bd_808, bass: {{amp: 0.5, release: 0.2}}
        amt_map flute: ->(note) {{ puts "flute", note[:note], get[:level]; sleep 1; synth :sine, note: note[:note] }}
        use_bpm 60
        amt_play({bar(2, (0, 56, 64), (1, 128, 36), (1.5, 73, 72), (1.6, 33, 40))}, pan: 0.5)
        puts "end", vt, current_synth, current_bpm
        amt_map trumpet: nil, kick: nil, flute: nil, bass: nil
        puts "as before", sounds == numbers.map {{ |note| amt_band.sound(note) }}
    """)
    texts = logged(sonic_pi.wait_for(lambda lines: says(lines, "as before"), "the end"))
    assert (0.0, '"unknown" 0') in texts
    assert any(
        at == 0 and text.startswith("synth :tb303") and "cutoff: 70" in text and "pan: 0.5" in text
        for at, text in texts
    )
    assert any(at == 1 and "bd_808" in text for at, text in texts)
    assert any(at == 1.6 and text.startswith(BASS) and "amp: 0.15, release: 0.2" in text for at, text in texts)
    assert (1.5, '"flute" 72 7') in texts, "a lambda may get and sleep, and time is none the wiser"
    assert (2.0, '"end" 2.0 :beep 60.0') in texts, "the user's synth and bpm are as they were"
    assert (2.0, '"as before" true') in texts
    assert no_errors(sonic_pi)


def test_fx_of_instruments_and_streams_end_and_take_no_time(sonic_pi: SonicPi) -> None:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as scsynth:
        scsynth.settimeout(10)
        scsynth.connect(("127.0.0.1", sonic_pi.scsynth_port))

        def nodes() -> tuple[int, int]:
            """Synths and groups that scsynth has now."""
            scsynth.send(wire.encode("/status", ()))
            [status] = wire.decode(scsynth.recv(1024))
            assert isinstance(status.values[2], int)
            assert isinstance(status.values[3], int)
            return status.values[2], status.values[3]

        sonic_pi.run("puts 'ready'")
        sonic_pi.wait_for(lambda lines: says(lines, "ready"), "nothing to play")
        # what an earlier test played rings out first: until scsynth has answered the same for a second
        readings = [nodes()]
        deadline = time.monotonic() + 30
        while len(set(readings[-20:])) > 1 or len(readings) < 20:
            assert time.monotonic() < deadline, f"scsynth does not come to rest: {readings[-20:]}"
            time.sleep(0.05)
            readings.append(nodes())
        before = readings[-1]
        notes = bar(1, (0, 33, 40), (0, 0, 60), (0.5, 128, 36), (0.75, 33, 43))
        sonic_pi.run(f"""
            use_bpm 240
            amt_map bass: {{fx: [:distortion, {{mix: 0.2}}]}}, drums: {{fx: :lpf}}
            8.times do |n|
              amt_play({notes}, fx: [[:level, {{amp: 0.5}}], :hpf])
              puts "bar", n, vt
            end
            amt_map bass: nil, drums: nil
            sleep 1
            puts "end"
        """)
        sonic_pi.wait_for(lambda lines: len(said(lines, "bar")) == 1, "a bar")
        during = nodes()
        lines = sonic_pi.wait_for(lambda lines: says(lines, "end"), "the end")
        assert said(lines, "bar") == [f"{n} {(n + 1) / 4}" for n in range(8)]
        times = [at for at, text in logged(lines) if text.startswith(("synth", "sample"))]
        assert sorted(times) == sorted(round((n + at) / 4, 4) for n in range(8) for at in (0, 0, 0.5, 0.75))
        assert during[0] >= before[0] + 3, "FX run meanwhile"
        assert no_errors(sonic_pi)
        for _ in range(100):
            if nodes() == before:
                break
            with contextlib.suppress(AssertionError):
                sonic_pi.wait_for(lambda _: False, "the tails", 0.1)
        assert nodes() == before, "and none is left"


def test_opts_alone_change_the_sound_that_was_set_before(sonic_pi: SonicPi) -> None:
    notes = bar(1, (0, 33, 40), (0, 128, 38))
    sonic_pi.run(f"""
        amt_map({{bass: ["tb303", {{cutoff: 70, res: 0.5}}], snare: :sn_dub}})
        amt_map bass: {{cutoff: 50}}, drums: {{rate: 2}}
        amt_play({notes})
        amt_map bass: nil, snare: nil, drums: nil
        amt_play({notes})
        puts "end", vt
    """)
    texts = [text for _, text in logged(sonic_pi.wait_for(lambda lines: says(lines, "end"), "the end"))]
    bass, plain = [text for text in texts if text.startswith("synth")]
    assert bass.startswith("synth :tb303")
    assert "cutoff: 50" in bass
    assert "res: 0.5" in bass
    assert "tb303" not in plain
    snare, plain = [text for text in texts if text.startswith("sample")]
    assert '"sn_dub' in snare or ":sn_dub" in snare
    assert "rate: 2" in snare
    assert "sn_dub" not in plain


def test_midi_in_place_of_sounds(sonic_pi: SonicPi) -> None:
    notes = bar(2, (0, 0, 60), (0, 33, 40), (0.5, 128, 36), (1, 0, 64))
    sonic_pi.run(f"""
        use_bpm 60
        amt_play({notes}, midi: true)
        amt_play({notes}, midi: {{port: "synth", channel: 7}}, only: :bass)
        amt_map piano: [:midi, {{channel: 3}}], drums: :midi
        amt_play({notes}, amp: 2)
        amt_map piano: nil, drums: nil
        puts "end", vt
    """)
    texts = logged(sonic_pi.wait_for(lambda lines: says(lines, "end"), "the end"))
    midi = [
        (time, re.sub(r"^midi (\d+), (\d+), sustain: 0.5", r"\1 \2", text)) for time, text in texts if "midi" in text
    ]
    assert sorted(midi) == sorted(
        [
            (-0.02, 'midi_pc 0, port: "*", channel: 1'),
            (-0.02, 'midi_pc 33, port: "*", channel: 2'),
            (0.0, '60 64, port: "*", channel: 1'),
            (0.0, '40 64, port: "*", channel: 2'),
            (0.5, '36 64, port: "*", channel: 10'),
            (1.0, '64 64, port: "*", channel: 1'),
            (2.0, '40 64, port: "synth", channel: 7'),
            (4.0, '60 127, port: "*", channel: 3'),
            (4.5, '36 127, port: "*", channel: 10'),
            (5.0, '64 127, port: "*", channel: 3'),
        ]
    )
    [synth] = [text for _, text in texts if text.startswith("synth")]
    assert synth in [f"{bass}, {{note: 40.0, sustain: 0.5, amp: 0.6, release: 0.1}}" for bass in BASS]
    assert no_errors(sonic_pi)


def test_a_recording_holds_the_pitches_of_bass_and_lead_and_the_hits_of_the_drums(
    sonic_pi: SonicPi, amt_server: AmtServer, tmp_path: Path
) -> None:
    """Two bars of the model: after a mark the bass alone, then the lead, then the drums.

    A real scsynth plays what Sonic Pi sent, not in real time, so that no block of sound is lost on a busy computer:
    every note is there, and none may be missed. Strokes are cut short, for a soft one in the ring of a loud one makes
    nothing louder. Notes lie at least an eighth, 0.375 s, apart: which phrase it is depends on how busy the computer
    is, and bass notes a semitone and a tenth of a second apart can't be told apart.
    """
    path = tmp_path / "band.wav"
    start = len(sonic_pi.tape.messages)
    sonic_pi.run(f"""
        use_bpm 80
        amt_connect port: {amt_server.port}, session: "recorded"
        amt_instruments :bass, :lead, :drums
        amt_set range: [:lead, 60, 84]
        amt_set polyphony: [:lead, 1]
        amt_set polyphony: [:bass, 1]
        amt_set subdivision: 2
        bars = amt_next bars: 2
        until %w[bass lead drums].all? {{ |name| amt_only(bars, name).all? {{ |bar| bar[:n] && bar[:notes].any? }} }}
          sleep 8
          bars = amt_next bars: 2
        end
        short = {{release: 0.02}}
        {{bass: short, lead: short, drums: {{sustain: 0.04, release: 0.01}}}}.each do |name, opts|
          sample :elec_tick, amp: 1
          puts "mark", vt
          amt_only(bars, name).each_with_index do |bar, number|
            bar[:notes].each do |note|
              puts name, bt(1 + 4 * number + note[:at]), bt(note[:sustain]), note[:note], note[:program]
            end
          end
          sleep 1
          amt_play bars, only: name, **opts
          sleep 3
        end
        puts "played"
    """)
    lines = sonic_pi.wait_for(lambda lines: says(lines, "played"), "the end", 90)
    sonic_pi.render(start, path)
    frames, rate = recording.read(path)
    samples = frames[:, :2].mean(axis=1)
    marks = [float(time) for time in said(lines, "mark")]
    first = int(np.argmax(np.abs(samples) > 0.01))

    def sound(number: int, name: str) -> Sound:
        """From the mark before a part."""
        start = first + round((marks[number] - marks[0]) * rate)
        words = [line.text.split()[1:] for line in lines if line.text.startswith(f":{name} ")]
        notes = sorted((float(at), float(length), int(pitch), int(program)) for at, length, pitch, program in words)
        assert notes
        return Sound(samples[start:], rate, notes)

    assert np.abs(samples).max() < 1
    for part in (sound(0, "bass"), sound(1, "lead")):
        wrong = []
        for onset, duration, pitch, _ in part.notes:
            start, end = onset + 0.01, onset + max(0.2, min(duration, 1.0))
            others = {pitch - 1, pitch + 1} - part.sounding(start, end)
            level = part.level(pitch, start, end)
            wrong.append(level < 0.05 or any(part.level(other, start, end) > level for other in others))
        assert not any(wrong), f"{wrong.count(True)} of {len(wrong)} are not heard at their pitch"
    drums = sound(2, "drums")
    unheard = [onset for onset, *_ in drums.notes if not strikes(drums, onset)]
    assert not unheard, f"{len(unheard)} of {len(drums.notes)} strokes are not heard when they should be"
    silences = [time for time in np.arange(0.1, drums.notes[0][0] - 0.06, 0.02) if strikes(drums, time)]
    assert not silences, "nothing strikes before the first hit"


def strikes(sound: Sound, time: float) -> bool:
    """Louder after than before, below or above: a ringing low drum hides a bright stroke and the other way about."""

    def power(start: float, end: float, is_bright: bool) -> float:
        part = sound.between(start, end)
        return float(np.mean((np.diff(part) if is_bright else part) ** 2))

    return any(
        power(time, time + 0.02, is_bright) > 1.5 * power(time - 0.022, time - 0.002, is_bright) + 1e-7
        for is_bright in (False, True)
    )
