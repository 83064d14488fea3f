"""Losses of model folders on validation pieces, side by side.

    python -m training.evaluate VALID.npz MODEL [MODEL …]

prints nats per event (time + duration + note) with the click as controls, for each group of sources, and the
difference from the first model. With --sources for each source; with --compiled each model is measured a second time
as its kernels compute it, by token as in serving. All models read the same windows. Each slot's softmax runs over the
events' own block of tokens, as in decoding; controls are not predicted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from numpy.typing import NDArray

from amt.config import ModelError
from amt.vocabulary import EVENT_TOKENS
from amt.weights import read
from training import corpus
from training.batches import validation
from training.compiled import Compiled
from training.network import BLOCKS
from training.reference import Reference
from training.tasks import TASKS

WINDOWS = 64


def losses(
    folder: Path, windows: NDArray[np.int32], device: str = "cpu", batch: int = 4, compiled: bool = False
) -> NDArray[np.float64]:
    """Sums of nats (windows, 3 slots) and, in a last column, the number of events."""
    model = Compiled(folder) if compiled else Reference(read(folder), device)
    rows = [
        _sums(model, torch.tensor(part, device=device).long())
        for part in np.array_split(windows, -(-len(windows) // batch))
    ]
    return np.concatenate(rows)


def mean(sums: NDArray[np.float64]) -> float:
    """Nats per event of such sums."""
    return float(sums[:, :-1].sum() / sums[:, -1].sum())


def table(named: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> str:
    """A Markdown table of model → group → sums: nats per event, and the difference from the first model."""
    first = next(iter(named.values()))
    head = ["model", *(f"{group} ({len(sums)})" for group, sums in first.items())]
    lines = [head, ["---"] * len(head)]
    for name, groups in named.items():
        cells = [
            f"{mean(sums):.4f}" + (f" ({mean(sums) - mean(first[group]):+.4f})" if groups is not first else "")
            for group, sums in groups.items()
        ]
        lines.append([name, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--windows", type=int, default=WINDOWS, help="of each group (default 64)")
    parser.add_argument("--task", choices=TASKS, default="click", help="what stands as controls (default the click)")
    parser.add_argument("--sources", action="store_true", help="each source by itself")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compiled", action="store_true", help="also as the kernels compute it")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    by = "source" if arguments.sources else "group"
    groups = validation(corpus.read(arguments.corpus), arguments.windows, task=arguments.task, by=by)
    named: dict[str, dict[str, NDArray[np.float64]]] = {}
    for folder in arguments.models:
        for compiled in (False, True) if arguments.compiled else (False,):
            name = f"{folder}{', compiled' if compiled else ''}"
            named[name] = {}
            for group, windows in groups.items():
                named[name][group] = losses(folder, windows, arguments.device, compiled=compiled)
                print(f"{name}, {group}: {mean(named[name][group]):.4f}", flush=True)
    print(table(named))


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


if __name__ == "__main__":
    try:
        main()
    except (corpus.CorpusError, ModelError, OSError) as error:
        sys.exit(str(error))
