"""Material from human pieces: bars, chords, keys, and who plays what. Writes no music of its own.

Only the sources named in BANDS, DRUMMERS and SCORES are read: human music, no arrangements by rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patterns.note import DRUMS
from training import corpus
from training.arranger.harmony import SCALES, Chord, Key

BANDS = ("freedoom", "blasphemer", "simutrans", "crystal_picnic", "easyrpg")
DRUMMERS = ("gmd", "gmd_quantized")
SCORES = ("openscore_quartets", "openscore_lieder", "mutopia", "polish_scores", "open_hymnal", "openewld")
SCORES_EACH = 120
EARLY = 30  # ticks: a note so little before the bar line is meant for the bar
_TEMPLATES = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11), (0, 3, 6), (0, 5, 7), (0, 7))
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])

Notes = NDArray[np.int64]
"""(n, 4) onset and duration in ticks, pitch, velocity; sorted by onset."""


@dataclass(frozen=True)
class Source:
    """A stretch of a human piece in one meter.

    starts: (bars + 1,) ticks; parts: program -> Notes; bounds: program -> (bars + 1,) where each bar's notes begin;
    chords: two a bar; key of the stretch; roles: program -> drums, bass, chords, lead or riff.
    """

    source: str
    tempo: float
    meter: tuple[int, int]
    starts: NDArray[np.int64]
    parts: dict[int, Notes]
    bounds: dict[int, NDArray[np.int64]]
    chords: list[Chord]
    key: Key
    roles: dict[int, str]

    @property
    def bars(self) -> int:
        return len(self.starts) - 1

    @property
    def bar_ticks(self) -> int:
        return int(self.starts[1] - self.starts[0])

    def phrase(self, program: int, bar: int, bars: int) -> Notes:
        """The notes of a part in `bars` bars from `bar`, onsets counted from there."""
        bounds = self.bounds[program]
        notes = self.parts[program][bounds[bar] : bounds[bar + bars]].copy()
        notes[:, 0] -= self.starts[bar]
        return notes

    def busy(self, program: int, bar: int, bars: int) -> int:
        """How many of the bars hold notes of the part."""
        return int(np.count_nonzero(np.diff(self.bounds[program][bar : bar + bars + 1])))


@dataclass(frozen=True)
class Material:
    """All stretches, and which of them serve a meter: bands (with pitched parts and drums), drummers, scores."""

    bands: list[Source]
    drummers: list[Source]
    scores: list[Source]

    def of_meter(self, sources: Sequence[Source], bar_ticks: int) -> list[Source]:
        return [source for source in sources if source.bar_ticks == bar_ticks]


NONE = Material([], [], [])


def read(path: Path) -> Material:
    """The material of a corpus file (columns: training/corpus.py, and velocity). CorpusError if it is no such file."""
    columns = corpus.load(path, ("piece_id", *corpus.NOTES, "velocity", *corpus.METERS, "ts_tick"))
    names = [str(name) for name in columns["source_names"]]
    found: dict[str, list[Source]] = {name: [] for name in names}
    order = np.random.default_rng(0).permutation(len(columns["piece_id"]))
    for index in order:
        name = names[columns["source"][index]]
        enough = SCORES_EACH if name in SCORES else len(order)
        if name in BANDS + DRUMMERS + SCORES and len(found[name]) < enough:
            found[name] += _stretches(columns, int(index), name)

    def of(group: Sequence[str]) -> list[Source]:
        return [source for name in names if name in group for source in found[name]]

    return Material(of(BANDS), of(DRUMMERS), of(SCORES))


def _stretches(columns: dict[str, NDArray[Any]], index: int, name: str) -> list[Source]:
    span = slice(columns["note_off"][index], columns["note_off"][index + 1])
    onsets = np.cumsum(columns["onset_delta"][span], dtype=np.int64)
    values = [columns[column][span].astype(np.int64) for column in ("duration", "pitch", "velocity")]
    notes = np.stack([onsets, *values], axis=1)
    programs = columns["program"][span].astype(np.int64)
    meters = slice(columns["ts_off"][index], columns["ts_off"][index + 1])
    ticks = columns["ts_tick"][meters].astype(np.int64)
    ends = np.append(ticks[1:], onsets[-1] + 1)
    tempo = _tempo(columns, index, int(onsets[-1]))
    sources = []
    for tick, end, num, den in zip(ticks, ends, columns["ts_num"][meters], columns["ts_den"][meters], strict=True):
        bar = 4 * 480 * int(num) // int(den)
        if bar < 480 or end - tick < 8 * bar:
            continue
        starts = np.arange(tick, end + bar, bar, dtype=np.int64)
        source = _source(name, tempo, (int(num), int(den)), starts[:600], notes, programs)
        if source is not None:
            sources.append(source)
    return sources


def _tempo(columns: dict[str, NDArray[Any]], index: int, end: int) -> float:
    span = slice(columns["tempo_off"][index], columns["tempo_off"][index + 1])
    held = np.maximum(np.diff(np.append(columns["tempo_tick"][span].astype(np.int64), end + 1)), 0)
    return float(6e7 / columns["tempo_us"][span][np.argmax(held)])


def _source(
    name: str,
    tempo: float,
    meter: tuple[int, int],
    starts: NDArray[np.int64],
    notes: Notes,
    programs: NDArray[np.int64],
) -> Source | None:
    inside = (notes[:, 0] >= starts[0] - EARLY) & (notes[:, 0] < starts[-1] - EARLY)
    notes, programs = notes[inside], programs[inside]
    parts = {int(program): notes[programs == program] for program in np.unique(programs)}
    parts = {program: part for program, part in parts.items() if len(part) >= 8}
    if not parts:
        return None
    bounds = {program: np.searchsorted(part[:, 0], starts - EARLY) for program, part in parts.items()}
    pitched = notes[programs != DRUMS]
    return Source(
        name,
        tempo,
        meter,
        starts,
        parts,
        bounds,
        _chords(pitched, starts),
        _key(pitched),
        {program: _role(program, part) for program, part in parts.items()},
    )


def _role(program: int, part: Notes) -> str:
    if program == DRUMS:
        return "drums"
    at_once = len(part) / len(np.unique(part[:, 0] // 20))
    height = float(np.median(part[:, 2]))
    if 32 <= program <= 39 or (height < 46 and at_once < 1.3):
        return "bass"
    if at_once >= 1.6:
        return "chords"
    return "lead" if height >= 60 else "riff"


def _profiles(notes: Notes, starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(half bars, 12) how long each pitch class sounds, low notes counting double."""
    half = int(starts[1] - starts[0]) // 2
    slots = 2 * (len(starts) - 1)
    profile = np.zeros((slots, 12))
    begin = np.maximum(notes[:, 0] + EARLY - starts[0], 0)
    end = np.minimum(begin + notes[:, 1], begin + 4 * half)
    weight = np.where(notes[:, 2] < 50, 2.0, 1.0)
    for later in range(5):
        slot = begin // half + later
        sounding = np.clip(np.minimum(end, (slot + 1) * half) - np.maximum(begin, slot * half), 0, half)
        here = (sounding > 0) & (slot < slots)
        np.add.at(profile, (slot[here], notes[here, 2] % 12), (sounding * weight)[here] / half)
    return profile


def _chords(notes: Notes, starts: NDArray[np.int64]) -> list[Chord]:
    """Two chords a bar: the template that explains most of what sounds, of the whole bar where that loses little."""
    halves = _profiles(notes, starts)
    wholes = np.repeat(halves.reshape(-1, 2, 12).sum(1), 2, axis=0)
    templates = np.zeros((len(_TEMPLATES) * 12, 12))
    chords = []
    for row, tones in enumerate(_TEMPLATES):
        for root in range(12):
            templates[row * 12 + root, [(root + tone) % 12 for tone in tones]] = 1 / len(tones) ** 0.5
            templates[row * 12 + root, root] *= 1.15
            chords.append(Chord(root, tones))
    scores = [
        profile @ templates.T / np.maximum(np.linalg.norm(profile, axis=1), 1e-9)[:, None]
        for profile in (halves, wholes)
    ]
    own = scores[0].max(1) - scores[0][np.arange(len(halves)), scores[1].argmax(1)] > 0.2
    best = np.where(own, scores[0].argmax(1), scores[1].argmax(1))
    silent = wholes.sum(1) == 0
    for slot in np.flatnonzero(silent):
        best[slot] = best[slot - 1] if slot else 0
    return [chords[choice] for choice in best]


def _key(notes: Notes) -> Key:
    """The key whose profile fits best (Krumhansl and Kessler 1982)."""
    heard = (
        np.bincount(notes[:, 2] % 12, weights=np.minimum(notes[:, 1], 960), minlength=12) if len(notes) else np.ones(12)
    )
    fits = [
        (float(np.corrcoef(np.roll(profile, tonic), heard + 1e-6 * np.arange(12))[0, 1]), tonic, mode)
        for tonic in range(12)
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
    ]
    _, tonic, mode = max(fits)
    assert mode in SCALES
    return Key(tonic, mode)
