"""A musician's MIDI files as pieces: what of a folder can be learnt from, what cannot and why, and what is held back.

Knows no tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from patterns import midi
from patterns.bar import Bar
from training import excerpt
from training.corpus import Piece

SUFFIXES = (".mid", ".midi")
LARGEST = 4_000_000
"""Bytes of a file that is read: an hour of dense music has fewer."""
ENOUGH_FILES = 5
"""From so many files on whole files are held back, else the last bars of each."""
HELD_BACK = 0.15
FEWEST_HELD = 32
"""Notes below which the last bars of a file are no measure."""


class MidiFolderError(Exception):
    """A folder from which nothing can be learnt; one line that says what was looked for."""


@dataclass(frozen=True)
class File:
    """What a MIDI file holds: a piece for each stretch of one meter."""

    name: str
    pieces: tuple[Piece, ...]

    @property
    def notes(self) -> int:
        return sum(len(piece.onsets) for piece in self.pieces)


@dataclass(frozen=True)
class Skipped:
    """A file that is not learnt from; prints as one line."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.why}"


def read(folder: Path) -> tuple[list[File], list[Skipped]]:
    """The files of a folder and of the folders in it, by name. Raises MidiFolderError where none can be used."""
    if not folder.is_dir():
        raise MidiFolderError(f"{folder}: no such folder; name one with MIDI files in it")
    files: list[File] = []
    skipped: list[Skipped] = []
    seen: dict[bytes, str] = {}
    for path in _paths(folder):
        name = str(path.relative_to(folder))
        found = _read(path, name)
        if isinstance(found, File) and (twin := seen.setdefault(_fingerprint(found), name)) != name:
            found = Skipped(name, f"the same music as {twin}")
        if isinstance(found, File):
            files.append(found)
        else:
            skipped.append(found)
    if not files:
        looked_for = f"{folder}: no MIDI file to learn from"
        if skipped:
            raise MidiFolderError(f"{looked_for}; all {len(skipped)} were skipped, the first is {skipped[0]}")
        raise MidiFolderError(f"{looked_for}; files that end in {' or '.join(SUFFIXES)} were looked for")
    return files, skipped


def hold_back(files: Sequence[File], seed: int = 0) -> tuple[list[Piece], list[Piece]]:
    """Pieces to learn from and pieces to measure with: some whole files, of few files the last fifth of each.

    There may be nothing to measure with where the files are short.
    """
    if len(files) >= ENOUGH_FILES:
        order = np.random.default_rng(seed).permutation(len(files))
        held = set(order[: max(1, round(HELD_BACK * len(files)))].tolist())
        return (
            [piece for number, file in enumerate(files) if number not in held for piece in file.pieces],
            [piece for number, file in enumerate(files) if number in held for piece in file.pieces],
        )
    split = [_split(piece) for file in files for piece in file.pieces]
    return [first for first, _ in split], [last for _, last in split if last is not None]


def _paths(folder: Path) -> Iterator[Path]:
    """MIDI files by their names; what is hidden, as macOS's twins of files on foreign disks are, is left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in SUFFIXES and not hidden and (path.is_file() or _leads_nowhere(path)):
            yield path


def _leads_nowhere(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _read(path: Path, name: str) -> File | Skipped:
    if _leads_nowhere(path):
        return Skipped(name, "a link that leads nowhere")
    try:
        if path.stat().st_size > LARGEST:
            return Skipped(name, f"larger than {LARGEST:,} bytes")
        read = midi.read(path)
    except OSError as error:
        return Skipped(name, f"cannot be read ({error.strerror or error})")
    except midi.MidiFileError as error:
        return Skipped(name, str(error).removeprefix(str(path)).lstrip(": "))
    notes = sum(len(bar.notes) for bar in read.bars)
    if notes < excerpt.FEWEST:
        return Skipped(name, f"too short: {notes or 'no'} notes, and {excerpt.FEWEST} are the fewest")
    pieces = tuple(piece for piece in _stretches(read) if _is_usable(piece))
    if not pieces:
        return Skipped(name, f"too sparse: no {excerpt.FEWEST} notes of one meter within a minute")
    return File(name, pieces)


def _stretches(read: midi.Piece) -> Iterator[Piece]:
    """A piece for each run of bars of one meter, without silence before it."""
    for meter, run in groupby(zip(read.bars, read.tempos, strict=True), key=lambda pair: pair[0].meter):
        bars = list(run)
        first = next((number for number, (bar, _) in enumerate(bars) if bar.notes), len(bars))
        if bars := bars[first:]:
            tempo = float(np.median([tempo for _, tempo in bars]))
            onsets, durations, programs, pitches = _columns([bar for bar, _ in bars])
            yield Piece("midi", onsets, durations, programs, pitches, tempo, meter)


def _columns(bars: Sequence[Bar]) -> list[NDArray[np.int64]]:
    """Onsets, durations, programs, pitches of bars of one meter, one after another."""
    rows = [
        (number * bar.meter.bar_ticks + note.onset, note.duration, note.instrument, note.pitch)
        for number, bar in enumerate(bars)
        for note in bar.notes
    ]
    return list(np.array(rows, np.int64).T)


def _is_usable(piece: Piece) -> bool:
    """Whether a window has music even when it is played slower."""
    slower = replace(piece, tempo=0.75 * piece.tempo)
    return len(excerpt.events(excerpt.cut(slower, 0))) >= excerpt.FEWEST


def _split(piece: Piece) -> tuple[Piece, Piece | None]:
    """At the bar line before its last fifth of notes; all of it and None where either part is no measure."""
    line = int(piece.onsets[len(piece.onsets) * 4 // 5]) // piece.bar_ticks * piece.bar_ticks
    first = int(np.searchsorted(piece.onsets, line))
    if min(first, len(piece.onsets) - first) < FEWEST_HELD:
        return piece, None
    before = _part(piece, slice(0, first), 0)
    after = _part(piece, slice(first, None), line)
    return (before, after) if _is_usable(before) and _is_usable(after) else (piece, None)


def _part(piece: Piece, notes: slice, start: int) -> Piece:
    return replace(
        piece,
        onsets=piece.onsets[notes] - start,
        durations=piece.durations[notes],
        programs=piece.programs[notes],
        pitches=piece.pitches[notes],
    )


def _fingerprint(file: File) -> bytes:
    return b"".join(piece.onsets.tobytes() + piece.pitches.tobytes() for piece in file.pieces)
