"""Standard MIDI files ↔ bars. Knows no model and no network.

Written: format 1, 480 ticks a beat; first a track with tempos, meters and the piece's length, then one track per
instrument; drums on channel 10; more than fifteen instruments by program changes (patterns.midi_channels).
Reading gives back what was written: bars, notes and tempos are equal, apart from index and revision, which a file
does not have.
Of foreign files notes, programs, tempos and meters are read; pedals, controllers and lyrics are not.
"""

from __future__ import annotations

import io
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import mido
from mido.midifiles.meta import KeySignatureError

from patterns.atomic import write_atomically
from patterns.bar import Bar
from patterns.instruments import name_of
from patterns.meter import TICKS_PER_BEAT
from patterns.midi_channels import ChannelAllocator
from patterns.midi_reader import MICROSECONDS_PER_MINUTE, MidiFileError, Piece, piece

__all__ = ["MidiFileError", "Piece", "read", "write"]

_SLOWEST = 0xFFFFFF  # microseconds a beat, in the three bytes that a file has for them


def write(path: str | os.PathLike[str], bars: Sequence[Bar], tempos: Sequence[float]) -> None:
    """Writes bars one after another, whatever their indices, into a MIDI file; whole or not at all.

    Args:
        tempos: beats a minute, one per bar; kept to a microsecond a beat, so that 133.7 comes back as 133.7.

    Raises:
        ValueError: not one tempo per bar, or a tempo that a MIDI file cannot hold (below 3.58).
        OSError: the file cannot be written; a file that stood there is as it was.
    """
    if len(bars) != len(tempos):
        raise ValueError(f"every bar has one tempo; there are {len(bars)} bars and {len(tempos)} tempos")
    tracks = [_conductor(bars, [_microseconds(tempo) for tempo in tempos]), *_instrument_tracks(bars)]
    buffer = io.BytesIO()
    mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, tracks=tracks).save(file=buffer)
    write_atomically(path, buffer.getvalue())


def read(path: str | os.PathLike[str]) -> Piece:
    """A MIDI file as bars, cut by its time signatures; nothing is quantised, ticks are rescaled to 480 a beat.

    A note without an end lasts until the file's end, one without length a tick. A meter that changes inside a bar
    makes that bar shorter where a meter of that length exists, and else waits for the next bar line. Bars reach to
    the last onset and to the end of the first track.

    Raises:
        MidiFileError: no MIDI file, damaged, or not to be held in bars.
        OSError: the file cannot be read.
    """
    data = Path(path).read_bytes()
    try:
        file = mido.MidiFile(file=io.BytesIO(data))
    except EOFError as error:
        raise MidiFileError(f"{path} is damaged: it ends too early") from error
    except (OSError, ValueError, LookupError, TypeError, KeySignatureError) as error:
        raise MidiFileError(f"{path} is no MIDI file or damaged: {error}") from error
    try:
        return piece(file)
    except MidiFileError as error:
        raise MidiFileError(f"{path}: {error}") from error


def _microseconds(tempo: float) -> int:
    """A tempo as a MIDI file has it, microseconds a beat."""
    if not tempo * _SLOWEST >= MICROSECONDS_PER_MINUTE or not tempo <= MICROSECONDS_PER_MINUTE:
        raise ValueError(f"a MIDI file holds tempos from 3.58 beats a minute, not {tempo}")
    return round(MICROSECONDS_PER_MINUTE / tempo)


def _starts(bars: Sequence[Bar]) -> Iterator[tuple[int, Bar]]:
    start = 0
    for bar in bars:
        yield start, bar
        start += bar.meter.bar_ticks


def _conductor(bars: Sequence[Bar], tempos: Sequence[int]) -> mido.MidiTrack:
    events: list[tuple[int, mido.MetaMessage]] = []
    meter, tempo, end = None, None, 0
    for (start, bar), microseconds in zip(_starts(bars), tempos, strict=True):
        if microseconds != tempo:
            events.append((start, mido.MetaMessage("set_tempo", tempo=microseconds)))
        if bar.meter != meter:
            signature = {"numerator": bar.meter.numerator, "denominator": bar.meter.denominator}
            events.append((start, mido.MetaMessage("time_signature", **signature)))
        meter, tempo, end = bar.meter, microseconds, start + bar.meter.bar_ticks
    events.append((end, mido.MetaMessage("end_of_track")))
    return _track(events)


def _instrument_tracks(bars: Sequence[Bar]) -> list[mido.MidiTrack]:
    notes = sorted(replace(note, onset=start + note.onset) for start, bar in _starts(bars) for note in bar.notes)
    allocator = ChannelAllocator()
    # At one tick notes end first, then programs change, then notes start.
    events: defaultdict[tuple[int, int], list[tuple[int, int, mido.Message]]] = defaultdict(list)
    used: set[tuple[int, int]] = set()
    for note in notes:
        end = note.onset + note.duration
        channel, changes = allocator.channel(note.instrument, note.pitch, note.onset, end)
        track = events[channel.port, note.instrument]
        if changes:
            first = (channel.port, channel.number) not in used
            used.add((channel.port, channel.number))
            change = mido.Message("program_change", channel=channel.number, program=note.instrument)
            track.append((0 if first else note.onset, 1, change))
        fields = {"channel": channel.number, "note": note.pitch}
        track.append((note.onset, 2, mido.Message("note_on", velocity=note.velocity, **fields)))
        track.append((end, 0, mido.Message("note_off", velocity=0, **fields)))
    tracks = []
    for (port, instrument), timed in sorted(events.items()):
        heading = [(0, mido.MetaMessage("track_name", name=name_of(instrument)))]
        if port:
            heading.append((0, mido.MetaMessage("midi_port", port=port)))
        ordered = sorted(timed, key=lambda event: event[:2])
        tracks.append(_track([*heading, *((tick, message) for tick, _, message in ordered)]))
    return tracks


def _track(events: Sequence[tuple[int, mido.Message]]) -> mido.MidiTrack:
    """Messages at ascending ticks as a track."""
    ticks = [0, *(tick for tick, _ in events)]
    return mido.MidiTrack(
        message.copy(time=after - before) for (before, after), (_, message) in zip(pairwise(ticks), events, strict=True)
    )
