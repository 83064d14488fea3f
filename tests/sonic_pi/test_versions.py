"""What differs between versions of Sonic Pi, shown to amt.rb by a stand-in for it. Needs Ruby, but no Sonic Pi.

The other tests drive the version that this machine has; these show what the others do, and what seldom happens. In 4.x
times in Time State are numbers, a thread wakes before its time and may follow Link, which with_bpm refuses and where
time_warp goes to beats that are rounded to 32 bits. The stand-in's clock stands still unless it is set or someone
sleeps.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import require

CLIENT = Path(__file__).parents[2] / "sonic_pi" / "amt.rb"
STAND_IN = """
require 'json'
load ARGV[0]
Event = Struct.new(:time, :val)
class StandIn
  attr_accessor :events, :now
  def initialize(floats) @floats, @events, @now = floats, Hash.new { |all, path| all[path] = [] }, 1000.0 end
  def as_time(seconds) @floats ? seconds : Time.at(seconds) end
  def current_time() as_time(@now) end
  def bt(beats) beats / 2.0 end
  def time_warp(beats)
    before, @now = @now, @now + bt(beats)
    @now = bt([@now / bt(1)].pack('g').unpack1('g')) unless @mode.nil? || @mode.is_a?(Numeric)
    yield
  ensure
    @now = before
  end
  def sleep(beats) @now += bt(beats) end
  def with_bpm(bpm)
    before, @mode = @mode, bpm
    raise ArgumentError unless bpm > 0
    yield
  ensure
    @mode = before
  end
  def in_thread(**) yield end
  def get_event(path)
    found = @events[path.sub('osc*:1', 'osc:127.0.0.1:1')].select { |time, _| time <= @now }.max_by(&:first)
    found && Event.new(as_time(found[0]), found[1])
  end
end
class Link < AmtLink
  def tell(*) end
end
"""


def ruby(code: str, given: object = None) -> object:
    """What Ruby code that prints JSON prints; `given` is at hand as `given`."""
    require(shutil.which("ruby") is not None, "Ruby")
    script = f"{STAND_IN}\ngiven = JSON.parse(ARGV[1])\n{code}"
    command = ["ruby", "-e", script, str(CLIENT), json.dumps(given)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout)


LINK = """
sonic_pi = StandIn.new(given['floats'])
link = Link.new(sonic_pi, '127.0.0.1', 1, 'main')
link.instance_variable_set :@born, 0
sonic_pi.events['/osc:127.0.0.1:1/amt/hello.reply'] << [10.0, [1, '0.1.0', 'm', 'main', given.fetch('next', 0)]]
link.greeted?
given['messages'].each_with_index do |values, index|
  sonic_pi.events["/osc:127.0.0.1:1/amt/bar/#{given['number'] % AmtLink::SLOTS}"] << [20.0 + 0.003 * index, values]
end
"""


def message(number: int, revision: int, part: int, parts: int, pitches: list[int]) -> list[int]:
    notes = [value for pitch in pitches for value in (240 * pitch, 480, pitch, 127, 0)]
    return [number, revision, part, parts, 1920, len(pitches), *notes]


PITCHES = st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), old=PITCHES, new=PITCHES, floats=st.booleans())
def test_parts_in_any_order_with_repeats_and_losses_make_the_newest_whole_revision(
    data: st.DataObject, old: list[list[int]], new: list[list[int]], floats: bool
) -> None:
    sent = [
        [message(9, revision, part, len(bar), pitches) for part, pitches in enumerate(bar)]
        for revision, bar in enumerate((old, new))
    ]
    arrived = [data.draw(st.lists(st.sampled_from(parts), min_size=0, max_size=8)) for parts in sent]
    others = data.draw(st.sampled_from([[], [message(9 - 16, 0, 0, 1, [1])]]))
    messages = [*others, *arrived[0], *arrived[1]]
    whole = [bar for bar, parts, came in zip((old, new), sent, arrived, strict=True) if all(p in came for p in parts)]
    found = ruby(f"{LINK} puts link.bar(9).to_json", {"messages": messages, "number": 9, "floats": floats})
    if whole:
        assert isinstance(found, dict)
        assert found["n"] == 9
        assert found["beats"] == 4.0
        assert [note["note"] for note in found["notes"]] == [pitch for part in whole[-1] for pitch in part]
        assert all(note["at"] == note["note"] / 2 for note in found["notes"])
    else:
        assert found is None


@pytest.mark.parametrize("values", [[], [9], [9, 0, 0, 1, 1920, 2, 0, 480, 60, 127, 0], [9, 0, 0, 2, 1920, 0]])
@pytest.mark.parametrize("floats", [False, True])
def test_a_damaged_or_unfinished_bar_counts_as_missing(values: list[int], floats: bool) -> None:
    assert ruby(f"{LINK} puts link.bar(9).to_json", {"messages": [values], "number": 9, "floats": floats}) is None


@pytest.mark.parametrize("mode", ["120.0", ":link", "[:midi, nil]"])
def test_a_bar_in_parts_is_put_together_whatever_clock_the_thread_follows(mode: str) -> None:
    """Parts 3 ms apart, which warps of a thread that follows Link can't tell apart."""
    found = ruby(
        f"""{LINK}
        sonic_pi.events.delete('/osc:127.0.0.1:1/amt/bar/9')
        given['messages'].each_with_index do |values, index|
          sonic_pi.events['/osc:127.0.0.1:1/amt/bar/9'] << [999.9 + 0.003 * index, values]
        end
        sonic_pi.instance_variable_set :@mode, {mode}
        def sonic_pi.current_bpm_mode() @mode end
        puts [link.bar(9), sonic_pi.now, sonic_pi.current_bpm_mode].to_json
        """,
        {"messages": [message(9, 0, part, 20, [part]) for part in range(20)], "number": 9, "floats": True},
    )
    assert isinstance(found, list)
    bar, now, kept = found
    assert bar is not None
    assert [note["note"] for note in bar["notes"]] == list(range(20))
    assert now == 1000.0
    assert str(kept) in mode.replace("nil", "None").replace(":midi", "'midi'")


def test_a_wait_lasts_as_long_as_it_says_where_threads_wake_before_their_time() -> None:
    waited = ruby(
        """
        sonic_pi = StandIn.new(true)
        sonic_pi.now = before = Time.now.to_f
        found = Link.new(sonic_pi, '127.0.0.1', 1, 'main').listen(0.2) { nil }.pop
        puts [found, Time.now.to_f - before, sonic_pi.now - before].to_json
        """
    )
    assert isinstance(waited, list)
    found, real, virtual = waited
    assert found is None
    assert virtual >= 0.2
    assert real >= virtual


def test_something_may_be_set_while_the_rest_is_said_again() -> None:
    """4.x switches threads inside osc_send."""
    said = ruby(
        """
        link = Link.new(StandIn.new(true), '127.0.0.1', 1, 'main')
        said = []
        link.define_singleton_method(:tell) { |*message| said << message; set("density", [0.7]) }
        link.set("tempo", [120.0])
        link.steer
        link.steer
        puts said.to_json
        """
    )
    tempo, density = ["set", "tempo", 120.0], ["set", "density", 0.7]
    assert said == [tempo, tempo, density]


def test_what_came_before_the_greeting_does_not_count() -> None:
    code = f"{LINK} link.instance_variable_set :@greeted, 30.0\nputs link.bar(9).to_json"
    assert ruby(code, {"messages": [message(9, 0, 0, 1, [1])], "number": 9, "floats": True}) is None


def test_the_best_synth_that_a_version_has_is_chosen() -> None:
    sounds = ruby(
        """
        bands = given.map { |synths| AmtBand.new(synths, [], []) }
        puts bands.map { |band| [33, 12, 20].map { |program| band.sound({program: program, note: 60})[:what] } }.to_json
        """,
        [
            ["beep", "fm", "tri", "pretty_bell"],
            ["beep", "fm", "tri", "bass_foundation", "kalimba", "organ_tonewheel"],
            [],
        ],
    )
    assert sounds == [["fm", "pretty_bell", "tri"], ["bass_foundation", "kalimba", "organ_tonewheel"], ["beep"] * 3]


def test_the_tempo_of_a_link_session_stays_a_link_session() -> None:
    found = ruby(
        """
        def current_bpm() 120.0 end
        without = amt_bpm
        def current_bpm_mode() :link end
        puts [without, amt_bpm].to_json
        """
    )
    assert found == [120.0, "link"]


def test_each_program_has_a_midi_channel_of_its_own_and_drums_the_tenth() -> None:
    channels = ruby(
        """
        band = AmtBand.new([], [], [])
        puts [128, *0..15, 15, 0].map { |program| band.channel(program) }.to_json
        """
    )
    assert isinstance(channels, list)
    assert channels[0] == [10, False]
    assert sorted(channel for channel, _ in channels[1:16]) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16]
    assert channels[16:18] == [[1, True], [1, False]], "the sixteenth takes the channel used first"
    assert channels[18] == [2, True], "and that program another one when it comes back"


def test_a_server_that_starts_anew_is_told_everything_in_the_order_in_which_it_was_set() -> None:
    """A mute of the flute is refused as long as no flute plays."""
    code = """
    class Link
      def tell(*message) (@told ||= []) << message end
    end
    link = Link.new(StandIn.new(true), '127.0.0.1', 1, 'main')
    link.set('mute', ['drums'])
    link.set('range', ['bass', 28, 40])
    link.set('range', ['flute', 60, 90])
    link.set('instruments', ['flute', 'drums'])
    link.set('mute', ['flute'])
    link.set('range', ['bass', 30, 45])
    link.steer
    puts link.instance_variable_get(:@told).to_json
    """
    assert ruby(code) == [
        ["set", "range", "flute", 60, 90],
        ["set", "instruments", "flute", "drums"],
        ["set", "mute", "flute"],
        ["set", "range", "bass", 30, 45],
    ]
