"""Loads compiled models with TVM's runtime alone. Knows no layout and never loads the compiler library.

`import tvm` would take seconds and a quarter of a gigabyte. All that a compiled model needs is the FFI, the 3 MB
runtime library, and a loader for object files, since there may be no linker on the user's computer
(docs/decisions/compiled-decoder.md).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amt.config import ModelError
from amt.team import Team

# What kernels assume of every array's address.
ALIGNMENT = 64
CPU, POOLED = 1, 2
# TVM's mode in which threads are not bound to cores.
_SHARED_CORES = -3
# How often an idle worker looks for work before it sleeps: about a millisecond, the pause between two tokens.
SPINS = 3_000

_lock = threading.Lock()


class RuntimeUnusable(ModelError):  # noqa: N818 - named after the state
    """TVM's runtime cannot be loaded; the text says what to install."""


class Program:
    """A compiled model. Its functions are attributes; each Python thread gets machinery of its own, and may call
    them while others do."""

    def __init__(self, objects: Sequence[bytes], threads: int) -> None:
        _configure(threads)
        runtime()
        import tvm_ffi_orcjit  # type: ignore[import-untyped]

        with _lock:
            self._executable = tvm_ffi_orcjit.default_session().load_module(list(objects))
        self._local = threading.local()
        self._threads = threads

    @property
    def team(self) -> Team:
        """Who computes single tokens on this Python thread; TVM's pool of threads is the thread's own as well."""
        if "team" not in vars(self._local):
            resize = runtime().get_global_func("runtime.config_threadpool")
            self._local.team = Team(self._threads, lambda threads: resize(_SHARED_CORES, threads))
        team: Team = self._local.team
        return team

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if "machine" not in vars(self._local):
            machine = self._executable["vm_load_executable"]()
            machine["vm_initialization"](CPU, 0, POOLED)
            self._local.machine = machine
        return self._local.machine[name]


def runtime() -> ModuleType:
    """The FFI module, with TVM's runtime library loaded. Raises RuntimeUnusable."""
    with _lock:
        with without_torch():
            try:
                import tvm_ffi
                from tvm_ffi import registry
            except ImportError as error:
                raise RuntimeUnusable(
                    f"apache-tvm-ffi is not usable ({error}); install midinfinite-osc again"
                ) from error
        if "tvm" not in sys.modules:
            registry._SKIP_UNKNOWN_OBJECTS = True
            try:
                ctypes.CDLL(str(_library()), ctypes.RTLD_GLOBAL)
            except OSError as error:
                raise RuntimeUnusable(
                    f"TVM's runtime is not usable ({error}); install midinfinite-osc again"
                ) from error
    return tvm_ffi


def arena(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Copies of arrays in one piece of aligned memory, in large pages where the system has them."""
    offsets, size = {}, 0
    for name, array in arrays.items():
        offsets[name] = size
        size += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    memory = allocate(size)
    copies = {}
    for name, array in arrays.items():
        copy = memory[offsets[name] : offsets[name] + array.nbytes].view(array.dtype).reshape(array.shape)
        copy[...] = array
        copies[name] = copy
    return copies


def allocate(size: int) -> NDArray[np.uint8]:
    """`size` aligned bytes of zeros; pages take memory when they are first written."""
    return np.frombuffer(pages(size), np.uint8, size)


def pages(size: int) -> mmap.mmap:
    """Memory of this process alone, in large pages where the system has them."""
    if not hasattr(mmap, "MAP_PRIVATE"):
        return mmap.mmap(-1, max(1, size))
    # what is not written yet need not exist: many caches may be promised more than there is
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    memory = mmap.mmap(-1, max(1, size), flags=flags)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def tensor(array: NDArray[Any]) -> Any:
    """A TVM tensor over the array's memory, which must be aligned and contiguous."""
    return runtime().from_dlpack(array, require_alignment=ALIGNMENT, require_contiguous=True)


def _configure(threads: int) -> None:
    """Read by the runtime when a thread first decodes. Unbound threads leave the scheduler free to make room."""
    os.environ["TVM_NUM_THREADS"] = str(threads)
    os.environ["TVM_BIND_THREADS"] = "0"
    os.environ["TVM_THREAD_POOL_SPIN_COUNT"] = str(SPINS)


def _library() -> Path:
    spec = find_spec("tvm")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeUnusable("apache-tvm is not installed; install midinfinite-osc again")
    name = "libtvm_runtime.dylib" if sys.platform == "darwin" else "libtvm_runtime.so"
    return Path(spec.submodule_search_locations[0]) / "lib" / name


@contextmanager
def without_torch() -> Iterator[None]:
    """tvm_ffi imports torch wherever it is installed: a second and 200 MB that decoding has no use for."""
    if "torch" in sys.modules or "tvm_ffi" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["torch"]
