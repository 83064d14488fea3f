import random

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patterns.bar import Bar
from patterns.meter import Meter
from patterns.midi import MidiFileError, read, write
from patterns.note import DRUMS, Note

from .corpus import VALIDATION, needs_corpus, piece

meters = st.builds(Meter, st.integers(1, 32), st.sampled_from([1, 2, 4, 8, 16, 32]))
tempos = st.one_of(st.integers(20, 300), st.decimals(20, 300, places=2)).map(float)


@st.composite
def songs(draw):
    lengths = draw(st.lists(meters, max_size=5))
    # Few pitches and long notes: overlaps of one pitch are what a MIDI file finds hard.
    bars = tuple(
        Bar(
            index,
            meter,
            tuple(
                draw(
                    st.lists(
                        st.builds(
                            Note,
                            st.integers(0, meter.bar_ticks - 1),
                            st.one_of(st.sampled_from([0, 33, DRUMS]), st.integers(0, DRUMS)),
                            st.one_of(st.sampled_from([36, 60]), st.integers(0, 127)),
                            st.integers(1, 4000),
                            st.integers(1, 127),
                        ),
                        max_size=30,
                    )
                )
            ),
        )
        for index, meter in enumerate(lengths)
    )
    return bars, tuple(draw(tempos) for _ in bars)


@given(songs())
@settings(deadline=None, max_examples=200)
def test_a_round_trip_is_the_identity(tmp_path_factory, song):
    path = tmp_path_factory.mktemp("midi") / "song.mid"
    write(path, *song)
    found = read(path)
    assert (found.bars, found.tempos) == song


@given(songs())
@settings(deadline=None, max_examples=50)
def test_reading_again_what_was_read_changes_nothing(tmp_path_factory, song):
    path = tmp_path_factory.mktemp("midi") / "song.mid"
    write(path, *song)
    first = path.read_bytes()
    again = read(path)
    write(path, again.bars, again.tempos)
    assert path.read_bytes() == first


def test_thirty_instruments_at_once_are_read_back(tmp_path):
    notes = (*(Note(0, program, 60, 480) for program in range(30)), Note(0, DRUMS, 36, 10))
    bars = (Bar(0, Meter(), notes),)
    write(tmp_path / "many.mid", bars, [120])
    assert read(tmp_path / "many.mid").bars == bars


def test_what_an_ordinary_player_sees(tmp_path):
    notes = (Note(0, 0, 60, 480, 100), Note(480, 33, 40, 240, 80), Note(0, DRUMS, 36, 120, 110))
    write(tmp_path / "song.mid", [Bar(7, Meter(3, 4), notes)], [120])
    file = mido.MidiFile(tmp_path / "song.mid")
    assert (file.type, file.ticks_per_beat, round(file.length, 3)) == (1, 480, 1.5)
    assert [track.name for track in file.tracks] == ["", "Acoustic Grand Piano", "Electric Bass (finger)", "Drums"]
    played = [m for m in file if m.type in ("note_on", "program_change")]
    channels = {m.program: m.channel for m in played if m.type == "program_change"}
    assert {(m.channel, m.note, m.velocity) for m in played if m.type == "note_on"} == {
        (channels[0], 60, 100),
        (channels[33], 40, 80),
        (9, 36, 110),
    }


def heard(path):
    """What a player that knows no ports or tracks plays: a program per channel, a note-off ends its pitch."""
    tick, programs, sounding, notes = 0, {}, {}, []
    for message in mido.MidiFile(path).merged_track:
        tick += message.time
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "note_on":
            assert (message.channel, message.note) not in sounding, "a sounding note is struck again"
            instrument = DRUMS if message.channel == 9 else programs[message.channel]
            sounding[message.channel, message.note] = tick, instrument, message.velocity
        elif message.type == "note_off":
            onset, instrument, velocity = sounding.pop((message.channel, message.note))
            notes.append(Note(onset, instrument, message.note, tick - onset, velocity))
    return sorted(notes)


def test_any_player_hears_128_instruments_that_take_turns(tmp_path):
    # At every moment about eight instruments play, on two pitches only, so that channels change hands all the time.
    chance = random.Random(0)
    notes = [
        Note(60 * i + chance.randrange(60), (37 * i) % 128, chance.choice([60, 61]), chance.randint(1, 480), 100)
        for i in range(1024)
    ]
    meter = Meter(32, 1)
    write(tmp_path / "turns.mid", [Bar(0, meter, tuple(notes))], [120])
    assert heard(tmp_path / "turns.mid") == sorted(notes)


def save(path, *tracks, ticks_per_beat=480, kind=1):
    """A file as another program might have written it: tracks of (ticks since the last message, message)."""
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks_per_beat)
    file.tracks = [mido.MidiTrack(message.copy(time=delta) for delta, message in track) for track in tracks]
    file.save(path)
    return path


def on(note=60, velocity=64, channel=0):
    return mido.Message("note_on", note=note, velocity=velocity, channel=channel)


def off(note=60, channel=0):
    return mido.Message("note_off", note=note, channel=channel)


def meter(numerator, denominator):
    return mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)


def tempo(microseconds):
    return mido.MetaMessage("set_tempo", tempo=microseconds)


NO_KEY = mido.UnknownMetaMessage(0x59, bytes((32, 5)))  # a key signature of 32 sharps


def only_bar(path):
    (bar,) = read(path).bars
    return bar.notes


def test_ticks_are_rescaled(tmp_path):
    path = save(tmp_path / "a.mid", [(96, on()), (48, off())], ticks_per_beat=96)
    assert only_bar(path) == (Note(480, 0, 60, 240, 64),)


def test_a_note_without_length_lasts_a_tick(tmp_path):
    assert only_bar(save(tmp_path / "a.mid", [(10, on()), (0, off())])) == (Note(10, 0, 60, 1, 64),)


def test_a_note_without_end_lasts_until_the_file_ends(tmp_path):
    path = save(tmp_path / "a.mid", [(100, on()), (0, on(64)), (300, off(64))])
    assert only_bar(path) == (Note(100, 0, 60, 300, 64), Note(100, 0, 64, 300, 64))


def test_an_end_without_a_note_is_nothing(tmp_path):
    assert only_bar(save(tmp_path / "a.mid", [(5, off()), (5, on()), (10, on(velocity=0))])) == (
        Note(10, 0, 60, 10, 64),
    )


def test_two_tracks_on_one_channel_keep_their_own_ends(tmp_path):
    path = save(tmp_path / "a.mid", [(0, on()), (400, off())], [(100, on()), (50, off())])
    assert only_bar(path) == (Note(0, 0, 60, 400, 64), Note(100, 0, 60, 50, 64))


def test_programs_hold_across_tracks(tmp_path):
    change = mido.Message("program_change", program=40, channel=2)
    path = save(tmp_path / "a.mid", [(0, change)], [(0, on(channel=2)), (10, off(channel=2))])
    assert only_bar(path)[0].instrument == 40


def test_a_meter_change_inside_a_bar_shortens_it(tmp_path):
    path = save(
        tmp_path / "a.mid", [(0, meter(4, 4)), (480, meter(3, 4)), (0, on()), (10, off()), (1430, tempo(500_000))]
    )
    assert [str(bar.meter) for bar in read(path).bars] == ["1/4", "3/4"]
    odd = save(
        tmp_path / "b.mid", [(0, meter(4, 4)), (481, meter(3, 4)), (0, on()), (10, off()), (2000, tempo(500_000))]
    )
    assert [str(bar.meter) for bar in read(odd).bars] == ["4/4", "3/4"]


def test_a_tempo_change_inside_a_bar_keeps_its_length_in_seconds(tmp_path):
    path = save(tmp_path / "a.mid", [(0, tempo(500_000)), (960, tempo(1_000_000)), (960 + 1920, on()), (1, off())])
    assert read(path).tempos == (80.0, 60.0, 60.0)


def test_a_file_without_signature_is_in_common_time_at_120(tmp_path):
    found = read(save(tmp_path / "a.mid", [(0, on()), (1, off())], kind=0))
    assert (found.bars[0].meter, found.tempos) == (Meter(4, 4), (120.0,))


def test_an_empty_file_has_no_bars(tmp_path):
    assert read(save(tmp_path / "a.mid", [])).bars == ()


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        ({"kind": 2}, "format 2"),
        ({"ticks_per_beat": -6136}, "film frames"),
        ({"ticks_per_beat": 0}, "no ticks in a beat"),
    ],
)
def test_what_bars_cannot_hold_is_said(tmp_path, bad, text):
    with pytest.raises(MidiFileError, match=text):
        read(save(tmp_path / "a.mid", [(0, on())], **bad))


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([(0, meter(33, 4))], "meter of 33/4"),
        ([(0, tempo(0))], "infinite tempo"),
        ([(0, NO_KEY)], "Could not decode key"),
        ([(0x0FFFFFFF, tempo(1)), (0x0FFFFFFF, on())], "longer than 100,000 bars"),
    ],
)
def test_unusable_events_are_named(tmp_path, events, text):
    with pytest.raises(MidiFileError, match=text):
        read(save(tmp_path / "a.mid", events))


@pytest.mark.parametrize(
    "data", [b"", b"MThd", b"RIFF" + bytes(100), b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\4\0\xff", bytes(64)]
)
def test_no_midi_file_is_said_with_its_name(tmp_path, data):
    path = tmp_path / "broken.mid"
    path.write_bytes(data)
    with pytest.raises(MidiFileError, match=r"broken\.mid is"):
        read(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "absent.mid")


def test_damage_of_any_kind_is_read_or_refused(tmp_path):
    notes = tuple(Note(60 * i, i, 60, 100) for i in range(20))
    path = tmp_path / "song.mid"
    write(path, [Bar(0, Meter(), notes)], [120])
    whole, chance, refused = path.read_bytes(), random.Random(0), 0
    for _ in range(500):
        data = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256) if data else 0
        path.write_bytes(data)
        try:
            read(path)
        except MidiFileError:
            refused += 1
    assert 0 < refused < 500


def test_one_tempo_per_bar(tmp_path):
    with pytest.raises(ValueError, match="1 bars and 0 tempos"):
        write(tmp_path / "a.mid", [Bar(0, Meter())], [])


@pytest.mark.parametrize("wrong", [0, -1, 3.5, float("nan"), float("inf"), 1e9])
def test_a_tempo_no_file_can_hold_is_refused_and_nothing_written(tmp_path, wrong):
    with pytest.raises(ValueError, match="MIDI file holds tempos"):
        write(tmp_path / "a.mid", [Bar(0, Meter())], [wrong])
    assert list(tmp_path.iterdir()) == []


@needs_corpus
def test_validation_pieces_come_back_as_they_were(tmp_path):
    with np.load(VALIDATION) as file:
        columns = {name: file[name] for name in file.files}
    for index in range(0, 600, 30):
        bars, tempos = piece(columns, index)
        write(tmp_path / "piece.mid", bars, tempos)
        found = read(tmp_path / "piece.mid")
        assert list(found.bars) == bars
        assert found.tempos == pytest.approx(tempos)
