"""How each note of a bar is struck, as far as its loudness depends on it. Knows no velocities.

The measurement (training/touch.py) and the use of what it found (amt.velocity) both see notes through this module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from patterns.instruments import DRUM_KEYS, FAMILIES
from patterns.meter import TICKS_PER_BEAT, Meter
from patterns.note import DRUMS, Note


class Place(IntEnum):
    """Where in the bar; BEAT: the beats but the first and, where there are four or more, the one in the middle, so the
    back-beats of 4/4; AFTER and BEFORE: the sixteenth after a beat, and the one before; FINE: triplets and finer."""

    BAR_LINE = 0
    MIDDLE = 1
    BEAT = 2
    HALF = 3
    AFTER = 4
    BEFORE = 5
    FINE = 6


class Chord(IntEnum):
    """What is struck at once. Of one pitched instrument: a single note, the highest, or another of several; of the kit:
    a piece alone, together with the snare or a crash, or else with the kick."""

    SINGLE = 0
    TOP = 1
    INNER = 2
    ON_SNARE = 3
    ON_KICK = 4


class Length(IntEnum):
    """Half a beat up to a beat, less, a beat or more. Drums have no length; AGAIN: a piece of the kit that was struck a
    sixteenth ago or less."""

    MEDIUM = 0
    SHORT = 1
    LONG = 2
    AGAIN = 3


ROWS = (
    *FAMILIES,
    "kick",
    "snare",
    "ghost snare",
    "snare in fills",
    "rim and clap",
    "closed hat",
    "pedal hat",
    "open hat",
    "ride",
    "crash",
    "toms",
    "percussion",
)
"""What has a touch of its own: the General MIDI families, then the pieces of the kit; the snare has three."""

_KICK, _SNARE, _GHOST, _FILL, _CRASH, _TOMS, _OTHER = (
    ROWS.index(name) for name in ("kick", "snare", "ghost snare", "snare in fills", "crash", "toms", "percussion")
)
_PIECE_OF_KEY = {
    key: ROWS.index(row)
    for row, keys in {
        "kick": DRUM_KEYS["kick"],
        "snare": DRUM_KEYS["snare"],
        "rim and clap": DRUM_KEYS["rim"] | DRUM_KEYS["clap"],
        "closed hat": DRUM_KEYS["ch"],
        "pedal hat": DRUM_KEYS["pedal hat"],
        "open hat": DRUM_KEYS["oh"],
        "ride": DRUM_KEYS["ride"],
        "crash": DRUM_KEYS["crash"] | DRUM_KEYS["splash"] | DRUM_KEYS["china"],
        "toms": DRUM_KEYS["tom"],
    }.items()
    for key in keys
}
_RUN = 3
"""Strokes of snare and toms within a beat that are a fill, at least."""


class Stroke(NamedTuple):
    """What the loudness of a note depends on; `row` is an index of ROWS."""

    row: int
    place: Place
    chord: Chord = Chord.SINGLE
    length: Length = Length.MEDIUM


def strokes(notes: Sequence[Note], meter: Meter) -> list[Stroke]:
    """How each of a whole bar's notes is struck; all of them must be there, as it depends on what else is."""
    kit = _kit_strokes([note for note in notes if note.is_drum], meter)
    together: dict[tuple[int, int], list[int]] = defaultdict(list)
    for note in notes:
        together[note.onset, note.instrument].append(note.pitch)
    return [
        kit[note.onset, note.pitch]
        if note.is_drum
        else Stroke(
            note.instrument // 8,
            place(note.onset, meter),
            _chord(note.pitch, together[note.onset, note.instrument]),
            _length(note.duration),
        )
        for note in notes
    ]


@lru_cache(maxsize=4096)
def place(onset: int, meter: Meter) -> Place:
    """The place of tick `onset` of a bar: the nearest of twelve lines to the beat. In 6/8, 9/8 and 12/8 a beat is a
    dotted quarter, and its eighths are what half beats are elsewhere."""
    is_compound = meter.denominator >= 8 and meter.numerator % 3 == 0 and meter.numerator > 3
    beat = 3 * 4 * TICKS_PER_BEAT // meter.denominator if is_compound else TICKS_PER_BEAT
    number, line = divmod((2 * 12 * onset + beat) // (2 * beat), 12)
    if line:
        named = {4: Place.HALF, 8: Place.HALF} if is_compound else {3: Place.AFTER, 6: Place.HALF, 9: Place.BEFORE}
        return named.get(line, Place.FINE)
    if number == 0:
        return Place.BAR_LINE
    return Place.MIDDLE if 2 * number * beat == meter.bar_ticks and number > 1 else Place.BEAT


def family(row: int) -> int:
    """The General MIDI family 0–15 of a row, or 16 for every piece of the kit."""
    return min(row, DRUMS // 8)


def _chord(pitch: int, together: Sequence[int]) -> Chord:
    if len(together) == 1:
        return Chord.SINGLE
    return Chord.TOP if pitch == max(together) else Chord.INNER


def _length(duration: int) -> Length:
    if duration >= TICKS_PER_BEAT:
        return Length.LONG
    return Length.MEDIUM if 2 * duration >= TICKS_PER_BEAT else Length.SHORT


def _kit_strokes(notes: Sequence[Note], meter: Meter) -> dict[tuple[int, int], Stroke]:
    """The drummer's strokes, by onset and key."""
    onsets: dict[int, set[int]] = defaultdict(set)
    for note in notes:
        onsets[_piece(note.pitch)].add(note.onset)
    snare_rows = _snare_rows(onsets[_SNARE], onsets[_TOMS], meter)

    def stroke(onset: int, piece: int) -> Stroke:
        accents = {_SNARE, _CRASH} - {piece}
        chord = (
            Chord.ON_SNARE
            if any(onset in onsets[other] for other in accents)
            else Chord.ON_KICK
            if piece != _KICK and onset in onsets[_KICK]
            else Chord.SINGLE
        )
        is_again = any(0 < onset - other <= TICKS_PER_BEAT // 4 for other in onsets[piece])
        row = snare_rows[onset] if piece == _SNARE else piece
        return Stroke(row, place(onset, meter), chord, Length.AGAIN if is_again else Length.MEDIUM)

    return {(note.onset, note.pitch): stroke(note.onset, _piece(note.pitch)) for note in notes}


def _piece(key: int) -> int:
    """The row of a drum key, all snares as one."""
    return _PIECE_OF_KEY.get(key, _OTHER)


def _snare_rows(snares: set[int], toms: set[int], meter: Meter) -> dict[int, int]:
    """What the snare does at each onset of it: fill beside toms or in a run; else, where the bar has back-beats, ghost
    notes between them; else the beat itself."""
    has_back_beats = any(place(onset, meter) == Place.BEAT for onset in snares)

    def row(onset: int) -> int:
        beat = onset // TICKS_PER_BEAT
        near = {other for other in snares | toms if other // TICKS_PER_BEAT == beat}
        if len(near) >= _RUN or near & toms:
            return _FILL
        return _GHOST if has_back_beats and place(onset, meter) != Place.BEAT else _SNARE

    return {onset: row(onset) for onset in snares}
