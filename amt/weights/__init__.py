"""Models on disk in MLC's layout: `mlc-chat-config.json`, `tensor-cache.json`, `params_shard_N.bin`. Runs nothing."""

from amt.weights.embedding import CONTROLS, EVENTS, FLAGS, compact, expand
from amt.weights.reader import CONFIG, Weights, read, verify
from amt.weights.writer import check_place, store, write

__all__ = [
    "CONFIG",
    "CONTROLS",
    "EVENTS",
    "FLAGS",
    "Weights",
    "check_place",
    "compact",
    "expand",
    "read",
    "store",
    "verify",
    "write",
]
