"""Files that are put somewhere for another program, and taken out again without a trace of ours or a loss of yours.

A step is planned first, which refuses what must not be touched, then done, or only said. Knows no clients.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import osc_bridge
from osc_bridge.cli.options import Failure
from patterns.atomic import write_atomically

NAME = "midinfinite-osc"
MANIFEST = ".midinfinite-osc.json"
"""In an installed folder: the version, and the digest of each file as it was written."""
CHANGED = ".changed"
BEGIN = b"# >>> midinfinite-osc"
END = b"# <<< midinfinite-osc\n"
NEW = b" (made with this file)"


@dataclass(frozen=True)
class Step:
    """Something to do, in words that say it is done."""

    text: str
    act: Callable[[], object] = lambda: None


def state(source: Path, target: Path) -> tuple[str | None, bool]:
    """The version that is installed at `target`, None for nothing; and whether that is what lies at `source`."""
    manifest = _manifest(target)
    if manifest is None:
        return None, False
    return manifest["version"], manifest["files"] == _digests(source)


def copied(source: Path, target: Path) -> Iterator[Step]:
    """Steps that make `target` a copy of `source`; what was changed since it was installed is kept under another name.

    Raises:
        Failure: there is something at `target` that no `install` made, or nothing at `source`.
    """
    written = _digests(source)
    if not written:
        raise Failure(f"nothing at {source}: install {NAME} again")
    manifest = _manifest(target)
    if manifest is None and (target.is_symlink() or _foreign(target)):
        raise Failure(f"{target} was not made by `{NAME} clients install`: move it away, then install again")
    yield from _kept(target, manifest)
    if manifest and all(recorded == written for recorded in (manifest["files"], _digests(target, written))):
        yield Step(f"{target} up to date")
        return

    def write() -> None:
        for old in set(manifest["files"] if manifest else ()) - written.keys():
            (target / old).unlink(missing_ok=True)
        for file in written:
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / file, target / file)
        note = json.dumps({"version": osc_bridge.__version__, "files": written}, indent=1)
        write_atomically(target / MANIFEST, note.encode())

    yield Step(f"{len(written)} files copied to {target}", write)


def removed(target: Path) -> Iterator[Step]:
    """Steps that remove an installed folder; what was changed or added stays, changed files under another name."""
    manifest = _manifest(target)
    if manifest is None:
        return
    yield from _kept(target, manifest)

    def remove() -> None:
        for file in (*manifest["files"], MANIFEST):
            (target / file).unlink(missing_ok=True)
        for folder in sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True):
            _remove_if_empty(folder)
        _remove_if_empty(target)

    yield Step(f"{target} removed", remove)


def _kept(target: Path, manifest: dict | None) -> Iterator[Step]:
    for file, digest in manifest["files"].items() if manifest else ():
        path = target / file
        if path.exists() and _digest(path) != digest:
            names = (f"{path.name}{CHANGED}{number or ''}" for number in itertools.count())
            kept = next(path.with_name(name) for name in names if not path.with_name(name).exists())
            yield Step(f"your changes of {path} kept in {kept.name}", _renamer(path, kept))


def _renamer(path: Path, kept: Path) -> Callable[[], object]:
    return lambda: path.replace(kept)


def _foreign(target: Path) -> bool:
    """Is there anything but changed files that an `uninstall` left?"""
    return target.is_file() or any(path.is_file() and CHANGED not in path.name for path in target.rglob("*"))


def noted(path: Path, text: str) -> Iterator[Step]:
    """A step that makes `path` hold one line."""
    if not path.is_file() or path.read_text("utf-8", errors="replace") != f"{text}\n":
        yield Step(f"{text} noted in {path}", lambda: _replace(path, f"{text}\n".encode()))


def forgotten(path: Path) -> Iterator[Step]:
    """A step that removes what `noted` wrote."""
    if path.is_file():
        yield Step(f"{path} removed", path.unlink)


def with_block(init: Path, line: str) -> Iterator[Step]:
    """A step that puts a line, between marks, at the beginning of a Ruby file."""
    before = init.read_bytes() if init.exists() else None
    rest, is_new = _split(init, before) if before is not None else (b"", True)
    command = f": `{NAME} clients uninstall sonic-pi` takes this out again\n"
    block = BEGIN + (NEW if is_new else b"") + command.encode() + line.encode() + b"\n" + END
    if before == block + rest:
        yield Step(f"{init} has its block already")
    else:
        yield Step(f"marked block written at the beginning of {init}", lambda: _replace(init, block + rest))


def without_block(init: Path) -> Iterator[Step]:
    """A step that takes the block out: byte for byte what was there before, and no file where there was none."""
    before = init.read_bytes() if init.exists() else b""
    rest, is_new = _split(init, before)
    if rest == before:
        return
    if is_new and not rest:
        yield Step(f"{init} removed", init.unlink)
    else:
        yield Step(f"marked block taken out of {init}", lambda: _replace(init, rest))


def is_ours(init: Path) -> bool:
    """Is there no such file, or was it made with its block?"""
    return not init.exists() or _split(init, init.read_bytes())[1]


def _split(init: Path, content: bytes) -> tuple[bytes, bool]:
    """A file's content without the block, and whether the block says that the file was made with it.

    Raises:
        Failure: a beginning without an end.
    """
    head, begin, tail = content.partition(BEGIN)
    if not begin:
        return content, False
    block, end, rest = tail.partition(END)
    if not end:
        raise Failure(f"{init}: the line {END.decode().strip()!r} is missing; remove the block of {NAME} by hand")
    return head + rest, block.startswith(NEW)


def _replace(path: Path, content: bytes) -> None:
    """Writes a file all at once, through a link where it is one, with the mode it had."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    if path.exists():
        shutil.copymode(path, fresh)
    fresh.replace(path)


def evaluates(init: Path) -> bool:
    """Is the block in this file?"""
    return init.exists() and BEGIN in init.read_bytes()


def _digests(folder: Path, files: Iterable[str] | None = None) -> dict[str, str]:
    """Digests of files by their path in a folder; by default of those of a client that its program can use."""
    if files is None:
        found = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc"))
        files = sorted(str(path.relative_to(folder)) for path in found)
    return {file: _digest(folder / file) for file in files}


def _manifest(folder: Path) -> dict | None:
    """What an `install` noted, or None where it has not been.

    Raises:
        Failure: something else stands there.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        return {"version": str(manifest["version"]), "files": dict(manifest["files"])}
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError) as error:
        raise Failure(f"{folder / MANIFEST} is damaged: move {folder} away, then install again") from error


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()
