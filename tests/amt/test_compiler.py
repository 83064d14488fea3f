"""Compiled models on disk: kept, found again, noticed when damaged, and made without any other program's help."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from dataclasses import replace
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


@pytest.fixture(scope="module")
def compiled(model: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What compiling the model gives, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return compiler.compile_model(model).read_bytes()


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
    model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, float]] = []
    path = compiler.compile_model(model, progress=lambda *step: told.append(step))
    assert list(cache.iterdir()) == [path]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert all(what for what, _ in told)
    forbid_compiling(monkeypatch)
    assert compiler.compile_model(model) == path
    assert decodes(model)


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


COMPILE = """
import sys
from amt import compiler
print(compiler.compile_model(sys.argv[1]))
"""


def test_two_at_once_do_not_disturb_each_other(model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = [[sys.executable, "-c", COMPILE, str(model)] for _ in range(2)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    paths = {process.communicate()[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert {str(path) for path in cache.iterdir()} == paths
    forbid_compiling(monkeypatch)
    assert decodes(model)


def test_no_other_program_is_needed(model: Path, cache: Path, tmp_path: Path) -> None:
    environment = {"PATH": "", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache.parent.parent)}
    code = COMPILE + "\nfrom amt import decoder\nimport numpy as np\nm = decoder.load(sys.argv[1])\nc = m.new_cache()\n"
    code += "m.extend(c, np.arange(12, dtype=np.int32))\nprint(m.logits(c, np.arange(3, dtype=np.int32)))"
    result = subprocess.run([sys.executable, "-c", code, str(model)], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert len(list(cache.iterdir())) == 1


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
