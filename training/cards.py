"""One run on several cards: each learns from its own rows of every batch, and all of them take the same step.

A process for each card; gradients are averaged among them, and the first one's weights are everybody's now and then,
so that rounding never parts them. Without a card (`gloo`, on a CPU) it is the same, for tests.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, multiprocessing, nn

_interrupted = threading.Event()


@dataclass(frozen=True)
class Cards:
    """This process among those of a run; one that is alone does nothing here."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether it is the one that measures, writes and talks."""
        return self.rank == 0

    def average(self, weights: Iterable[nn.Parameter]) -> None:
        """The mean of all cards' gradients becomes each one's."""
        if self.count > 1:
            gradients = [weight.grad for weight in weights if weight.grad is not None]
            together = torch.cat([gradient.flatten() for gradient in gradients])
            distributed.all_reduce(together)
            parts = together.div_(self.count).split([gradient.numel() for gradient in gradients])
            for gradient, part in zip(gradients, parts, strict=True):
                gradient.copy_(part.view_as(gradient))

    @torch.no_grad()
    def align(self, weights: Iterable[nn.Parameter]) -> None:
        """The first one's weights become each one's."""
        if self.count > 1:
            for weight in weights:
                distributed.broadcast(weight.data, 0)

    def agree(self, stop: bool, device: str) -> bool:
        """Whether the first one wants to stop, or was asked to by Ctrl-C."""
        if self.count == 1:
            return stop
        answer = torch.tensor(int(stop or _interrupted.is_set()), device=device)
        distributed.broadcast(answer, 0)
        return bool(answer)

    def rows(self, batch: Tensor) -> Tensor:
        """This one's rows of a batch. Each makes it whole (0.1 s of a core): any number draws the same."""
        return batch[self.rank :: self.count]


ALONE = Cards()


def launch(work: Callable[[Any, Cards], int], options: Any, count: int, device: str) -> int:
    """Does `work(options, cards)` in a process for each of `count` cards; what the first returns.

    Ctrl-C is answered at the next step at which they agree, since all must stop at the same one. Raises ValueError for
    none, or more than there are.
    """
    if count < 1:
        raise ValueError(f"--cards {count}: one at least")
    if device == "cuda" and count > torch.cuda.device_count():
        raise ValueError(f"--cards {count}: this computer has {torch.cuda.device_count()}")
    results = multiprocessing.get_context("spawn").SimpleQueue()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with tempfile.TemporaryDirectory() as folder:
            meeting = Path(folder) / "meeting"
            multiprocessing.start_processes(
                _process, (work, options, count, device, meeting, results), count, start_method="spawn"
            )
    finally:
        signal.signal(signal.SIGINT, before)
    return int(results.get())


def _process(
    rank: int,
    work: Callable[[Any, Cards], int],
    options: Any,
    count: int,
    device: str,
    meeting: Path,
    results: Any,
) -> None:
    signal.signal(signal.SIGINT, lambda *_: _interrupted.set())
    if device == "cuda":
        torch.cuda.set_device(rank)
    distributed.init_process_group(
        "nccl" if device == "cuda" else "gloo", init_method=meeting.as_uri(), rank=rank, world_size=count
    )
    result = work(options, Cards(rank, count))
    if rank == 0:
        results.put(result)
    distributed.barrier()
    # without the interpreter's own end: threads of the process group have been seen to abort it
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
