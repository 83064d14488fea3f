"""Compiled models on disk: kept, found again, noticed when damaged, and made without any other program's help."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from amt import compiler, decoder, processor
from amt.config import ModelConfig, ModelError
from amt.processor import Instructions
from amt.quantization import quantization
from amt.weights import write
from tests.amt import checkpoints

CONFIG = ModelConfig(1, 32, 1, 16, 32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "model"
    write(folder, CONFIG, quantization("q4f32_1"), checkpoints.weights(CONFIG))
    return folder


LONELY = """
import sys
import numpy as np
from amt import compiler, decoder
print(compiler.compile_model(sys.argv[1], lambda _, share: print(share)))
model = decoder.load(sys.argv[1])
cache = model.new_cache()
model.extend(cache, np.arange(12, dtype=np.int32))
print(model.logits(cache, np.arange(3, dtype=np.int32)))
"""


@dataclass(frozen=True)
class Twice:
    """A model that two programs have compiled at once into one empty cache, for compiling takes long.

    path, told: what this one was told at the end and meanwhile. other: one that finds no program on its PATH, and
    decodes with what it has compiled. cached: what lies in the cache now.
    """

    cache: Path
    path: Path
    told: list[tuple[str, float]]
    other: subprocess.CompletedProcess[str]
    cached: list[Path]


@pytest.fixture(scope="module")
def twice(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Twice:
    cache, told = tmp_path_factory.mktemp("cache"), []
    environment = {"PATH": "", "HOME": str(tmp_path_factory.mktemp("home")), "XDG_CACHE_HOME": str(cache)}
    command = [sys.executable, "-c", LONELY, str(model)]
    with (
        pytest.MonkeyPatch.context() as patch,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        patch.setenv("XDG_CACHE_HOME", str(cache))
        path = compiler.compile_model(model, progress=lambda *step: told.append(step))
        output, errors = process.communicate()
        other = subprocess.CompletedProcess(command, process.returncode, output, errors)
        return Twice(cache, path, told, other, list(compiler.cache_folder().iterdir()))


@pytest.fixture(scope="module")
def compiled(twice: Twice) -> bytes:
    """What compiling the model gives."""
    return twice.path.read_bytes()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of compiled models in an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return compiler.cache_folder()


@pytest.fixture
def path(model: Path, cache: Path, compiled: bytes) -> Path:  # noqa: ARG001
    """The compiled model in the cache."""
    path = compiler.cached_path(layout())
    path.parent.mkdir(parents=True)
    path.write_bytes(compiled)
    return path


def layout():
    return compiler.layout_of(CONFIG, quantization("q4f32_1"), compact=False)


def forbid_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(compiler, "_compile", refuse)


def decodes(folder: Path) -> bool:
    model = decoder.load(folder)
    cache = model.new_cache()
    model.extend(cache, np.arange(9, dtype=np.int32))
    return bool(np.isfinite(model.logits(cache, np.arange(100, dtype=np.int32))).all())


def test_a_model_is_compiled_once_and_says_what_it_does(
    model: Path, twice: Twice, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = [share for _, share in twice.told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert all(what for what, _ in twice.told)
    monkeypatch.setenv("XDG_CACHE_HOME", str(twice.cache))
    forbid_compiling(monkeypatch)
    assert compiler.compile_model(model) == twice.path
    assert decodes(model)


def test_two_at_once_do_not_disturb_each_other(twice: Twice) -> None:
    assert twice.cached == [twice.path]
    assert str(twice.path) in twice.other.stdout.splitlines()


def test_no_other_program_is_needed(twice: Twice) -> None:
    assert twice.other.returncode == 0, twice.other.stderr
    assert twice.other.stdout.splitlines()[:1] == ["0.0"], "it has compiled by itself"


@pytest.mark.parametrize(
    "changed",
    [
        {"config": replace(CONFIG, layers=2)},
        {"config": replace(CONFIG, scale_attn_by_inverse_layer_idx=True)},
        {"quantization": quantization("q8f32_1")},
        {"quantization": quantization("q4f32_1", "q4f32_1")},
        {"compact": True},
        {"instructions": Instructions(4, "plain")},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_change_of_the_model_is_another_file(changed: dict[str, object]) -> None:
    assert compiler.cached_path(replace(layout(), **changed)) != compiler.cached_path(layout())


def test_another_processor_version_or_kernel_is_another_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paths = {compiler.cached_path(layout())}
    with monkeypatch.context() as patch:
        patch.setattr(processor, "identity", lambda: "another processor")
        paths.add(compiler.cached_path(layout()))
    with monkeypatch.context() as patch:
        patch.setattr(compiler, "version", lambda package: f"{package} 99")
        paths.add(compiler.cached_path(layout()))
    with monkeypatch.context() as patch:
        patch.setattr(compiler, "__file__", str(tmp_path / "compiler.py"))
        (tmp_path / "kernels").mkdir()
        (tmp_path / "kernels" / "step.py").write_text("changed")
        paths.add(compiler.cached_path(layout()))
    assert len(paths) == 4


def damage(kind: str, path: Path) -> None:
    octets = bytearray(path.read_bytes())
    if kind == "truncated":
        path.write_bytes(octets[: len(octets) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "flipped":
        octets[len(octets) // 2] ^= 1
        path.write_bytes(octets)
    else:
        path.write_text("not a compiled model")


@pytest.mark.parametrize("kind", ["truncated", "empty", "flipped", "other"])
def test_a_damaged_file_is_noticed_and_made_again(
    kind: str,
    model: Path,
    path: Path,
    compiled: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    damage(kind, path)
    monkeypatch.setattr(compiler, "_compile", lambda _, made, __: made.write_bytes(compiled))
    with caplog.at_level(logging.WARNING):
        assert decodes(model)
    assert "damaged" in caplog.text
    assert path.read_bytes() == compiled
    assert list(path.parent.iterdir()) == [path]


def test_a_cache_that_cannot_be_written_only_costs_time(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    # a file where the folder should be stands for every reason, and holds for root too
    (tmp_path / "cache").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(compiler, "_compile", lambda _, made, __: made.write_bytes(compiled))
    with caplog.at_level(logging.WARNING):
        assert decodes(model)
    assert "compiled again at every start" in caplog.text
    with pytest.raises(compiler.CompileError, match="cannot be written"):
        compiler.compile_model(model)


@pytest.mark.parametrize("whom", ["group", "parent"])
def test_an_interrupt_leaves_nothing_behind(whom: str, model: Path, cache: Path) -> None:
    # as in a terminal: a background shell, and so perhaps the test run, ignores interrupts
    code = "import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nfrom amt import compiler\n"
    code += "compiler.compile_model(sys.argv[1], lambda *step: print(*step, flush=True))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("building"):
            break
    (os.killpg if whom == "group" else os.kill)(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode != 0
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert list(cache.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # the compiling child is gone too


def test_the_compilers_failure_is_told(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # noqa: ARG001
    failing = tmp_path / "python"
    failing.write_text("#!/bin/sh\necho 'Traceback' >&2\necho 'MemoryError: too little' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(failing))
    with pytest.raises(compiler.CompileError, match="MemoryError: too little"):
        compiler.objects(layout())


def test_a_model_that_is_none_is_refused_before_anything_is_compiled(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        compiler.compile_model(tmp_path / "nothing")
    assert not cache.exists()
