"""python -m training.arranger.report FILE.npz …: how corpus files compare, source by source, in numbers.

Human bands are taken together; what arrangements lack beside them shows as a difference between columns.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from patterns.note import DRUMS
from training.corpus import HUMAN_BANDS, Piece, read


def notes_a_bar(piece: Piece) -> float:
    return float(len(piece.onsets) / max(1, (piece.onsets[-1] + 1) / piece.bar_ticks))


def instruments(piece: Piece) -> float:
    return len(np.unique(piece.programs))


def drums_share(piece: Piece) -> float:
    return float((piece.programs == DRUMS).mean())


def on_grid(piece: Piece) -> float:
    """Share of onsets within 5 ticks of a sixteenth."""
    return float((np.abs((piece.onsets + 60) % 120 - 60) <= 5).mean())


def repeated_bars(piece: Piece, exact: bool = False) -> float:
    """Share of a player's bars that he has played before, among his last eight: onsets to the thirty-second, pitches;
    `exact`: onsets to the tick, durations too."""
    again = bars = 0
    for program in np.unique(piece.programs):
        mine = piece.programs == program
        onsets, pitches, durations = piece.onsets[mine], piece.pitches[mine], piece.durations[mine]
        bar = (onsets + 30) // piece.bar_ticks
        cut = np.flatnonzero(np.diff(bar)) + 1
        seen: list[bytes] = []
        for group in np.split(np.arange(len(onsets)), cut):
            places = onsets[group] - bar[group[0]] * piece.bar_ticks
            shown = [places, pitches[group], durations[group]] if exact else [(places + 30) // 60, pitches[group]]
            text = np.stack(shown).tobytes()
            again += text in seen[-8:]
            bars += 1
            seen.append(text)
    return again / bars


def polyphony(piece: Piece) -> float:
    """Pitched notes that sound when one begins, itself included."""
    pitched = piece.programs != DRUMS
    if not pitched.any():
        return 0.0
    onsets = piece.onsets[pitched]
    ends = np.sort(onsets + piece.durations[pitched])
    return float((np.searchsorted(onsets, onsets, "right") - np.searchsorted(ends, onsets, "right")).mean())


def clashes(piece: Piece) -> float:
    """Share of pitched notes that begin a semitone (or major seventh) from another that sounds then."""
    pitched = piece.programs != DRUMS
    onsets, ends, classes = (
        piece.onsets[pitched],
        (piece.onsets + piece.durations)[pitched],
        piece.pitches[pitched] % 12,
    )
    clashing = np.zeros(len(onsets), bool)
    for back in range(1, 12):
        sounding = (ends[:-back] > onsets[back:] + 20) & np.isin((classes[back:] - classes[:-back]) % 12, (1, 11))
        clashing[back:] |= sounding
    return float(clashing.mean()) if len(clashing) else 0.0


def in_key(piece: Piece) -> float:
    """Share of pitched notes in the major scale that fits each four bars best."""
    pitched = piece.programs != DRUMS
    window = piece.onsets[pitched] // (4 * piece.bar_ticks)
    heard = np.zeros((int(window.max(initial=0)) + 1, 12))
    np.add.at(heard, (window, piece.pitches[pitched] % 12), 1)
    scales = np.array([[(step - tonic) % 12 in (0, 2, 4, 5, 7, 9, 11) for step in range(12)] for tonic in range(12)])
    return float((heard @ scales.T).max(1).sum() / max(1, heard.sum()))


def gap_quantile(share: float) -> Callable[[Piece], float]:
    """Ticks to the next different onset of the piece."""
    return lambda piece: (
        float(np.quantile(np.diff(np.unique(piece.onsets)), share)) if len(np.unique(piece.onsets)) > 1 else 0.0
    )


def duration_quantile(share: float, drums: bool) -> Callable[[Piece], float]:
    def measure(piece: Piece) -> float:
        mine = (piece.programs == DRUMS) == drums
        return float(np.quantile(piece.durations[mine], share)) if mine.any() else float("nan")

    return measure


def distinct_durations(piece: Piece) -> float:
    return len(np.unique(piece.durations))


MEASURES: dict[str, Callable[[Piece], float]] = {
    "notes": lambda piece: len(piece.onsets),
    "bars": lambda piece: float(piece.onsets[-1] // piece.bar_ticks + 1),
    "tempo": lambda piece: piece.tempo,
    "notes a bar": notes_a_bar,
    "instruments": instruments,
    "drums' share": drums_share,
    "onsets on sixteenths": on_grid,
    "bars repeated": repeated_bars,
    "bars repeated exactly": lambda piece: repeated_bars(piece, exact=True),
    "polyphony": polyphony,
    "clashes": clashes,
    "in key": in_key,
    "gap, lower quarter": gap_quantile(0.25),
    "gap, median": gap_quantile(0.5),
    "gap, upper quarter": gap_quantile(0.75),
    "duration, lower quarter": duration_quantile(0.25, False),
    "duration, median": duration_quantile(0.5, False),
    "duration, upper quarter": duration_quantile(0.75, False),
    "drum duration, median": duration_quantile(0.5, True),
    "distinct durations": distinct_durations,
    "mean pitch": lambda piece: (
        float(piece.pitches[piece.programs != DRUMS].mean()) if (piece.programs != DRUMS).any() else float("nan")
    ),
    "pitches used": lambda piece: len(np.unique(piece.pitches[piece.programs != DRUMS])),
}


def table(groups: dict[str, list[Piece]]) -> str:
    """One line a measure: mean and the quartiles over each group's pieces."""
    lines = [f"{'':26}" + "".join(f"{name + f' ({len(pieces)})':>30}" for name, pieces in groups.items())]
    for name, measure in MEASURES.items():
        cells = []
        for pieces in groups.values():
            values = np.array([measure(piece) for piece in pieces])
            cells.append(_cell(values[~np.isnan(values)]))
        lines.append(f"{name:26}" + "".join(cells))
    return "\n".join(lines)


def _cell(values: np.ndarray) -> str:
    """Mean and quartiles; a dash where no piece has the measure."""
    if not len(values):
        return f"{'-':>30}"
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return f"{values.mean():9.2f} [{low:.2f} {middle:.2f} {high:.2f}]".rjust(30)


def grouped(pieces: Iterable[Piece]) -> dict[str, list[Piece]]:
    groups: dict[str, list[Piece]] = {}
    for piece in pieces:
        if piece.source in HUMAN_BANDS:
            groups.setdefault("human bands", []).append(piece)
        elif piece.source.startswith("made_"):
            way = piece.source if piece.source in ("made_patchwork", "made_mashup", "made_crossover") else "made_styled"
            groups.setdefault(way, []).append(piece)
    return groups


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit("usage: python -m training.arranger.report FILE.npz [FILE.npz …]")
    pieces = [piece for name in sys.argv[1:] for piece in read(Path(name))]
    print(table(grouped(pieces)))


if __name__ == "__main__":
    main()
