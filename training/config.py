"""A training run as a file: sizes, schedule, what is drawn how often, how it is varied. Knows no PyTorch.

The files are TOML (training/configs/); a name that does not exist, or a value out of range, is an error that says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from training import toml
from training.excerpt import VARIATIONS
from training.tasks import TASKS


class ConfigError(Exception):
    """A configuration that cannot be used; one line that names the file, the field and what is allowed."""


@dataclass(frozen=True)
class Network:
    """Sizes of the GPT-2, and the share of activations dropped while training."""

    layers: int = 8
    width: int = 512
    heads: int = 8
    dropout: float = 0.1
    token_dropout: float = 0.0
    """Share of the events whose three tokens the model cannot read, only predict."""
    rounded: bool = False
    """Whether the blocks' matrices are those of 4 bits already while they are trained."""
    lineups: bool = False
    """Whether it is to be told who plays when it is served: it should have been trained on the task `band`."""


@dataclass(frozen=True)
class Schedule:
    """Steps of so many windows; the rate climbs for `warmup` steps, stays, and falls to nothing over the last part."""

    steps: int
    batch: int = 128
    rate: float = 1e-3
    warmup: int = 300
    decay: float = 0.4
    """Part of the steps over which the rate falls."""
    weight_decay: float = 0.1
    clip: float = 1.0
    seed: int = 1
    evaluate_every: int = 500
    evaluated: int = 64
    """Windows of each group that are measured each time."""


@dataclass(frozen=True)
class Configuration:
    """One run.

    shares: source, or a pattern such as made_* → share of the draws; a source belongs to the first that fits it, and
    is not drawn where none does. variations: VARIATIONS' name → how probable it is for one excerpt. tasks: TASKS' name
    → share. Shares and variations are pairs: until the rate falls, and at the run's end, in between in proportion.
    """

    network: Network
    schedule: Schedule
    shares: Mapping[str, tuple[float, float]]
    variations: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    tasks: Mapping[str, float] = field(default_factory=dict)

    def between(self, step: int, pair: tuple[float, float]) -> float:
        """What holds at a step of a share or a variation."""
        falling = self.schedule.steps * self.schedule.decay
        progress = max(0.0, 1 - (self.schedule.steps - step) / falling) if falling else 0.0
        return pair[0] + (pair[1] - pair[0]) * progress


def read(path: Path) -> Configuration:
    """Raises ConfigError for what is missing, unknown or out of range."""
    try:
        fields = toml.read(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except toml.DecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    try:
        return from_fields(fields)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def from_fields(fields: Mapping[str, Any]) -> Configuration:
    """A configuration of TOML's tables. Raises ConfigError."""
    _known(fields, ("network", "schedule", "shares", "variations", "tasks"), "table")
    configuration = Configuration(
        network=_record(Network, fields.get("network", {}), "network"),
        schedule=_record(Schedule, fields.get("schedule", {}), "schedule"),
        shares={name: _pair(f"shares.{name}", value) for name, value in fields.get("shares", {}).items()},
        variations={name: _pair(f"variations.{name}", value) for name, value in fields.get("variations", {}).items()},
        tasks={name: _number(f"tasks.{name}", value) for name, value in fields.get("tasks", {}).items()},
    )
    _known(configuration.variations, tuple(VARIATIONS), "variation")
    _known(configuration.tasks, TASKS, "task")
    if not any(configuration.tasks.values()):
        raise ConfigError(f"tasks: give at least one of {', '.join(TASKS)} a share")
    if not any(end or start for start, end in configuration.shares.values()):
        raise ConfigError("shares: give at least one source a share")
    if configuration.schedule.steps < 1:
        raise ConfigError("schedule.steps: at least 1")
    return configuration


Record = TypeVar("Record", Network, Schedule)


def _record(kind: type[Record], fields: Mapping[str, Any], table: str) -> Record:
    types = {entry.name: type(entry.default) for entry in dataclasses.fields(kind)}
    _known(fields, tuple(types), f"field of {table}")
    for name, value in fields.items():
        if types[name] is float:
            _number(f"{table}.{name}", value)
        elif types[name] is bool:
            if not isinstance(value, bool):
                raise ConfigError(f"{table}.{name}: true or false, not {value!r}")
        elif not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ConfigError(f"{table}.{name}: a whole number, not {value!r}")
    try:
        return kind(**fields)
    except TypeError as error:
        raise ConfigError(f"{table}: {str(error).split(') ')[-1]}") from error


def _known(names: Mapping[str, Any], allowed: tuple[str, ...], what: str) -> None:
    for name in names:
        if name not in allowed:
            raise ConfigError(f"no {what} {name!r}; there are {', '.join(allowed)}")


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ConfigError(f"{name}: a number of at least 0, not {value!r}")
    return float(value)


def _pair(name: str, value: object) -> tuple[float, float]:
    pair = value if isinstance(value, list) else [value, value]
    if len(pair) != 2:
        raise ConfigError(f"{name}: one number, or two: until the rate falls, and at the end")
    return _number(name, pair[0]), _number(name, pair[1])
