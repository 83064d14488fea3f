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
    """Alone, the highest, or another of the notes that one instrument strikes at once. Drums are always alone."""

    SINGLE = 0
    TOP = 1
    INNER = 2


class Length(IntEnum):
    """Half a beat up to a beat, less, a beat or more. Drums have no length."""

    MEDIUM = 0
    SHORT = 1
    LONG = 2


ROWS = (
    *FAMILIES,
    "kick",
    "snare",
    "snare between back-beats",
    "snare in fills",
    "rim and clap",
    "closed hat",
    "pedal hat",
    "open hat",
    "ride",
    "crash",
    "toms",
    "other percussion",
)
"""What has a touch of its own: the General MIDI families, then the pieces of the kit; the snare has three."""

_SNARE, _GHOST, _FILL, _OTHER = (
    ROWS.index(name) for name in ("snare", "snare between back-beats", "snare in fills", "other percussion")
)
_TOMS = DRUM_KEYS["tom"]
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
        "toms": _TOMS,
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
    highest: dict[tuple[int, int], int] = {}
    sizes: dict[tuple[int, int], int] = defaultdict(int)
    for note in notes:
        together = note.onset, note.instrument
        sizes[together] += 1
        highest[together] = max(note.pitch, highest.get(together, 0))
    snare_rows = _snare_rows(notes, meter)
    found = []
    for note in notes:
        at, together = place(note.onset, meter), (note.onset, note.instrument)
        if note.is_drum:
            row = _PIECE_OF_KEY.get(note.pitch, _OTHER)
            found.append(Stroke(snare_rows[note.onset] if row == _SNARE else row, at))
            continue
        chord = Chord.SINGLE if sizes[together] == 1 else Chord.TOP if note.pitch == highest[together] else Chord.INNER
        found.append(Stroke(note.instrument // 8, at, chord, _length(note.duration)))
    return found


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


def _length(duration: int) -> Length:
    if duration >= TICKS_PER_BEAT:
        return Length.LONG
    return Length.MEDIUM if 2 * duration >= TICKS_PER_BEAT else Length.SHORT


def _snare_rows(notes: Sequence[Note], meter: Meter) -> dict[int, int]:
    """What the snare does at each onset of it: fill beside toms or in a run; else, where the bar has back-beats, ghost
    notes between them; else the beat itself."""
    snares = {note.onset for note in notes if note.is_drum and _PIECE_OF_KEY.get(note.pitch) == _SNARE}
    toms = {note.onset for note in notes if note.is_drum and note.pitch in _TOMS}
    has_back_beats = any(place(onset, meter) == Place.BEAT for onset in snares)

    def row(onset: int) -> int:
        beat = onset // TICKS_PER_BEAT
        near = {other for other in snares | toms if other // TICKS_PER_BEAT == beat}
        if len(near) >= _RUN or near & toms:
            return _FILL
        return _GHOST if has_back_beats and place(onset, meter) != Place.BEAT else _SNARE

    return {onset: row(onset) for onset in snares}


def family(row: int) -> int:
    """The General MIDI family 0–15 of a row, or 16 for every piece of the kit."""
    return min(row, DRUMS // 8)
