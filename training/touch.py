"""Measure how hard notes are struck: the table in amt/touch.py; with a validation file, how far it is from people.

usage: python -m training.touch CORPUS/train.npz [CORPUS/valid.npz]

Only what people played with velocities of its own counts: instruments of human bands and drummers' performances with
a dozen different velocities or more, none of which is half of the notes. Scores and arrangements by rule have none.

Velocity = what is usual in the family + the piece of the kit + place in the bar + chord + length, by ridge regression
on the differences from each part's own mean, so that a quiet song counts as much as a loud one. What few parts show
about a family leans on what all families show. Places are relative to the meter; meters other than 4/4 are too rare
among these parts to be told apart.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amt.strokes import ROWS, Chord, Length, Place, Stroke, family, strokes
from amt.velocity import velocity
from patterns.meter import TICKS_PER_BEAT, Meter
from patterns.note import DRUMS, Note
from training.corpus import METERS, NOTES, CorpusError, load

SOURCES = ("freedoom", "simutrans", "blasphemer", "crystal_picnic", "easyrpg", "gmd_quantized")
FEWEST_NOTES = 32
FEWEST_VELOCITIES = 12
TIMEKEEPERS = ("closed hat", "pedal hat", "open hat", "ride")
GRID = (0, 120, 160, 240, 320, 360, 480)
"""Sixteenths and triplets of a beat, in ticks; a piece of which less than ON_GRID lies within 10 ticks of them has
bar lines elsewhere than its file says."""
ON_GRID = 0.75
RIDGE = 20.0
"""The weight of "no difference" against that of the notes: as much as a part of 400 notes."""
FEW = 6
"""Parts that a family's usual velocity is trusted for half against that of all families."""
KIT = DRUMS // 8
EXTRAS = ("top", "inner", "snare", "kick", "short", "long", "again")
"""What a chord, then what a length adds: the fields of Touch, in the order of Chord and Length, less their zeros."""
KIT_EXTRAS = ("snare", "kick", "again")
COLUMNS = 1 + len(Place) + len(EXTRAS)
"""Of one row of the table: itself, places, extras."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """What one instrument plays in one piece: velocities [n], how each note is struck, the bar it stands in [n]."""

    source: str
    family: int
    velocities: Floats
    strokes: list[Stroke]
    bars: NDArray[np.int64]

    @property
    def weight(self) -> float:
        """Of each of its notes: a part counts by the square root of its length."""
        return float(len(self.velocities) ** -0.5)


@dataclass(frozen=True)
class Table:
    """Velocities by row and place [len(ROWS), len(Place)], and what EXTRAS add [len(ROWS), len(EXTRAS)]."""

    places: Floats
    extras: Floats

    def velocities(self, part: Part) -> Floats:
        rows, places, chords, lengths = np.array(part.strokes).T
        by_chord, by_length = np.split(self.extras, [len(Chord) - 1], axis=1)
        chord, length = (np.pad(extras, ((0, 0), (1, 0))) for extras in (by_chord, by_length))
        return self.places[rows, places] + chord[rows, chords] + length[rows, lengths]


def read(corpus: Path) -> list[Part]:
    """The parts of a corpus file that people played."""
    columns = load(corpus, (*NOTES, "velocity", *METERS, "ts_tick"))
    sources = columns["source_names"][columns["source"]]
    return [part for piece in np.flatnonzero(np.isin(sources, SOURCES)) for part in _parts(columns, int(piece))]


def fit(parts: Sequence[Part]) -> Table:
    """The table that comes nearest to these parts."""
    kit = np.array([family(row) == KIT for row in range(len(ROWS))])
    effects = np.where(
        kit[:, None],
        _effects([part for part in parts if part.family == KIT]),
        _effects([part for part in parts if part.family != KIT]),
    )
    table = Table(effects[:, :1] + effects[:, 1 : 1 + len(Place)], effects[:, 1 + len(Place) :])
    levels: dict[int, list[float]] = defaultdict(list)
    for part in parts:
        levels[part.family].append(float(np.mean(part.velocities - table.velocities(part))))
    overall = np.mean(np.concatenate(list(levels.values())))
    usual = [(sum(levels[each]) + FEW * overall) / (len(levels[each]) + FEW) for each in range(KIT + 1)]
    return Table(table.places + np.array([[usual[family(row)]] for row in range(len(ROWS))]), table.extras)


def main(train: Path, *valid: Path) -> None:
    parts = read(train)
    table = fit(parts)
    print(f"{len(parts)} parts: {_census(parts)}\n")
    _print_table(table, parts)
    _print_phrase(table, parts)
    for path in valid:
        _evaluate(table, parts, read(path))


def _parts(columns: dict[str, NDArray[np.generic]], piece: int) -> Iterator[Part]:
    """The parts of one piece in its first meter that have velocities of their own."""
    notes = slice(columns["note_off"][piece], columns["note_off"][piece + 1])
    signature, after = columns["ts_off"][piece], columns["ts_off"][piece + 1]
    meter = Meter(int(columns["ts_num"][signature]), int(columns["ts_den"][signature]))
    onsets = np.cumsum(columns["onset_delta"][notes], dtype=np.int64)
    off_grid = np.abs(onsets[:, None] % TICKS_PER_BEAT - np.array(GRID)).min(axis=1)
    if np.mean(off_grid <= 10) < ON_GRID:
        return
    end = int(columns["ts_tick"][signature + 1]) if after > signature + 1 else int(onsets[-1]) + 1
    programs = columns["program"][notes]
    for program in np.unique(programs):
        mine = np.flatnonzero((programs == program) & (onsets < end))
        velocities = columns["velocity"][notes][mine].astype(int)
        counts = np.bincount(velocities, minlength=1)
        if len(mine) < FEWEST_NOTES or np.count_nonzero(counts) < FEWEST_VELOCITIES or 2 * counts.max() > len(mine):
            continue
        bars, ticks = np.divmod(onsets[mine], meter.bar_ticks)
        by_bar: dict[int, list[Note]] = defaultdict(list)
        fields = (columns[name][notes][mine].astype(int).tolist() for name in ("pitch", "duration"))
        for bar, tick, pitch, duration in zip(bars.tolist(), ticks.tolist(), *fields, strict=True):
            by_bar[bar].append(Note(tick, int(program), pitch, max(1, duration)))
        struck = [stroke for bar in by_bar.values() for stroke in strokes(bar, meter)]
        source = str(columns["source_names"][columns["source"][piece]])
        yield Part(source, int(program) // 8, velocities.astype(float), struck, bars)


def _design(part: Part) -> Floats:
    """What each note is, as 0 and 1 [n, (1 + len(ROWS)) · COLUMNS]: what all rows share, then each row's own."""
    rows, places, chords, lengths = np.array(part.strokes).T
    extras = np.eye(len(Chord))[chords, 1:], np.eye(len(Length))[lengths, 1:]
    own = np.column_stack([np.ones(len(rows)), np.eye(len(Place))[places], *extras])
    design = np.zeros((len(rows), 1 + len(ROWS), COLUMNS))
    design[:, 0] = own
    design[np.arange(len(rows)), 1 + rows] = own
    return design.reshape(len(rows), -1)


def _effects(parts: Sequence[Part]) -> Floats:
    """What each column adds in each row [len(ROWS), COLUMNS]: what all rows share and the row's own."""
    size = (1 + len(ROWS)) * COLUMNS
    squares, products = RIDGE * np.eye(size), np.zeros(size)
    for part in parts:
        design = _design(part)
        design -= design.mean(axis=0)
        squares += part.weight * design.T @ design
        products += part.weight * design.T @ (part.velocities - part.velocities.mean())
    effects = np.linalg.solve(squares, products).reshape(-1, COLUMNS)
    return effects[0] + effects[1:]


def _census(parts: Sequence[Part]) -> str:
    """How many parts and notes there are of each source."""
    mine = {source: [part for part in parts if part.source == source] for source in SOURCES}
    return ", ".join(
        f"{source} {len(its)} ({sum(len(part.velocities) for part in its)} notes)" for source, its in mine.items()
    )


def _print_table(table: Table, parts: Sequence[Part]) -> None:
    """The lines of amt/touch.py."""
    rows = [np.array([stroke.row for stroke in part.strokes]) for part in parts]
    for row, name in enumerate(ROWS):
        notes = sum(int(np.count_nonzero(mine == row)) for mine in rows)
        places = ", ".join(f"{round(value)}" for value in table.places[row])
        extras = "".join(
            f", {extra}={round(value)}"
            for extra, value in zip(EXTRAS, table.extras[row], strict=True)
            if round(value) and (extra, name) != ("kick", "kick") and (extra in KIT_EXTRAS) == (family(row) == KIT)
        )
        print(f"    Touch(({places}){extras}),  # {name}: {notes} in {sum(row in mine for mine in rows)} parts")


def _print_phrase(table: Table, parts: Sequence[Part]) -> None:
    """How far the bars of a phrase of eight are louder than the table says."""
    sums, weights = np.zeros(8), np.zeros(8)
    for part in parts:
        rest = part.velocities - table.velocities(part)
        np.add.at(sums, part.bars % 8, part.weight * (rest - rest.mean()))
        np.add.at(weights, part.bars % 8, part.weight)
    print("\nbars of a phrase:", " ".join(f"{swell:+.1f}" for swell in sums / weights), "\n")


def _evaluate(table: Table, parts: Sequence[Part], held_out: Sequence[Part]) -> None:
    """Errors on parts that the table has not seen, beside simpler guesses."""
    usual = {
        each: float(np.mean([np.mean(part.velocities) for part in parts if part.family == each] or [90]))
        for each in range(KIT + 1)
    }
    guesses = {
        "the meter alone": [np.array([_by_meter(stroke) for stroke in part.strokes]) for part in held_out],
        "one velocity for each family": [np.full(len(part.velocities), usual[part.family]) for part in held_out],
        "the table": [table.velocities(part) for part in held_out],
        "amt.velocity": [velocities(part) for part in held_out],
    }
    print(f"held out: {len(held_out)} parts: {_census(held_out)}")
    print("mean absolute error, correlation; the same once each part's own mean is known")
    for what, chosen in {"drums": True, "others": False}.items():
        mine = [number for number, part in enumerate(held_out) if (part.family == KIT) == chosen]
        true = [held_out[number].velocities for number in mine]
        for name, guessed in guesses.items():
            print(f"{what}, {name}: {_errors(true, [guessed[number] for number in mine])}")


def velocities(part: Part) -> Floats:
    """What the package gives these notes."""
    strokes_in_bars = zip(part.strokes, part.bars.tolist(), strict=True)
    return np.array([velocity(stroke, bar) for stroke, bar in strokes_in_bars], float)


def _by_meter(stroke: Stroke) -> float:
    """What stood for velocities before any were measured: constants for places, timekeepers softer."""
    by_place = (104.0, 98.0, 92.0, 84.0, 76.0, 76.0, 76.0)
    return by_place[stroke.place] - (18 if ROWS[stroke.row] in TIMEKEEPERS else 0)


def _errors(true: Sequence[Floats], guessed: Sequence[Floats]) -> str:
    centred = [[each - each.mean() for each in several] for several in (true, guessed)]
    figures = []
    for several, others in ((true, guessed), centred):
        people, guess = np.concatenate(several), np.concatenate(others)
        related = np.corrcoef(people, guess)[0, 1] if guess.std() > 1e-9 else 0.0
        figures.append(f"{np.mean(np.abs(people - guess)):.1f} {related:.2f}")
    return "; ".join(figures)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("python -m training.touch train.npz [valid.npz]")
    try:
        main(*map(Path, sys.argv[1:]))
    except (CorpusError, OSError) as error:
        sys.exit(str(error))
