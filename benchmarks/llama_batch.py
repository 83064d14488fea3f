"""Several sequences of a llama.cpp model in one batch, by its low-level interface: the high-level one knows one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


class LlamaBatch:
    """So many sequences, each with room for the model's whole window, in a context of their own.

    Args:
        model: a llama_cpp.Llama, whose settings it takes over.
    """

    def __init__(self, model: Any, count: int, vocabulary: int) -> None:
        import llama_cpp

        self._cpp = llama_cpp
        self._vocabulary = vocabulary
        self._model = model  # it must outlive its context
        parameters = type(model.context_params).from_buffer_copy(model.context_params)
        # sequences that share nothing: llama.cpp advises keys and values of their own, not unified ones
        parameters.n_ctx, parameters.n_seq_max, parameters.kv_unified = count * model.n_ctx(), count, False
        self._context = llama_cpp.llama_init_from_model(model.model, parameters)
        if not self._context:
            raise RuntimeError(f"llama.cpp has no context for {count} sequences")
        self._batch = llama_cpp.llama_batch_init(parameters.n_batch, 0, 1)
        self._most = int(parameters.n_batch)
        self._lengths = [0] * count

    def __del__(self) -> None:
        self._cpp.llama_batch_free(self._batch)
        self._cpp.llama_free(self._context)

    def truncate(self, length: int) -> None:
        """Forgets all but the first `length` tokens of every sequence."""
        memory = self._cpp.llama_get_memory(self._context)
        for stream in range(len(self._lengths)):
            self._cpp.llama_memory_seq_rm(memory, stream, length, -1)
            self._lengths[stream] = length

    def read(self, stream: int, tokens: npt.NDArray[np.int32]) -> None:
        """Reads tokens int32[n] into one sequence; no logits."""
        for start in range(0, len(tokens), self._most):
            self._decode([(stream, int(token), False) for token in tokens[start : start + self._most]])

    def step(self, tokens: Sequence[int]) -> None:
        """Reads one token in every sequence."""
        self._decode([(stream, token, True) for stream, token in enumerate(tokens)])

    def logits(self, stream: int) -> npt.NDArray[np.float32]:
        """Logits float32[vocabulary] after a step; valid until the next."""
        found = self._cpp.llama_get_logits_ith(self._context, stream)
        return np.ctypeslib.as_array(found, shape=(self._vocabulary,))

    def _decode(self, entries: Sequence[tuple[int, int, bool]]) -> None:
        batch = self._batch
        batch.n_tokens = len(entries)
        for place, (stream, token, wanted) in enumerate(entries):
            batch.token[place], batch.pos[place], batch.logits[place] = token, self._lengths[stream], wanted
            batch.n_seq_id[place] = 1
            batch.seq_id[place][0] = stream
            self._lengths[stream] += 1
        if failure := self._cpp.llama_decode(self._context, batch):
            raise RuntimeError(f"llama_decode gave {failure}")
