"""tensor-cache.json, the list of shards and records that MLC and TVM keep beside the weights. Reads no weights."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from amt.config import ModelError, read_json

NAMES = ("tensor-cache.json", "ndarray-cache.json")
DAMAGED = "fetch or import the model again"


@dataclass(frozen=True)
class Record:
    """One tensor in a shard; format is `raw`, or `f32-to-bf16` for float32 stored as its upper halves."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    format: str
    nbytes: int
    byteOffset: int  # noqa: N815 - the field's name in the file


@dataclass(frozen=True)
class Shard:
    """One file of raw bytes."""

    dataPath: str  # noqa: N815 - the field's name in the file
    nbytes: int
    md5sum: str | None
    records: tuple[Record, ...]
    format: str = "raw-shard"


def find(folder: Path) -> Path:
    """The manifest in a folder, under its newer or its older name."""
    for name in NAMES:
        if (folder / name).is_file():
            return folder / name
    if (folder / "config.json").is_file():
        raise ModelError(
            f"{folder}: a Hugging Face checkpoint: import it first with: midinfinite-osc pull "
            f"{shlex.quote(str(folder))} --to ./model"
        )
    raise ModelError(f"{folder / NAMES[0]}: no such file; is this the folder of a model?")


def parse(path: Path) -> list[Shard]:
    """Shards of a manifest. Raises ModelError where a field is missing or does not fit."""
    fields = read_json(path)
    try:
        return [_shard(shard) for shard in fields["records"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: not a tensor cache ({error!r}); {DAMAGED}") from error


def render(shards: Sequence[Shard]) -> dict[str, Any]:
    """The JSON object of a manifest, with the metadata that MLC writes."""
    stored = sum(record.nbytes for shard in shards for record in shard.records)
    metadata = {"ParamSize": sum(len(shard.records) for shard in shards), "ParamBytes": float(stored)}
    return {"metadata": metadata, "records": [asdict(shard) for shard in shards]}


def _shard(fields: Mapping[str, Any]) -> Shard:
    name = _text(fields["dataPath"])
    if Path(name).name != name:
        raise ValueError(f"the shard {name!r} does not lie in the folder")
    if fields["format"] != "raw-shard":
        raise ValueError(f"the format {fields['format']!r} of {name} is unknown")
    records = tuple(_record(record) for record in fields["records"])
    shard = Shard(name, _count(fields["nbytes"]), fields.get("md5sum"), records)
    for record in records:
        if record.byteOffset + record.nbytes > shard.nbytes:
            raise ValueError(f"{record.name} does not fit into {name}")
    return shard


def _record(fields: Mapping[str, Any]) -> Record:
    if fields["format"] not in ("raw", "f32-to-bf16"):
        raise ValueError(f"the format {fields['format']!r} of {fields['name']} is unknown")
    shape = tuple(_count(length) for length in fields["shape"])
    dtype, form = _text(fields["dtype"]), fields["format"]
    return Record(_text(fields["name"]), shape, dtype, form, _count(fields["nbytes"]), _count(fields["byteOffset"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{value!r} is not a count")
    return value
