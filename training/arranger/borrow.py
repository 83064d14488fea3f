"""Phrases of human players, moved over other chords, into other keys and other songs. Invents nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.arranger.harmony import Chord, Key, repitched, shifts
from training.arranger.instruments import KIT
from training.arranger.material import EARLY, Material, Notes, Source

LOOPS = (1, 2, 2, 4, 4, 4, 8, 8)  # bars that a borrowed phrase is long before it repeats
ALTERED = 0.4  # how often a borrowed phrase is altered
BEAT = [KIT[name] for name in ("kick", "kick2", "snare", "snare2", "rim", "clap")]
TRIES = 5  # phrases looked at before the one that fits the chords best is taken


@dataclass(frozen=True)
class Voice:
    """One part of a human piece."""

    source: Source
    program: int

    def phrase_starts(self, rng: random.Random, loop: int) -> list[int]:
        """Some bars from which the part plays in most of `loop` bars."""
        last = self.source.bars - loop
        if last < 0:
            return []
        tries = [rng.randrange(0, last + 1, min(loop, 4)) for _ in range(4 * TRIES)]
        wanted = (3 * loop + 3) // 4
        return [bar for bar in tries if self.source.busy(self.program, bar, loop) >= wanted][:TRIES]

    def drummed(self, rng: random.Random, bars: int) -> Notes | None:
        """A drum pattern over `bars` bars; None where the part is too sparse."""
        loop = min(rng.choice(LOOPS), bars)
        starts = self.phrase_starts(rng, loop)
        if not starts:
            return None
        phrase = self.source.phrase(self.program, starts[0], loop)
        return _tiled([phrase] * -(-bars // loop), loop, bars, self.source.bar_ticks)

    def over(self, rng: random.Random, chords: Sequence[Chord], key: Key) -> Notes | None:
        """A phrase repeated over chords (two a bar), often altered; None where the part is too sparse."""
        bars = len(chords) // 2
        loop = min(rng.choice(LOOPS), bars)
        starts = self.phrase_starts(rng, loop)
        if not starts:
            return None
        start = min(starts, key=lambda bar: _strain(self.source.chords[2 * bar : 2 * (bar + loop)], chords, key))
        phrase, heard = self._phrase(start, loop)
        if rng.random() < ALTERED:
            other, heard_there = self._phrase(rng.choice(starts), loop)
            if len(other) and self.source.roles[self.program] != "chords" and rng.random() < 0.5:
                phrase, heard = _with_tones(phrase, other, heard_there)
            phrase, heard = _altered(rng, phrase, heard, loop * self.source.bar_ticks)
        half = self.source.bar_ticks // 2
        slots = np.clip((phrase[:, 0] + EARLY) // half, 0, 2 * loop - 1).tolist()
        copies = []
        for first in range(0, len(chords), 2 * loop):
            targets = [chords[min(first + slot, len(chords) - 1)] for slot in slots]
            copy = phrase.copy()
            copy[:, 2] = repitched(phrase[:, 2], heard, targets, key)
            copies.append(copy)
        return _tiled(copies, loop, bars, self.source.bar_ticks)

    def _phrase(self, bar: int, bars: int) -> tuple[Notes, list[Chord]]:
        """The notes of some bars, and the chord that each was heard over."""
        notes = self.source.phrase(self.program, bar, bars)
        half = self.source.bar_ticks // 2
        slots = 2 * bar + np.clip((notes[:, 0] + EARLY) // half, 0, 2 * bars - 1)
        return notes, [self.source.chords[slot] for slot in slots.tolist()]


def _with_tones(phrase: Notes, other: Notes, heard: Sequence[Chord]) -> tuple[Notes, list[Chord]]:
    """The rhythm of a phrase with the tones of another."""
    order = np.arange(len(phrase)) % len(other)
    mixed = phrase.copy()
    mixed[:, 2] = other[order, 2]
    return mixed, [heard[place] for place in order.tolist()]


def _altered(rng: random.Random, phrase: Notes, heard: Sequence[Chord], length: int) -> tuple[Notes, list[Chord]]:
    """A phrase turned round in time, thinned out, or turned upside down; or as it is."""
    way = rng.choice(("rotated", "thinned", "mirrored", "same"))
    notes = phrase.copy()
    kept = np.arange(len(notes))
    if way == "rotated":
        notes[:, 0] = (notes[:, 0] + EARLY + 240 * rng.randrange(1, length // 240)) % length - EARLY
        kept = np.argsort(notes[:, 0], kind="stable")
    elif way == "thinned":
        onsets = np.unique(notes[:, 0]).tolist()
        gone = rng.sample(onsets, len(onsets) // rng.choice((3, 4, 6)))
        kept = np.flatnonzero(~np.isin(notes[:, 0], gone))
    elif way == "mirrored":
        notes[:, 2] = 2 * int(np.median(notes[:, 2])) - notes[:, 2]
    return notes[kept], [heard[place] for place in kept.tolist()]


def merged(beat: Notes, colour: Notes) -> Notes:
    """Kick and snare of one drum part, everything else of another."""
    both = np.concatenate([beat[np.isin(beat[:, 2], BEAT)], colour[~np.isin(colour[:, 2], BEAT)]])
    return both[np.argsort(both[:, 0], kind="stable")]


def _tiled(copies: Sequence[Notes], loop: int, bars: int, bar_ticks: int) -> Notes:
    placed = []
    for place, copy in enumerate(copies):
        moved = copy.copy()
        moved[:, 0] += place * loop * bar_ticks
        placed.append(moved)
    notes = np.concatenate(placed)
    return notes[notes[:, 0] < bars * bar_ticks - EARLY]


def _strain(heard: Sequence[Chord], chords: Sequence[Chord], key: Key) -> int:
    """How far a phrase's chords are from being a plain transposition of the chords it shall stand over."""
    tables = [shifts(old, new, key) % 12 for old, new in zip(heard, chords, strict=False)]
    common = int(np.bincount(np.concatenate(tables), minlength=12).argmax())
    return sum(int(np.count_nonzero(table != common)) for table in tables)


class Players:
    """The parts of all human pieces, to be asked by bar length, role and tempo."""

    def __init__(self, material: Material) -> None:
        self.bands = material.bands
        self.scores = material.scores
        self._voices: dict[tuple[int, str], list[Voice]] = {}
        self._drummers: dict[int, list[Voice]] = {}
        for source in material.bands:
            for program, role in source.roles.items():
                self._voices.setdefault((source.bar_ticks, role), []).append(Voice(source, program))
        self._score_voices: dict[tuple[int, str], list[Voice]] = {}
        for source in material.scores:
            for program, role in source.roles.items():
                self._score_voices.setdefault((source.bar_ticks, role), []).append(Voice(source, program))
        for source in material.drummers:
            for program in source.parts:
                self._drummers.setdefault(source.bar_ticks, []).append(Voice(source, program))

    def voice(self, rng: random.Random, role: str, bar_ticks: int, tempo: float) -> Voice | None:
        """A part of that role whose tempo is near; None where no human piece has one."""
        voices = self._voices.get((bar_ticks, role), [])
        if role == "drums" and (not voices or rng.random() < 0.35):
            voices = self._drummers.get(bar_ticks, voices)
        elif role != "drums" and (not voices or rng.random() < 0.25):
            voices = self._score_voices.get((bar_ticks, role), voices)
        for _ in range(12 if voices else 0):
            voice = rng.choice(voices)
            if 0.7 < tempo / voice.source.tempo < 1.45:
                return voice
        return None

    def stretch(self, rng: random.Random, scores: bool, bars: int) -> Source | None:
        """A human piece of `bars` bars at least: a band's, or a score's."""
        sources = self.scores if scores else self.bands
        for _ in range(30 if sources else 0):
            source = rng.choice(sources)
            if source.bars >= bars and len(source.parts) > (128 in source.parts):
                return source
        return None
