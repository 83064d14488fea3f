"""python -m training.arranger TRAIN.npz OUT.npz: writes arrangements in the corpus's columns (training/corpus.py)."""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.arranger import material
from training.arranger.borrow import Players
from training.arranger.columns import packed, write
from training.arranger.piece import Made, made

EXAMPLES = """examples:
  python -m training.arranger train.npz made.npz                      # 20,000 pieces from the corpus's material
  python -m training.arranger train.npz few.npz --pieces 50 --seed 7  # a look at what it does
  python -m training.arranger - rules.npz --pieces 2000               # no human material: styles alone
"""
CHUNK = 50


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.arranger",
        description="Composes band music from style tables and from phrases of the corpus's human pieces.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "train", metavar="TRAIN.npz", help="the corpus to borrow from, never the validation file; - for none"
    )
    parser.add_argument("out", metavar="OUT.npz", type=Path, help="the file to write")
    parser.add_argument("--pieces", type=int, default=20_000, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same pieces (default %(default)s)")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count(), help="default: all cores")
    options = parser.parse_args(arguments)
    if options.pieces < 1 or options.processes < 1 or options.seed < 0:
        parser.error("--pieces and --processes must be 1 at least, --seed 0 at least")
    if not options.out.parent.is_dir():
        parser.error(f"{options.out.parent} is no folder: make it first")
    try:
        players = Players(material.NONE if options.train == "-" else material.read(Path(options.train)))
    except (OSError, ValueError) as error:
        parser.error(f"TRAIN.npz must be a corpus file: {error}")
    began = time.monotonic()
    pieces: list[Made] = []
    starts = range(0, options.pieces, CHUNK)
    compose = functools.partial(_chunk, options.seed, options.pieces)
    # forked, so that the material is shared and not copied
    context = multiprocessing.get_context("fork")
    _PLAYERS.append(players)
    with context.Pool(options.processes) as pool:
        for chunk in pool.imap(compose, starts):
            pieces += chunk
            if len(pieces) % 1000 < CHUNK:
                rate = len(pieces) / (time.monotonic() - began)
                print(f"{len(pieces)} of {options.pieces} pieces, {rate:.0f} a second", file=sys.stderr, flush=True)
    write(options.out, packed(pieces))
    notes = sum(len(piece.notes) for piece in pieces)
    size = options.out.stat().st_size / 2**20
    print(f"{options.out}: {len(pieces)} pieces, {notes} notes, {size:.1f} MiB, {time.monotonic() - began:.0f} s")


_PLAYERS: list[Players] = []


def _chunk(seed: int, pieces: int, start: int) -> list[Made]:
    compact = []
    for index in range(start, min(start + CHUNK, pieces)):
        piece = made(seed, index, _PLAYERS[0])
        compact.append(Made(piece.name, piece.notes.astype(np.int32), piece.tempo, piece.meter))
    return compact


if __name__ == "__main__":
    main()
