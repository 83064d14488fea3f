"""Some seconds of a piece on their way to the model: cut out, varied, turned into steps. Every variation is a pure
function of a random generator and an excerpt, and keeps the notes sorted by onset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from amt.metronome import ANY, BELL, CLICK, STRAIGHT, TRIPLETS
from amt.vocabulary import MAX_DURATION, MAX_TIME, PITCHES, STEPS_PER_SECOND
from patterns.meter import TICKS_PER_BEAT, Meter
from patterns.note import DRUMS
from training.corpus import Piece
from training.sequence import Rows

NOTES = 420
"""Cut from a piece: a few more than a window holds, since some are dropped."""
FEWEST = 8
"""Notes below which an excerpt teaches nothing."""
SLOWEST, FASTEST = 45.0, 240.0
SIXTEENTH, TRIPLET = TICKS_PER_BEAT // 4, TICKS_PER_BEAT // 6
EXACT = 0.98
"""Of the onsets lie on a grid where all are said to."""
SWUNG = 0.2
"""Of the onsets lie off the sixteenths where a piece is not to be straightened."""
FAMILY = 8
"""Programs in a General MIDI family."""
SIMILAR_DRUMS = ((35, 36), (38, 40, 37), (42, 44), (46, 55), (49, 57, 52), (51, 59, 53), (41, 43, 45), (47, 48, 50))
"""Keys of the kit that a player could strike instead of one another."""


@dataclass(frozen=True)
class Excerpt:
    """Notes as int64 arrays of one length, sorted by onset: onsets in ticks from the excerpt's start, durations in
    ticks, programs (128 drums), pitches. `phase`: ticks from the last bar line to the start. Tempo in beats a minute.
    """

    onsets: NDArray[np.int64]
    durations: NDArray[np.int64]
    programs: NDArray[np.int64]
    pitches: NDArray[np.int64]
    tempo: float
    meter: Meter
    phase: int = 0

    def __len__(self) -> int:
        return len(self.onsets)

    @property
    def steps_per_tick(self) -> float:
        return 60 / self.tempo / TICKS_PER_BEAT * STEPS_PER_SECOND

    def only(self, chosen: NDArray[np.bool_]) -> Excerpt:
        """The notes chosen [n]."""
        columns = {name: getattr(self, name)[chosen] for name in ("onsets", "durations", "programs", "pitches")}
        return replace(self, **columns)


Variation = Callable[[np.random.Generator, Excerpt], Excerpt]


def cut(piece: Piece, start: int) -> Excerpt:
    """The notes of a piece from tick `start` on; from its beginning where too few follow."""
    first = int(np.searchsorted(piece.onsets, start))
    if len(piece.onsets) - first < 20:
        start, first = 0, 0
    chosen = slice(first, first + NOTES)
    return Excerpt(
        onsets=piece.onsets[chosen] - start,
        durations=piece.durations[chosen],
        programs=piece.programs[chosen],
        pitches=piece.pitches[chosen],
        tempo=float(np.clip(piece.tempo, SLOWEST, FASTEST)),
        meter=piece.meter,
        phase=start % piece.bar_ticks,
    )


def somewhere(random: np.random.Generator, piece: Piece) -> int:
    """Where to cut, in ticks: half of the time at a bar line, a quarter at the beginning, a quarter anywhere."""
    last = int(piece.onsets[-1])
    kind = random.random()
    if kind < 0.5:
        return int(random.integers(0, max(1, last // piece.bar_ticks))) * piece.bar_ticks
    return 0 if kind < 0.75 else int(random.integers(0, max(1, int(last * 0.8))))


def transpose(random: np.random.Generator, excerpt: Excerpt) -> Excerpt:
    """By -5 … +6 semitones, the drums excepted; what leaves 0 … 127 is dropped."""
    drums = excerpt.programs == DRUMS
    pitches = np.where(drums, excerpt.pitches, excerpt.pitches + int(random.integers(-5, 7)))
    return replace(excerpt, pitches=pitches).only((pitches >= 0) & (pitches < PITCHES))


def change_tempo(random: np.random.Generator, excerpt: Excerpt, most: float = 0.25) -> Excerpt:
    """By a factor of up to e^±most."""
    tempo = excerpt.tempo * float(np.exp(random.uniform(-most, most)))
    return replace(excerpt, tempo=float(np.clip(tempo, SLOWEST, FASTEST)))


def drop_instruments(random: np.random.Generator, excerpt: Excerpt) -> Excerpt:
    """Some of three or more instruments fall silent, as long as 20 notes remain."""
    instruments = np.unique(excerpt.programs)
    if len(instruments) < 3:
        return excerpt
    silent = random.choice(instruments, random.integers(1, len(instruments)), replace=False)
    kept = ~np.isin(excerpt.programs, silent)
    return excerpt.only(kept) if kept.sum() > 20 else excerpt


def substitute(random: np.random.Generator, excerpt: Excerpt) -> Excerpt:
    """Each instrument, one time in two, gives its notes to another of its General MIDI family."""
    programs = np.arange(DRUMS + 1)
    for program in np.unique(excerpt.programs[excerpt.programs != DRUMS]):
        if random.random() < 0.5:
            programs[program] = program // FAMILY * FAMILY + random.integers(FAMILY)
    return replace(excerpt, programs=programs[excerpt.programs])


def change_kit(random: np.random.Generator, excerpt: Excerpt) -> Excerpt:
    """Some of the kit's keys change for similar ones."""
    keys = np.arange(PITCHES)
    for similar in SIMILAR_DRUMS:
        if random.random() < 0.3:
            keys[list(similar)] = random.permutation(similar)
    return replace(excerpt, pitches=np.where(excerpt.programs == DRUMS, keys[excerpt.pitches], excerpt.pitches))


def shift_octaves(random: np.random.Generator, excerpt: Excerpt) -> Excerpt:
    """One instrument of those that are no drums moves an octave up or down; what leaves 0 … 127 is dropped."""
    instruments = np.unique(excerpt.programs[excerpt.programs != DRUMS])
    if not len(instruments):
        return excerpt
    octave = 12 if random.random() < 0.5 else -12
    pitches = np.where(excerpt.programs == random.choice(instruments), excerpt.pitches + octave, excerpt.pitches)
    return replace(excerpt, pitches=pitches).only((pitches >= 0) & (pitches < PITCHES))


def articulate(random: np.random.Generator, excerpt: Excerpt) -> Excerpt:
    """Each instrument plays its durations shorter or longer, by up to a third; drums may get one length for all."""
    factors = np.exp(random.uniform(-0.4, 0.3, DRUMS + 1))
    durations = np.maximum(np.rint(excerpt.durations * factors[excerpt.programs]), 1).astype(np.int64)
    if random.random() < 0.5:
        length = int(random.choice([1, 20, 30, 60, 110, 120, 230, 240]))
        durations = np.where(excerpt.programs == DRUMS, length, durations)
    return replace(excerpt, durations=durations)


def quantise(random: np.random.Generator, excerpt: Excerpt) -> Excerpt:
    """Onsets move to the nearest sixteenth or, where closer, sixteenth triplet: an exact player."""
    del random
    from_bar = excerpt.onsets + excerpt.phase
    sixteenth, triplet = (np.rint(from_bar / grid).astype(np.int64) * grid for grid in (SIXTEENTH, TRIPLET))
    nearer = np.abs(from_bar - sixteenth) <= np.abs(from_bar - triplet) + 12
    onsets = np.maximum(np.where(nearer, sixteenth, triplet) - excerpt.phase, 0)
    return _sorted(replace(excerpt, onsets=onsets))


def straighten(random: np.random.Generator, excerpt: Excerpt) -> Excerpt:
    """Onsets move to the nearest sixteenth, unless many are nearer to a triplet."""
    del random
    from_bar = excerpt.onsets + excerpt.phase
    sixteenths = np.rint(from_bar / SIXTEENTH).astype(np.int64) * SIXTEENTH
    if (np.abs(from_bar - sixteenths) > SIXTEENTH / 6).mean() > SWUNG:
        return excerpt
    return _sorted(replace(excerpt, onsets=np.maximum(sixteenths - excerpt.phase, 0)))


def double_time(random: np.random.Generator, excerpt: Excerpt) -> Excerpt:
    """The same sound written in notes twice or half as long at twice or half the tempo: another click."""
    faster = random.random() < 0.5
    tempo = excerpt.tempo * (2 if faster else 0.5)
    if not SLOWEST <= tempo <= FASTEST or not (faster or excerpt.phase == 0):
        return excerpt
    scale = (lambda ticks: ticks * 2) if faster else (lambda ticks: ticks // 2)
    return replace(
        excerpt,
        onsets=scale(excerpt.onsets),
        durations=np.maximum(scale(excerpt.durations), 1),
        tempo=tempo,
        phase=scale(excerpt.phase) % excerpt.meter.bar_ticks,
    )


VARIATIONS: dict[str, Variation] = {
    function.__name__: function
    for function in (
        transpose,
        change_tempo,
        drop_instruments,
        substitute,
        change_kit,
        shift_octaves,
        articulate,
        quantise,
        straighten,
        double_time,
    )
}
"""All of them in the order in which they are applied, by name: configurations give each a probability."""


def events(excerpt: Excerpt) -> Rows:
    """The notes as rows of steps [n, 3], those past the last time token left out."""
    times = np.rint(excerpt.onsets * excerpt.steps_per_tick).astype(np.int64)
    durations = np.clip(np.rint(excerpt.durations * excerpt.steps_per_tick), 1, MAX_DURATION - 1).astype(np.int64)
    rows = np.stack([times, durations, excerpt.programs * PITCHES + excerpt.pitches], axis=1)
    return rows[times < MAX_TIME - 1]


def feel(excerpt: Excerpt) -> int:
    """On what grid its onsets lie, as the length of a click says it: ANY, STRAIGHT or TRIPLETS."""
    from_bar = excerpt.onsets + excerpt.phase
    for grid, steps in ((SIXTEENTH, STRAIGHT), (TRIPLET, TRIPLETS)):
        if (from_bar % grid == 0).mean() >= EXACT:
            return steps
    return ANY


def bar_lines(excerpt: Excerpt) -> NDArray[np.int64]:
    """Ticks of the bar lines after the excerpt's start, up to its last onset."""
    bar = excerpt.meter.bar_ticks
    return np.arange(bar - excerpt.phase % bar, int(excerpt.onsets[-1]) + 1, bar)


def clicks(excerpt: Excerpt, steps: int = ANY) -> Rows:
    """The click of the excerpt's meter as rows of steps [n, 3], each so long, to one bar past the last note."""
    bar = max(excerpt.meter.bar_ticks, TICKS_PER_BEAT // 2)
    end = excerpt.phase + int(excerpt.onsets[-1]) + bar
    bars = np.arange(0, end, bar)
    ticks = (bars[:, None] + np.arange(0, bar, excerpt.meter.pulse_ticks)).ravel()
    ticks = ticks[(ticks >= excerpt.phase) & (ticks < end)]
    times = np.rint((ticks - excerpt.phase) * excerpt.steps_per_tick).astype(np.int64)
    notes = DRUMS * PITCHES + np.where(ticks % bar, CLICK, BELL)
    return np.stack([times, np.full_like(times, steps), notes], axis=1)[times < MAX_TIME - 1]


def _sorted(excerpt: Excerpt) -> Excerpt:
    order = np.argsort(excerpt.onsets, kind="stable")
    columns = {name: getattr(excerpt, name)[order] for name in ("onsets", "durations", "programs", "pitches")}
    return replace(excerpt, **columns)
