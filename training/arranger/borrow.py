"""Phrases of human players, moved over other chords, into other keys and other songs. Invents nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.arranger.harmony import Chord, Key, repitched, shifts
from training.arranger.material import EARLY, Material, Notes, Source

LOOPS = (1, 2, 2, 4, 4, 4, 8, 8)  # bars that a borrowed phrase is long before it repeats
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
        """A phrase repeated over chords (two a bar); None where the part is too sparse."""
        bars = len(chords) // 2
        loop = min(rng.choice(LOOPS), bars)
        starts = self.phrase_starts(rng, loop)
        if not starts:
            return None
        start = min(starts, key=lambda bar: _strain(self.source.chords[2 * bar : 2 * (bar + loop)], chords, key))
        heard = self.source.chords[2 * start : 2 * (start + loop)]
        phrase = self.source.phrase(self.program, start, loop)
        half = self.source.bar_ticks // 2
        slots = np.clip((phrase[:, 0] + EARLY) // half, 0, len(heard) - 1)
        copies = []
        for first in range(0, len(chords), 2 * loop):
            targets = [chords[min(first + slot, len(chords) - 1)] for slot in range(2 * loop)]
            copy = phrase.copy()
            copy[:, 2] = repitched(phrase[:, 2], heard, targets, key, slots)
            copies.append(copy)
        return _tiled(copies, loop, bars, self.source.bar_ticks)


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
        elif role != "drums" and (not voices or rng.random() < 0.2):
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
