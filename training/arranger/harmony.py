"""Keys, chords and progressions, and how a phrase moves from one chord to another. Knows no instruments and no time.

Pitch classes are ints 0 … 11; a chord's tones are semitones above its root.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "harmonic": (0, 2, 3, 5, 7, 8, 11),
    "blues": (0, 3, 5, 6, 7, 10),
}
QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "5": (0, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "mmaj7": (0, 3, 7, 11),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "9": (0, 4, 7, 10, 14),
    "m9": (0, 3, 7, 10, 14),
    "maj9": (0, 4, 7, 11, 14),
    "add9": (0, 4, 7, 14),
    "madd9": (0, 3, 7, 14),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "7sus4": (0, 5, 7, 10),
    "dim": (0, 3, 6),
    "dim7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "aug": (0, 4, 8),
}
_DEGREES = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
_NUMERAL = re.compile(r"([b#]?)(iii|ii|iv|i|vii|vi|v)(.*)", re.IGNORECASE)


@dataclass(frozen=True)
class Key:
    """A tonic (pitch class) and the name of a scale in SCALES."""

    tonic: int
    mode: str

    @property
    def pitch_classes(self) -> frozenset[int]:
        return frozenset((self.tonic + step) % 12 for step in SCALES[self.mode])


@dataclass(frozen=True)
class Chord:
    """A root (pitch class) and its tones in semitones above it, ascending from 0."""

    root: int
    tones: tuple[int, ...]

    def moved(self, semitones: int) -> Chord:
        return Chord((self.root + semitones) % 12, self.tones)


def chord(numeral: str, tonic: int) -> Chord:
    """The chord that a numeral names above a tonic: 'ii7', 'bVII', 'V7sus4'. Degrees count on the major scale, so
    minor keys spell 'i bVI bIII bVII'; small letters are minor. ValueError for what is no numeral."""
    match = _NUMERAL.fullmatch(numeral)
    if match is None:
        raise ValueError(f"{numeral!r} is no chord: write a numeral such as I, ii7, bVII or V7sus4")
    sign, degree, quality = match.groups()
    minor = degree.islower() and not quality.startswith(("m", "dim", "5", "sus"))
    name = "m" + quality if minor else quality
    if name not in QUALITIES:
        raise ValueError(f"{numeral!r} has no known quality: after the numeral write one of {', '.join(QUALITIES)}")
    root = tonic + _DEGREES[degree.lower()] + {"b": -1, "#": 1, "": 0}[sign]
    return Chord(root % 12, QUALITIES[name])


def progression(text: str, tonic: int) -> list[Chord]:
    """Two chords a bar from text with one word a bar; 'ii7-V7' halves a bar."""
    slots: list[Chord] = []
    for bar in text.split():
        names = bar.split("-")
        slots += [chord(names[0], tonic), chord(names[-1], tonic)]
    return slots


def looped(chords: Sequence[Chord], slots: int) -> list[Chord]:
    """The progression repeated or cut to a number of slots."""
    return [chords[index % len(chords)] for index in range(slots)]


@lru_cache(maxsize=200_000)
def shifts(source: Chord, target: Chord, key: Key) -> NDArray[np.int64]:
    """(12,) semitones by which each pitch class moves when a phrase heard over `source` is played over `target`: chord
    tones go to chord tones, all others to the nearest tone of the key or the chord."""
    jump = (target.root - source.root + 6) % 12 - 6
    chord_tones = sorted({tone % 12 for tone in target.tones})
    key_tones = {(pitch_class - target.root) % 12 for pitch_class in key.pitch_classes}
    # a key tone a semitone from a chord tone that replaces it (E under C minor's E flat) would clash
    third = {3, 4} & set(chord_tones)
    if third:
        key_tones -= {3, 4} - third
    free = sorted(key_tones | set(chord_tones))
    heard = {tone % 12 for tone in source.tones}
    moved = np.zeros(12, np.int64)
    for pitch_class in range(12):
        above = (pitch_class - source.root) % 12
        allowed = chord_tones if above in heard else free
        moved[pitch_class] = jump + min(
            ((tone - above + 6) % 12 - 6 for tone in allowed), key=lambda step: (abs(step), step)
        )
    return moved


def repitched(
    pitches: NDArray[np.int64], sources: Sequence[Chord], targets: Sequence[Chord], key: Key
) -> NDArray[np.int64]:
    """Pitches moved from the chords that each was heard over to the chord that each shall stand over."""
    steps = [
        shifts(source, target, key)[pitch % 12]
        for pitch, source, target in zip(pitches.tolist(), sources, targets, strict=True)
    ]
    return pitches + np.array(steps, np.int64)


def ladder(chord: Chord, low: int, high: int) -> list[int]:
    """All pitches of a chord from low to high, ascending."""
    tones = {(chord.root + tone) % 12 for tone in chord.tones}
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in tones]


def voiced(chord: Chord, near: Sequence[int], low: int, voices: int) -> list[int]:
    """A close voicing of at most `voices` tones in the octave and a half above `low`, nearest to the one before it."""
    pitches = ladder(chord, low, low + 19)
    count = min(voices, len({tone % 12 for tone in chord.tones}))
    choices = [pitches[start : start + count] for start in range(max(1, len(pitches) - count + 1))]
    if not near:
        return choices[0]
    centre = sum(near) / len(near)
    return min(choices, key=lambda choice: abs(sum(choice) / len(choice) - centre))


def scale_pitches(key: Key, low: int, high: int) -> list[int]:
    """All pitches of a key from low to high, ascending."""
    classes = key.pitch_classes
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in classes]
