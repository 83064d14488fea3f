"""Compiles a model for this processor and keeps the result on disk. Knows layouts and files, not weights.

Compiling happens in a child process, so that the one that serves stays small; what it leaves behind is one zip file
of object files, whose checksums tell a damaged one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from amt import processor
from amt.config import ModelConfig, ModelError
from amt.kernels.layout import Layout
from amt.processor import Instructions
from amt.quantization import Quantization, scheme
from amt.weights import read

SOURCES = ("architecture.py", "compiling.py", "kernels/*.py")
PACKAGES = ("apache-tvm", "apache-tvm-ffi")

Progress = Callable[[str, float], None]

log = logging.getLogger(__name__)


class CompileError(ModelError):
    """A model that cannot be compiled here; the text says why."""


def cache_folder() -> Path:
    """Where compiled models are kept: the user's cache folder."""
    if os.environ.get("XDG_CACHE_HOME"):
        base = Path(os.environ["XDG_CACHE_HOME"])
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path.home() / ".cache"
    return base / "midinfinite-osc" / "compiled"


def layout_of(config: ModelConfig, quantization: Quantization, compact: bool) -> Layout:
    """The layout of a model for this processor."""
    return Layout(config, quantization, compact, processor.instructions())


def cached_path(layout: Layout) -> Path:
    """The file of a compiled model; every change that needs compiling anew gives another."""
    folder = Path(__file__).parent
    key = hashlib.sha256(json.dumps(_describe(layout), sort_keys=True).encode())
    key.update(processor.identity().encode())
    for package in PACKAGES:
        key.update(version(package).encode())
    for pattern in SOURCES:
        for source in sorted(folder.glob(pattern)):
            key.update(source.read_bytes())
    config = layout.config
    shape = f"gpt2-{config.layers}x{config.width}-{layout.quantization.blocks.name}"
    return cache_folder() / f"{shape}-{key.hexdigest()[:20]}.zip"


def compile_model(folder: Path, progress: Progress | None = None) -> Path:
    """Compiles the model in `folder` unless that is done already; the path of the result.

    progress(what, share) is told what happens and how much of it is done, 0 to 1. Raises ModelError for an unusable
    model, CompileError where the compiler fails or the cache cannot be written.
    """
    weights = read(Path(folder))
    layout = layout_of(weights.config, weights.quantization, weights.compact)
    objects(layout, progress)
    path = cached_path(layout)
    if not path.exists():
        raise CompileError(f"{path.parent}: cannot be written; compiled models are kept there")
    return path


def objects(layout: Layout, progress: Progress | None = None) -> Sequence[bytes]:
    """Object files of the compiled model, from the cache or compiled now. Raises CompileError."""
    path = cached_path(layout)
    found = _read(path)
    if found is not None:
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        room = tempfile.TemporaryDirectory(prefix=".compiling-", dir=path.parent)
    except OSError as error:
        log.warning(
            "%s: cannot be written (%s); the model is compiled again at every start", path.parent, error.strerror
        )
        room = tempfile.TemporaryDirectory(prefix="midinfinite-osc-")
    with room as folder:
        made = Path(folder) / path.name
        _compile(layout, made, progress)
        compiled = _read(made)
        if compiled is None:
            raise CompileError("the compiler wrote no usable result; is the disk full?")
        if made.parent.parent == path.parent:
            made.replace(path)
    return compiled


def _read(path: Path) -> Sequence[bytes] | None:
    """The object files in a compiled model; None where there is none or it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [archive.read(name) for name in archive.namelist()] or None
    except FileNotFoundError:
        return None
    except (OSError, zipfile.BadZipFile, EOFError, ValueError) as error:
        log.warning("%s: damaged (%s); the model is compiled again", path, error)
        return None


def _describe(layout: Layout) -> dict[str, object]:
    return {
        "config": asdict(layout.config),
        "quantization": [layout.quantization.blocks.name, layout.quantization.embedding.name],
        "compact": layout.compact,
        "instructions": asdict(layout.instructions),
    }


def parse(description: str) -> Layout:
    """The layout that was described to the child process."""
    fields = json.loads(description)
    return Layout(
        ModelConfig(**fields["config"]),
        Quantization(*map(scheme, fields["quantization"])),
        fields["compact"],
        Instructions(**fields["instructions"]),
    )


def _compile(layout: Layout, path: Path, progress: Progress | None) -> None:
    """Runs amt.compiling in a child process, which prints a percentage and what it does, line by line."""
    command = [sys.executable, "-m", "amt.compiling", str(path), json.dumps(_describe(layout))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    with (
        # a file, not a pipe: what nobody reads until the end must not fill up
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        ) as child,
    ):
        try:
            for line in child.stdout or ():
                percent, _, what = line.strip().partition(" ")
                if progress is not None:
                    progress(what, int(percent) / 100)
            child.wait()
        except BaseException:
            child.kill()
            raise
        errors.seek(0)
        trouble = errors.read().strip()
    if child.returncode:
        raise CompileError(f"compiling failed: {trouble.splitlines()[-1] if trouble else child.returncode}")
