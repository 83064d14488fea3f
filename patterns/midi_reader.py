"""What a parsed MIDI file means: all tracks' events → notes, bars cut by time signatures, a tempo for each bar."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import mido

from patterns.bar import Bar
from patterns.meter import TICKS_PER_BEAT, Meter
from patterns.midi_channels import DRUM_CHANNEL
from patterns.note import DRUMS, Note

MAX_BARS = 100_000
"""More bars than this in a file are taken for damage."""
MICROSECONDS_PER_MINUTE = 60_000_000

_DEFAULT_TEMPO = 500_000


class MidiFileError(ValueError):
    """A file that is no MIDI file, is damaged, or says what bars cannot hold; the text says which."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A MIDI file as bars.

    Attributes:
        bars: indices 0, 1, 2 …
        tempos: beats a minute, one per bar; where a file changes tempo inside a bar, the one at which that bar
            lasts as long.
    """

    bars: tuple[Bar, ...]
    tempos: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Event:
    tick: int
    track: int
    port: int
    message: mido.Message


def piece(file: mido.MidiFile) -> Piece:
    """The bars of a parsed file; patterns.midi.read says how.

    Raises:
        MidiFileError: not to be held in bars.
    """
    if file.type not in (0, 1):
        raise MidiFileError(f"a MIDI file of format {file.type} has no common time; save it as format 0 or 1")
    if file.ticks_per_beat == 0:
        raise MidiFileError("it has no ticks in a beat: the file is damaged")
    if file.ticks_per_beat < 0:
        raise MidiFileError("its time is in film frames, not in beats; export it with a tempo")
    ends, events = _events(file)
    notes = _notes(events, max(ends, default=0))
    meters = [(e.tick, _meter(e.message)) for e in events if e.message.type == "time_signature"]
    tempos = [(e.tick, e.message.tempo) for e in events if e.message.type == "set_tempo"]
    if any(microseconds == 0 for _, microseconds in tempos):
        raise MidiFileError("it has an infinite tempo")
    length = max([*ends[:1], *(note.onset + 1 for note in notes)], default=0)
    starts, bar_meters = _cut(meters, length)
    inside: list[list[Note]] = [[] for _ in starts]
    for note in notes:
        index = bisect_right(starts, note.onset) - 1
        inside[index].append(replace(note, onset=note.onset - starts[index]))
    bars = tuple(Bar(i, m, tuple(n)) for i, (m, n) in enumerate(zip(bar_meters, inside, strict=True)))
    return Piece(bars, tuple(_bar_tempos(tempos, starts, bar_meters)))


def _events(file: mido.MidiFile) -> tuple[list[int], list[_Event]]:
    """Where each track ends, and all messages in the order in which a player meets them; ticks at 480 a beat."""
    ends, events = [], []
    for index, track in enumerate(file.tracks):
        tick, port = 0, 0
        for message in track:
            tick += message.time
            if message.type == "midi_port":
                port = message.port
            events.append(_Event(_rescaled(tick, file.ticks_per_beat), index, port, message))
        ends.append(_rescaled(tick, file.ticks_per_beat))
    return ends, sorted(events, key=lambda event: event.tick)


def _rescaled(tick: int, ticks_per_beat: int) -> int:
    return (2 * tick * TICKS_PER_BEAT + ticks_per_beat) // (2 * ticks_per_beat)


def _notes(events: Sequence[_Event], end: int) -> list[Note]:
    """Pairs note-ons with note-offs, first in first out per track, port, channel and pitch."""
    programs: defaultdict[tuple[int, int], int] = defaultdict(int)
    sounding: defaultdict[tuple[int, int, int, int], deque[Note]] = defaultdict(deque)
    notes = []
    for event in events:
        message = event.message
        if message.type == "program_change":
            programs[event.port, message.channel] = message.program
        elif message.type in ("note_on", "note_off"):
            begun = sounding[event.track, event.port, message.channel, message.note]
            if message.type == "note_on" and message.velocity > 0:
                is_drum = message.channel == DRUM_CHANNEL
                instrument = DRUMS if is_drum else programs[event.port, message.channel]
                begun.append(Note(event.tick, instrument, message.note, 1, message.velocity))
            elif begun:
                notes.append(_ended(begun.popleft(), event.tick))
    notes.extend(_ended(note, end) for begun in sounding.values() for note in begun)
    return notes


def _ended(note: Note, end: int) -> Note:
    return replace(note, duration=max(1, end - note.onset))


def _meter(message: mido.MetaMessage) -> Meter:
    try:
        return Meter(message.numerator, message.denominator)
    except ValueError as error:
        raise MidiFileError(f"it has a meter of {message.numerator}/{message.denominator}: {error}") from error


def _cut(changes: Sequence[tuple[int, Meter]], length: int) -> tuple[list[int], list[Meter]]:
    """The starts and meters of the bars that cover `length` ticks; 4/4 until the first change."""
    starts: list[int] = []
    meters: list[Meter] = []
    start, meter, waiting = 0, Meter(), deque(changes)
    while start < length:
        if len(starts) == MAX_BARS:
            raise MidiFileError(f"it is longer than {MAX_BARS:,} bars")
        while waiting and waiting[0][0] <= start:
            meter = waiting.popleft()[1]
        room = waiting[0][0] - start if waiting else meter.bar_ticks
        cut = _meter_of(room, meter) if room < meter.bar_ticks else meter
        starts.append(start)
        meters.append(cut)
        start += cut.bar_ticks
    return starts, meters


def _meter_of(ticks: int, meter: Meter) -> Meter:
    """A meter of that length, with the same denominator if it can be; the meter itself if there is none."""
    for denominator in (meter.denominator, 4, 8, 16, 32):
        numerator, rest = divmod(ticks * denominator, 4 * TICKS_PER_BEAT)
        if rest == 0 and 1 <= numerator <= 32:
            return Meter(numerator, denominator)
    return meter


def _bar_tempos(changes: Sequence[tuple[int, int]], starts: Sequence[int], meters: Sequence[Meter]) -> Iterator[float]:
    waiting, microseconds = deque(changes), _DEFAULT_TEMPO
    for start, meter in zip(starts, meters, strict=True):
        end, tick, total = start + meter.bar_ticks, start, 0
        while waiting and waiting[0][0] < end:
            change, following = waiting.popleft()
            total += microseconds * (max(change, start) - tick)
            tick, microseconds = max(change, start), following
        total += microseconds * (end - tick)
        yield _beats_per_minute(max(1, round(total / meter.bar_ticks)))


def _beats_per_minute(microseconds: int) -> float:
    """The tempo with the fewest decimals that is written as these microseconds: 448,766 → 133.7."""
    exact = MICROSECONDS_PER_MINUTE / microseconds
    candidates = (round(exact, digits) for digits in range(12))
    return next((t for t in candidates if t > 0 and round(MICROSECONDS_PER_MINUTE / t) == microseconds), exact)
