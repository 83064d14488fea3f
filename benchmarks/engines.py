"""The engines that are compared, behind one interface. Each lives in a process of its own (benchmarks.worker).

An engine decodes one stream: a token is read, logits of the rows that the slot allows are taken, the next token is
drawn with amt.sampler, ours by the compiled decoder. Engines that compute all 55,028 logits take the same rows of
them. Where an engine can, it decodes several streams in one batch as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from amt import sampler, streams
from amt.config import ModelConfig
from amt.streams import STEPS
from amt.vocabulary import AUTOREGRESS
from benchmarks import models
from benchmarks.llama_batch import LlamaBatch

Int32s = npt.NDArray[np.int32]
Rows = Sequence[Int32s]
"""Tokens that each of the three slots (time, duration, note) allows."""


class Engine:
    """What a comparison needs; `settings` says how the engine was set up, `batches` whether it can decode together."""

    distribution = ""
    settings = ""
    install = ""
    batches = False

    def __init__(self, folder: Path, config: ModelConfig, threads: int) -> None:
        raise NotImplementedError

    @classmethod
    def version(cls) -> str:
        return f"{cls.distribution} {version(cls.distribution)}"

    def truncate(self, length: int) -> None:
        """Forgets all but the first `length` tokens."""
        raise NotImplementedError

    def extend(self, tokens: Int32s) -> None:
        """Reads tokens after those read before."""
        raise NotImplementedError

    def logits(self, rows: Int32s) -> npt.NDArray[np.float32]:
        """Logits of the tokens `rows` after the last token read."""
        raise NotImplementedError

    def prefill(self, tokens: Int32s) -> float:
        """Seconds to read tokens from nothing and have the next one's logits."""
        self.truncate(0)
        start = time.perf_counter()
        self.extend(tokens)
        self.logits(tokens[:1])
        return time.perf_counter() - start

    def decode(self, context: Int32s, rows: Rows, steps: int = STEPS) -> float:
        """Seconds a token over `steps` tokens behind `context`, which was read before."""
        self.truncate(len(context))
        random = np.random.default_rng(0)
        token = AUTOREGRESS
        start = time.perf_counter()
        for step in range(steps):
            self.extend(np.array([token], np.int32))
            allowed = rows[step % 3]
            token = int(allowed[sampler.draw(self.logits(allowed), random)])
        return (time.perf_counter() - start) / steps

    def prepare(self, context: Int32s, count: int) -> None:
        """Makes so many streams that have read the same context, for decode_together."""
        raise NotImplementedError

    def decode_together(self, context: Int32s, rows: Rows, count: int, steps: int = STEPS) -> float:
        """Seconds a step, which is one token in each stream, over `steps` steps behind the context."""
        raise NotImplementedError


class Midinfinite(Engine):
    distribution = "midinfinite-osc"
    settings = "4-bit blocks (q4f32_1), 8-bit embedding, only the rows' logits, drawn by the compiled decoder"
    batches = True

    def __init__(self, folder: Path, config: ModelConfig, threads: int) -> None:
        from amt import decoder

        self._decoder = decoder.load(models.compiled(folder, config), threads)
        self._cache = self._decoder.new_cache()

    def truncate(self, length: int) -> None:
        self._cache.truncate(length)

    def extend(self, tokens: Int32s) -> None:
        self._decoder.extend(self._cache, tokens)

    def logits(self, rows: Int32s) -> npt.NDArray[np.float32]:
        return self._decoder.logits(self._cache, rows)

    def decode(self, context: Int32s, rows: Rows, steps: int = STEPS) -> float:
        return streams.run(self._decoder, [self._cache], rows, len(context), steps)

    def prepare(self, context: Int32s, count: int) -> None:
        self._caches = [self._decoder.new_cache() for _ in range(count)]
        if len(context):
            self._decoder.read([(cache, context) for cache in self._caches])

    def decode_together(self, context: Int32s, rows: Rows, count: int, steps: int = STEPS) -> float:
        return streams.run(self._decoder, self._caches[:count], rows, len(context), steps)


class LlamaContext(Engine):
    """llama.cpp with flash attention, or without."""

    def __init__(self, path: Path, config: ModelConfig, threads: int, flash: bool) -> None:
        import llama_cpp

        self._cpp = llama_cpp
        self._vocabulary = config.vocabulary
        self.model = llama_cpp.Llama(
            str(path),
            n_ctx=config.positions,
            n_batch=512,
            n_ubatch=512,
            n_threads=threads,
            n_threads_batch=threads,
            flash_attn=flash,
            verbose=False,
        )

    def truncate(self, length: int) -> None:
        self.model.n_tokens = length

    def extend(self, tokens: Int32s) -> None:
        self.model.eval(tokens.tolist())

    def logits(self, rows: Int32s) -> npt.NDArray[np.float32]:
        found = self._cpp.llama_get_logits_ith(self.model.ctx, -1)
        return np.ctypeslib.as_array(found, shape=(self._vocabulary,))[rows]

    def prepare(self, context: Int32s, count: int) -> None:
        self._batch = LlamaBatch(self.model, count, self._vocabulary)
        for stream in range(count if len(context) else 0):
            self._batch.read(stream, context)

    def decode_together(self, context: Int32s, rows: Rows, count: int, steps: int = STEPS) -> float:
        self._batch.truncate(len(context))
        random = np.random.default_rng(0)
        tokens = [AUTOREGRESS] * count
        start = time.perf_counter()
        for step in range(steps):
            self._batch.step(tokens)
            allowed = rows[step % 3]
            drawn = (sampler.draw(self._batch.logits(stream)[allowed], random) for stream in range(count))
            tokens = [int(allowed[place]) for place in drawn]
        return (time.perf_counter() - start) / steps


class LlamaCpp(Engine):
    """llama.cpp as it is fastest: with flash attention or without, as each kind of figure is better."""

    batches = True
    distribution = "llama-cpp-python"
    # the flags: gcc takes AMX's tile configuration for dead stores (github.com/ggml-org/llama.cpp/pull/26954)
    install = (
        "CXXFLAGS='-fno-dse -fno-tree-dse' CMAKE_ARGS=-DGGML_NATIVE=ON "
        "python -m pip install --no-binary llama-cpp-python llama-cpp-python gguf"
    )
    kind = ""

    def __init__(self, folder: Path, config: ModelConfig, threads: int) -> None:
        import llama_cpp

        self.settings = (
            f"{self.kind} for every matrix, flash attention on or off, whichever is faster, batches of 512; "
            + llama_cpp.llama_print_system_info().decode().strip(" |")
        )
        path = models.gguf(folder, config, self.kind)
        self.contexts = [LlamaContext(path, config, threads, flash) for flash in (True, False)]
        self._faster: dict[tuple[str, int], LlamaContext] = {}

    def _timed(self, what: str, length: int, run: Callable[[LlamaContext], float]) -> float:
        """What run() gives for the faster context, found out the first time: by turns they would spoil each other's
        place in the processor's cache."""
        if (what, length) not in self._faster:
            times = {min(run(each) for _ in range(3)): each for each in self.contexts}
            self._faster[what, length] = times[min(times)]
        return run(self._faster[what, length])

    def truncate(self, length: int) -> None:
        for context in self.contexts:
            context.truncate(length)

    def extend(self, tokens: Int32s) -> None:
        for context in self.contexts:
            context.extend(tokens)

    def logits(self, rows: Int32s) -> npt.NDArray[np.float32]:
        return self.contexts[0].logits(rows)

    def prefill(self, tokens: Int32s) -> float:
        return self._timed("prefill", len(tokens), lambda each: each.prefill(tokens))

    def decode(self, context: Int32s, rows: Rows, steps: int = STEPS) -> float:
        return self._timed("decode", len(context), lambda each: each.decode(context, rows, steps))

    def prepare(self, context: Int32s, count: int) -> None:
        for each in self.contexts:
            each.prepare(context, count)

    def decode_together(self, context: Int32s, rows: Rows, count: int, steps: int = STEPS) -> float:
        return self._timed(f"{count}", len(context), lambda each: each.decode_together(context, rows, count, steps))


class LlamaCppQ4(LlamaCpp):
    kind = "q4_0"


class LlamaCppQ8(LlamaCpp):
    kind = "q8_0"


class CTranslate2(Engine):
    """Has no way to take one step from Python: runs of two lengths are timed, their difference counts.

    Draws by itself (the likeliest token), which is the least that it can do.
    """

    distribution = "ctranslate2"
    settings = "int8, its own greedy drawing; time of 24 tokens less that of 1"
    install = "python -m pip install ctranslate2"
    batches = True

    def __init__(self, folder: Path, config: ModelConfig, threads: int) -> None:
        import ctranslate2

        self._generator = ctranslate2.Generator(
            str(models.ctranslate2(folder, config)), device="cpu", compute_type="int8", intra_threads=threads
        )
        self._read = np.empty(0, np.int32)

    def prefill(self, tokens: Int32s) -> float:
        return self._seconds(tokens, 1)

    def decode(self, context: Int32s, rows: Rows, steps: int = STEPS) -> float:
        return self.decode_together(context, rows, 1, steps)

    def prepare(self, context: Int32s, count: int) -> None:
        """Reads the prompt again in every run."""

    def decode_together(self, context: Int32s, rows: Rows, count: int, steps: int = STEPS) -> float:  # noqa: ARG002
        prompt = context if len(context) else np.array([AUTOREGRESS], np.int32)
        return (self._seconds(prompt, steps, count) - self._seconds(prompt, 1, count)) / (steps - 1)

    def truncate(self, length: int) -> None:
        self._read = self._read[:length]

    def extend(self, tokens: Int32s) -> None:
        self._read = np.concatenate((self._read, tokens))

    def logits(self, rows: Int32s) -> npt.NDArray[np.float32]:
        found = np.array(self._generator.forward_batch([[str(token) for token in self._read]]))
        return np.asarray(found[0, -1, rows], np.float32)

    def _seconds(self, prompt: Int32s, length: int, count: int = 1) -> float:
        tokens = [str(token) for token in prompt]
        start = time.perf_counter()
        result = self._generator.generate_batch(
            [tokens] * count, min_length=length, max_length=length, sampling_topk=1, include_prompt_in_result=False
        )
        seconds = time.perf_counter() - start
        if len(result[0].sequences[0]) != length:
            raise RuntimeError(f"CTranslate2 gave {len(result[0].sequences[0])} tokens instead of {length}")
        return seconds


class HuggingFace(Engine):
    distribution = "transformers"
    settings = "bfloat16, DynamicCache, scaled_dot_product_attention, the last token's logits only"
    install = "python -m pip install torch transformers"
    dtype = "bfloat16"
    batches = True

    def __init__(self, folder: Path, config: ModelConfig, threads: int) -> None:
        import torch
        import transformers

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self._torch = torch
        self._new_cache = transformers.DynamicCache
        self._model: Any = transformers.GPT2LMHeadModel.from_pretrained(
            models.checkpoint(folder, config), dtype=getattr(torch, self.dtype)
        ).eval()
        self._read = np.empty(0, np.int32)

    @classmethod
    def version(cls) -> str:
        return f"{super().version()} on torch {version('torch')}"

    def truncate(self, length: int) -> None:
        if not length:
            self._cache = self._new_cache()
        elif forgotten := self._cache.get_seq_length() - length:
            self._cache.crop(-forgotten)

    def extend(self, tokens: Int32s) -> None:
        self._logits = self._read_together(tokens[None])[0]

    def logits(self, rows: Int32s) -> npt.NDArray[np.float32]:
        return self._logits[self._torch.from_numpy(rows.astype(np.int64))].float().numpy()

    def prepare(self, context: Int32s, count: int) -> None:
        self.truncate(0)
        if len(context):
            self._read_together(np.tile(context, (count, 1)))

    def decode_together(self, context: Int32s, rows: Rows, count: int, steps: int = STEPS) -> float:
        self.truncate(len(context))
        random = np.random.default_rng(0)
        tokens = np.full((count, 1), AUTOREGRESS, np.int32)
        start = time.perf_counter()
        for step in range(steps):
            allowed = rows[step % 3]
            logits = self._read_together(tokens)[:, self._torch.from_numpy(allowed.astype(np.int64))].float().numpy()
            tokens = np.array([[allowed[sampler.draw(each, random)]] for each in logits], np.int32)
        return (time.perf_counter() - start) / steps

    def _read_together(self, tokens: npt.NDArray[np.int32]) -> Any:
        """Reads tokens int32[streams, n]; logits [streams, vocabulary] behind the last of each."""
        ids = self._torch.from_numpy(tokens.astype(np.int64))
        return self._model(ids, past_key_values=self._cache, use_cache=True, logits_to_keep=1).logits[:, -1]


class Reference(HuggingFace):
    """As the authors' sampler does: everything is read again for each token, logits of all positions are computed.

    Source: anticipation/sample.py, add_token, in github.com/jthickstun/anticipation.
    """

    settings = "float32, no cache"
    dtype = "float32"
    batches = False

    def truncate(self, length: int) -> None:
        self._read = self._read[:length]

    def extend(self, tokens: Int32s) -> None:
        self._read = np.concatenate((self._read, tokens))
        ids = self._torch.from_numpy(self._read.astype(np.int64))[None]
        self._logits = self._model(ids, use_cache=False).logits[0, -1]


ENGINES: dict[str, type[Engine]] = {
    "midinfinite-osc": Midinfinite,
    "llama.cpp q4_0": LlamaCppQ4,
    "llama.cpp q8_0": LlamaCppQ8,
    "CTranslate2 int8": CTranslate2,
    "Hugging Face bfloat16": HuggingFace,
    "reference, no cache": Reference,
}
