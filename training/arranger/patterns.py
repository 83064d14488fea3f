"""What a player writes from a line of text: drum grids, bass lines, strummed chords, arpeggios and rhythms.

A pattern fills bars evenly: 16 characters are sixteenths of a 4/4 bar, 12 its triplets; `|` divides bars. In all of
them `.` rests and `-` holds. Notes are (n, 4): onset and duration in ticks, pitch, velocity; two chords a bar.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from training.arranger.harmony import Chord, Key, ladder, scale_pitches, voiced
from training.arranger.instruments import KIT

Notes = NDArray[np.int64]
ARPEGGIOS = (
    "0123",
    "0121",
    "012345",
    "3210",
    "0213",
    "02132435",
    "0312",
    "01234321",
    "0204",
    "420",
    "012",
    "0102",
    "7654",
    "0.1.2.1.",
)
LOUDNESS = {"X": 118, "x": 104, "o": 84, "g": 46}


def notes_of(rows: Sequence[tuple[int, int, int, int]]) -> Notes:
    return np.array(rows, np.int64).reshape(-1, 4)


def strokes(pattern: str, bars: int, bar_ticks: int) -> Iterator[tuple[int, int, int, str]]:
    """Each stroke of a pattern over `bars` bars: bar, onset in the bar, duration with its holds, character."""
    texts = pattern.split("|")
    for bar in range(bars):
        text = texts[bar % len(texts)]
        step = bar_ticks / len(text)
        for at, character in enumerate(text):
            if character in ".-":
                continue
            end = at + 1
            while end < len(text) and text[end] == "-":
                end += 1
            yield bar, round(at * step), round(end * step) - round(at * step), character


def drum_grid(grid: Mapping[str, str], bars: int, bar_ticks: int) -> Notes:
    """A grid of one line an instrument: X accent, x hit, o soft, g ghost note."""
    return notes_of(
        [
            (bar * bar_ticks + onset, length, KIT[name], LOUDNESS[character])
            for name, pattern in grid.items()
            for bar, onset, length, character in strokes(pattern, bars, bar_ticks)
        ]
    )


def repeated(notes: Notes, loop: int, bars: int, bar_ticks: int) -> Notes:
    """`loop` bars of notes played again and again until `bars` are full."""
    copies = [notes + np.array([first * bar_ticks, 0, 0, 0]) for first in range(0, bars, loop)]
    joined = np.concatenate(copies)
    return joined[joined[:, 0] < bars * bar_ticks]


def _chord_at(chords: Sequence[Chord], bar: int, onset: int, bar_ticks: int) -> int:
    return min(2 * bar + int(2 * onset >= bar_ticks), len(chords) - 1)


def bass_line(
    rng: random.Random, pattern: str, chords: Sequence[Chord], key: Key, bar_ticks: int, low: int, power: bool = False
) -> Notes:
    """r root, 3 5 7 tones, 8 octave, o octave below, a approach to the next chord, w a walking note, b flat seventh,
    4 fourth, 6 sixth, 2 second; where `power`, capitals R and P strike fifths and octaves on the root."""
    bars = len(chords) // 2
    rows: list[tuple[int, int, int, int]] = []
    for bar, onset, length, character in strokes(pattern, bars, bar_ticks):
        slot = _chord_at(chords, bar, onset, bar_ticks)
        chord, coming = chords[slot], chords[(slot + 1) % len(chords)]
        root = low + (chord.root - low) % 12
        third, fifth = (chord.tones[1] if len(chord.tones) > 2 else 7), (chord.tones[2] if len(chord.tones) > 2 else 7)
        steps = {"r": 0, "R": 0, "P": 0, "3": third, "5": fifth, "8": 12, "o": -12, "4": 5, "6": 9, "2": 2, "b": 10}
        if character == "a":
            following = low + (coming.root - low) % 12
            pitch = following + rng.choice((-1, 1, -2, 2))
        elif character == "w":
            line = scale_pitches(key, root - 5, root + 12)
            before = rows[-1][2] if rows else root
            pitch = min(rng.sample(line, min(4, len(line))), key=lambda tone: abs(abs(tone - before) - 2))
        elif character == "7":
            pitch = root + (chord.tones[3] if len(chord.tones) > 3 and chord.tones[3] < 12 else 10)
        else:
            pitch = root + steps[character]
        velocity = 96 if onset == 0 else 88
        rows.append((bar * bar_ticks + onset, length, pitch, velocity))
        if power and character in "RP":
            rows.append((bar * bar_ticks + onset, length, pitch + 7, velocity))
            if character == "P":
                rows.append((bar * bar_ticks + onset, length, pitch + 12, velocity))
    return notes_of(rows)


def chord_hits(pattern: str, chords: Sequence[Chord], bar_ticks: int, low: int, voices: int) -> Notes:
    """x and X strike the chord, o softly, l only its root below, h its upper tones, d doubles it an octave up."""
    rows = []
    near: list[int] = []
    for bar, onset, length, character in strokes(pattern, len(chords) // 2, bar_ticks):
        chord = chords[_chord_at(chords, bar, onset, bar_ticks)]
        near = voiced(chord, near, low, voices)
        pitches = {"l": [low - 12 + (chord.root - low) % 12], "h": near[1:] or near}.get(character, near)
        if character == "d":
            pitches = [*near, near[0] + 12]
        velocity = {"X": 104, "o": 64, "l": 88}.get(character, 84)
        start = bar * bar_ticks + onset
        rows += [(start, length, pitch, velocity) for pitch in pitches]
    return notes_of(rows)


def held_chords(chords: Sequence[Chord], bar_ticks: int, low: int, voices: int) -> Notes:
    """A pad: each chord held until the next differs, two bars at most."""
    rows: list[tuple[int, int, int, int]] = []
    near: list[int] = []
    slot = 0
    while slot < len(chords):
        end = slot + 1
        while end < len(chords) and chords[end] == chords[slot] and end - slot < 4:
            end += 1
        near = voiced(chords[slot], near, low, voices)
        start, stop = slot * bar_ticks // 2, end * bar_ticks // 2
        rows += [(start, stop - start, pitch, 72) for pitch in near]
        slot = end
    return notes_of(rows)


def arpeggio(pattern: str, chords: Sequence[Chord], bar_ticks: int, low: int) -> Notes:
    """Digits climb the chord's tones from the lowest above `low`."""
    rows = []
    for bar, onset, length, character in strokes(pattern, len(chords) // 2, bar_ticks):
        tones = ladder(chords[_chord_at(chords, bar, onset, bar_ticks)], low, low + 40)
        pitch = tones[min(int(character), len(tones) - 1)]
        rows.append((bar * bar_ticks + onset, length, pitch, 88 if onset == 0 else 78))
    return notes_of(rows)


def random_arpeggio(rng: random.Random, steps: int) -> str:
    """One of ARPEGGIOS repeated through a bar of `steps`."""
    return (rng.choice(ARPEGGIOS) * steps)[:steps]


def melody(
    rng: random.Random, rhythms: Sequence[str], chords: Sequence[Chord], key: Key, bar_ticks: int, low: int, high: int
) -> Notes:
    """A tune of motifs: each two bars take a rhythm; motifs return over new chords, keeping their contour.

    Rhythms: x a note, X an accent. Strong notes seek chord tones; leaps turn back.
    """
    bars = len(chords) // 2
    scale = scale_pitches(key, low, high)
    motifs: dict[str, tuple[str, list[int]]] = {}
    plan = rng.choice(("aaba", "aabb", "abab", "abac", "aaab", "abcb", "aaaa"))
    at = len(scale) // 2 + rng.randint(-2, 2)
    rows = []
    span = rng.choice((1, 1, 2))
    for bar in range(bars):
        name = plan[(bar // span) % len(plan)] + str(bar % span)
        if name not in motifs:
            rhythm = rng.choice(rhythms).split("|")
            text = rhythm[bar % len(rhythm)]
            motifs[name] = (text, [rng.choice((-2, -1, -1, 0, 0, 1, 1, 2, rng.choice((-4, -3, 3, 4)))) for _ in text])
        text, contour = motifs[name]
        for place, (_, onset, length, character) in enumerate(strokes(text, 1, bar_ticks)):
            at = min(max(at + contour[place], 0), len(scale) - 1)
            if at in (0, len(scale) - 1):
                at = len(scale) // 2
            pitch = scale[at]
            chord = chords[_chord_at(chords, bar, onset, bar_ticks)]
            if onset * 4 % bar_ticks == 0 or length >= 480:
                tones = ladder(chord, pitch - 3, pitch + 3)
                pitch = min(tones, key=lambda tone: abs(tone - pitch)) if tones else pitch
            rows.append((bar * bar_ticks + onset, length, pitch, 104 if character == "X" else 92))
    return notes_of(rows)


def counter_line(rng: random.Random, chords: Sequence[Chord], bar_ticks: int, low: int) -> Notes:
    """Long notes that move to the nearest third, seventh or fifth of each chord."""
    rows = []
    pitch = low + rng.randint(3, 9)
    length = rng.choice((bar_ticks // 2, bar_ticks))
    for start in range(0, len(chords) * bar_ticks // 2, length):
        chord = chords[2 * start // bar_ticks]
        tones = ladder(Chord(chord.root, chord.tones[1:]), pitch - 7, pitch + 7)
        moving = [tone for tone in tones if tone != pitch and low <= tone <= low + 19] or tones
        pitch = min(moving, key=lambda tone: abs(tone - pitch)) if rng.random() < 0.7 else rng.choice(moving)
        rows.append((start, length, pitch, 76))
    return notes_of(rows)


def harmonised(notes: Notes, key: Key, steps: int) -> Notes:
    """The line moved by scale steps (−2: a third below)."""
    scale = np.array(scale_pitches(key, 0, 127))
    moved = notes.copy()
    place = np.clip(np.searchsorted(scale, notes[:, 2]) + steps, 0, len(scale) - 1)
    moved[:, 2] = scale[place]
    return moved
