"""Losses of model folders on validation pieces, side by side.

    python -m training.evaluate VALID.npz MODEL [MODEL …]

prints nats per event (time + duration + note) with the click as controls, and the difference from the first model.
With --compiled each model is measured a second time as its kernels compute it, by token as in serving.
Each slot's softmax runs over the events' own block of tokens, as in decoding; controls are not predicted.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from numpy.typing import NDArray

from amt import vocabulary
from amt.anticipation import Event, interleave, pad, tokens
from amt.metronome import BELL, CLICK, CLICK_STEPS
from amt.vocabulary import EVENT_TOKENS, MAX_DURATION, MAX_TIME, PITCHES, STEPS_PER_SECOND, WINDOW
from amt.weights import read
from patterns.meter import TICKS_PER_BEAT
from patterns.note import DRUMS
from training import corpus
from training.compiled import Compiled
from training.reference import Reference

PIECES = 200
FEWEST_TOKENS = 200
NOTES = 420
BLOCKS = (
    (vocabulary.TIME, vocabulary.DURATION),
    (vocabulary.DURATION, vocabulary.NOTE),
    (vocabulary.NOTE, vocabulary.CONTROL),
)
PADDING = -1


def window(piece: corpus.Piece, start: int) -> NDArray[np.int64]:
    """Tokens (1,024) of a piece from tick `start`, with its click as controls; PADDING after its end."""
    steps_per_tick = 60 / piece.tempo / TICKS_PER_BEAT * STEPS_PER_SECOND
    first = int(np.searchsorted(piece.onsets, start))
    chosen = slice(first, first + NOTES)
    times = np.rint((piece.onsets[chosen] - start) * steps_per_tick).astype(np.int64)
    durations = np.clip(np.rint(piece.durations[chosen] * steps_per_tick), 1, MAX_DURATION - 1).astype(np.int64)
    notes = piece.programs[chosen] * PITCHES + piece.pitches[chosen]
    events = [
        Event(time, duration, note)
        for time, duration, note in zip(times.tolist(), durations.tolist(), notes.tolist(), strict=True)
        if time < MAX_TIME - 1
    ]
    sequence = interleave(pad(events), list(_clicks(piece, start, steps_per_tick, events)))
    most = (WINDOW - 1) // EVENT_TOKENS
    filled = np.full(WINDOW, PADDING, np.int64)
    flat = tokens(sequence[:most], 0, controls=True)
    filled[: len(flat)] = flat
    return filled


def windows(pieces: Sequence[corpus.Piece], count: int, seed: int = 5) -> tuple[NDArray[np.int64], list[str]]:
    """One window (1,024) each of `count` pieces drawn by their weights, from a bar line or from the start; groups."""
    random = np.random.default_rng(seed)
    filled, groups = [], []
    for index in random.choice(len(pieces), len(pieces), replace=False, p=corpus.weights(pieces)):
        piece = pieces[index]
        bars = max(1, int(piece.onsets[-1]) // piece.bar_ticks)
        start = int(random.integers(0, bars)) * piece.bar_ticks if random.random() < 0.5 else 0
        taken = window(piece, start)
        if (taken != PADDING).sum() > FEWEST_TOKENS:
            filled.append(taken)
            groups.append(piece.group)
        if len(filled) == count:
            break
    return np.stack(filled), groups


def losses(
    folder: Path, filled: NDArray[np.int64], device: str = "cpu", batch: int = 4, compiled: bool = False
) -> NDArray[np.float64]:
    """Sums of nats (windows, 3 slots) and, in a last column, the number of events."""
    model = Compiled(folder) if compiled else Reference(read(folder), device)
    rows = [
        _sums(model, torch.tensor(part, device=device)) for part in np.array_split(filled, -(-len(filled) // batch))
    ]
    return np.concatenate(rows)


def table(named: dict[str, NDArray[np.float64]], groups: Sequence[str]) -> str:
    """A Markdown table: nats per event over all windows and per group, with the difference from the first model."""
    kinds = sorted(set(groups))
    head = ["model", "nats per event", "difference", *(f"{kind} ({groups.count(kind)})" for kind in kinds)]
    lines = [head, ["---"] * len(head)]
    reference = None
    for name, sums in named.items():
        total = _mean(sums)
        reference = total if reference is None else reference
        parts = [_mean(sums[np.array(groups) == kind]) for kind in kinds]
        lines.append([name, f"{total:.4f}", f"{total - reference:+.4f}", *(f"{part:.4f}" for part in parts)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--pieces", type=int, default=PIECES)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compiled", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    filled, groups = windows(corpus.read(arguments.corpus), arguments.pieces)
    named = {}
    for folder in arguments.models:
        named[folder.name] = losses(folder, filled, arguments.device)
        print(f"{folder.name}: {_mean(named[folder.name]):.4f}", flush=True)
        if arguments.compiled:
            name = f"{folder.name}, compiled"
            named[name] = losses(folder, filled, compiled=True)
            print(f"{name}: {_mean(named[name]):.4f}", flush=True)
    print(table(named, groups))


def _clicks(piece: corpus.Piece, start: int, steps_per_tick: float, events: Sequence[Event]) -> Iterator[Event]:
    beat = TICKS_PER_BEAT if piece.bar_ticks % TICKS_PER_BEAT == 0 else TICKS_PER_BEAT // 2
    end = int(events[-1].time / steps_per_tick) + piece.bar_ticks
    for tick in range(0, end, beat):
        time = round(tick * steps_per_tick)
        if time < MAX_TIME - 1:
            key = CLICK if (start + tick) % piece.bar_ticks else BELL
            yield Event(time, CLICK_STEPS, DRUMS * PITCHES + key, control=True)


def _sums(model: Reference | Compiled, filled: torch.Tensor) -> NDArray[np.float64]:
    hidden = model.hidden(filled[:, :-1].clamp(min=0))
    following = filled[:, 1:]
    sums = []
    for slot, (start, end) in enumerate(BLOCKS):
        wanted = following[:, slot::EVENT_TOKENS]
        inside = (wanted >= start) & (wanted < end)
        logits = hidden[:, slot::EVENT_TOKENS][inside] @ model.embedding[start:end].T
        nats = torch.zeros(wanted.shape, dtype=torch.float64, device=wanted.device)
        nats[inside] = F.cross_entropy(logits, wanted[inside] - start, reduction="none").double()
        sums.append(nats.sum(dim=1))
    return torch.stack([*sums, inside.sum(dim=1).double()], dim=1).cpu().numpy()


def _mean(sums: NDArray[np.float64]) -> float:
    return float(sums[:, :-1].sum() / sums[:, -1].sum())


if __name__ == "__main__":
    main()
