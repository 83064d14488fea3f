"""Players who write from a style's tables, and players who double others. Borrows nothing from human pieces."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from training.arranger import patterns
from training.arranger.instruments import DRUMS, compass, stand_ins
from training.arranger.material import Notes
from training.arranger.song import Page, Player, Song
from training.arranger.styles import Style

DOUBLINGS = {
    "lead": ("octave", "octave", "unison", "echo", "thirds"),
    "bass": ("octave", "unison", "power"),
    "riff": ("octave", "unison", "power"),
    "comp": ("octave", "unison", "unison"),
}
DOUBLES = (48, 48, 30, 29, 81, 61, 52, 50)  # programs that often double others
MOST_PLAYERS = 8


def by_table(song: Song, style: Style, role: str) -> Player:
    """A player of a role that the style's band has, or of the drums."""
    program = DRUMS if role == "drums" else song.rng.choice(style.band[role])
    return Player(role, program, _WRITERS[role](song, style, program))


def doubled(song: Song, band: Sequence[Player]) -> list[Player]:
    """The band with some players doubled (DOUBLINGS); MOST_PLAYERS at most."""
    rng = song.rng
    often = rng.choice((0.0, 0.2, 0.4, 0.6))
    larger = list(band)
    for player in band:
        if player.program == DRUMS or rng.random() > often or len(larger) >= MOST_PLAYERS:
            continue
        way = rng.choice(DOUBLINGS.get(player.role, ("octave", "unison")))
        program = rng.choice((30, 29) if way == "power" else (*DOUBLES, *stand_ins(player.program)))
        octave = 12 if player.role == "bass" else rng.choice((-12, 12))
        larger.append(Player(player.role, program, _doubling(song, player, way, octave), player.borrowed, player))
    return larger[:MOST_PLAYERS]


def _doubling(song: Song, player: Player, way: str, octave: int) -> Page:
    def write(label: str) -> Notes:
        notes = player.page(label).copy()
        if way == "octave":
            notes[:, 2] += octave
        elif way == "echo":
            notes[:, 0] += 240
            notes[:, 3] = notes[:, 3] * 2 // 3
        elif way == "thirds":
            return patterns.harmonised(notes, song.key, -2)
        elif way == "power":
            notes[:, 2] += 12
            return np.concatenate([notes, notes + np.array([0, 0, 7, 0])])
        return notes

    return write


class _Lines:
    """The line that a player takes for a letter: one for A and mostly elsewhere, else any of the style's."""

    def __init__(self, rng: random.Random, lines: Sequence[str]) -> None:
        self.rng, self.lines, self.main = rng, lines, rng.choice(lines)

    def for_label(self, label: str) -> str:
        return self.main if label == "A" or self.rng.random() < 0.5 else self.rng.choice(self.lines)


def _drums(song: Song, style: Style, _: int) -> Page:
    rng = song.rng
    base = rng.choice(style.drums)
    elsewhere = rng.choice(("hat", "hat", "hat", "pedal", "open", "ride"))

    def write(label: str) -> Notes:
        grid = base if label == "A" or rng.random() < 0.5 else rng.choice(style.drums)
        if label != "A":
            grid = {elsewhere if name == "hat" else name: line for name, line in grid.items()}
        bars = len(song.chords[label]) // 2
        loop = min(bars, rng.choice(style.loops))
        notes = patterns.drum_grid(grid, loop, song.bar_ticks)
        if loop > 1 and rng.random() < 0.7:
            notes = _varied(rng, notes, (loop - 1) * song.bar_ticks + song.bar_ticks // 2, song.bar_ticks // 2)
        return patterns.repeated(notes, loop, bars, song.bar_ticks)

    return write


def _varied(rng: random.Random, notes: Notes, start: int, length: int) -> Notes:
    """Drums with up to three strokes of the `length` ticks from `start` left out, moved or given to another drum."""
    rows = notes.tolist()
    late = [row for row in rows if row[0] >= start]
    for row in rng.sample(late, min(len(late), rng.randint(1, 3))):
        way = rng.random()
        if way < 0.4:
            rows.remove(row)
        elif way < 0.7:
            row[0] = start + (row[0] - start + 240) % length
        else:
            rows.append([row[0], row[1], rng.choice((36, 38, 46, 45)), row[3]])
    return patterns.notes_of(rows)


def _low(program: int, share: float) -> int:
    """The pitch at a share of a program's compass."""
    low, high = compass(program)
    return round(low + share * (high - low))


def _bass(song: Song, style: Style, program: int) -> Page:
    lines = _Lines(song.rng, style.bass)
    low = _low(program, song.rng.uniform(0.1, 0.2))

    def write(label: str) -> Notes:
        chords = song.chords[label]
        if song.rng.random() < 0.06:
            chords = [chords[0]] * len(chords)  # a pedal point
        return patterns.bass_line(song.rng, lines.for_label(label), chords, song.key, song.bar_ticks, low)

    return write


def _riff(song: Song, style: Style, program: int) -> Page:
    rng = song.rng
    lines = _Lines(rng, style.riffs or style.bass)
    low = _low(program, rng.uniform(0.05, 0.3))
    power = program in (29, 30) or rng.random() < style.power

    def write(label: str) -> Notes:
        line = lines.for_label(label)
        return patterns.bass_line(rng, line, song.chords[label], song.key, song.bar_ticks, low, power)

    return write


def _comp(song: Song, style: Style, program: int) -> Page:
    lines = _Lines(song.rng, style.comp)
    low, voices = min(_low(program, song.rng.uniform(0.25, 0.5)), 64), song.rng.choice((2, 3, 3, 4))
    return lambda label: patterns.chord_hits(lines.for_label(label), song.chords[label], song.bar_ticks, low, voices)


def _pad(song: Song, _: Style, program: int) -> Page:
    low, voices = min(_low(program, song.rng.uniform(0.25, 0.45)), 66), song.rng.choice((1, 2, 3, 3, 4))
    return lambda label: patterns.held_chords(song.chords[label], song.bar_ticks, low, voices)


def _arp(song: Song, style: Style, program: int) -> Page:
    rng = song.rng
    steps = song.bar_ticks // rng.choice((120, 120, 240))
    low = min(_low(program, rng.uniform(0.3, 0.55)), 72)
    lines = _Lines(rng, style.arps or [patterns.random_arpeggio(rng, steps) for _ in range(3)])
    return lambda label: patterns.arpeggio(lines.for_label(label), song.chords[label], song.bar_ticks, low)


def _lead(song: Song, style: Style, program: int) -> Page:
    low, high = compass(program)
    bottom = round(max(low, min(high - 20, (low + high) / 2 - song.rng.randint(4, 12))))
    looping = song.rng.random() < 0.35

    def write(label: str) -> Notes:
        chords = song.chords[label]
        bars = len(chords) // 2
        half = chords[: 2 * (bars // 2)]
        loop = bars // 2 if looping and bars % 2 == 0 and half == chords[len(half) :] else bars
        notes = patterns.melody(song.rng, style.lead, chords[: 2 * loop], song.key, song.bar_ticks, bottom, bottom + 22)
        return patterns.repeated(notes, loop, bars, song.bar_ticks)

    return write


def _counter(song: Song, _: Style, program: int) -> Page:
    low = min(_low(program, song.rng.uniform(0.3, 0.5)), 66)
    return lambda label: patterns.counter_line(song.rng, song.chords[label], song.bar_ticks, low)


_WRITERS: dict[str, Callable[[Song, Style, int], Page]] = {
    "drums": _drums,
    "bass": _bass,
    "low": _bass,
    "riff": _riff,
    "comp": _comp,
    "pad": _pad,
    "arp": _arp,
    "lead": _lead,
    "counter": _counter,
}
