"""Makes the threads that decode give way to other programs, sclang and scsynth above all. Knows no music."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from amt.decoder import Decoder

COMPUTING = frozenset({"extend", "read", "step", "logits", "draw"})
"""Methods of a decoder that take a thread's time."""


class NiceDecoder:
    """A decoder that forwards to another one, and lowers the priority of each thread that first decodes with it.

    On Linux priority is a thread's own, and the workers that decode beside it are started by it and inherit it, so
    that the thread of the sockets keeps its priority and answers at once. On macOS it is the whole program's.

    Args:
        nice: 0 to 19; a thread that is nicer already stays as it is.
    """

    def __init__(self, decoder: Decoder, nice: int) -> None:
        self._decoder = decoder
        self._nice = nice
        self._local = threading.local()

    def __getattr__(self, name: str) -> Any:
        if name in COMPUTING and not vars(self._local):
            make_way(self._nice)
            self._local.made_way = True
        return getattr(self._decoder, name)


def make_way(nice: int) -> None:
    """Lower the calling thread's priority to `nice`, or the program's where threads have none of their own."""
    who = threading.get_native_id() if sys.platform == "linux" else 0
    if os.getpriority(os.PRIO_PROCESS, who) < nice:
        os.setpriority(os.PRIO_PROCESS, who, nice)
