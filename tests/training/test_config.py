from __future__ import annotations

from pathlib import Path

import pytest

from training.config import ConfigError, from_fields, read

CONFIGS = Path(__file__).parents[2] / "training" / "configs"
LEAST = {"schedule": {"steps": 100, "decay": 0.5}, "shares": {"gmd": 1}, "tasks": {"click": 1}}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_configuration_here_can_be_read(path: Path) -> None:
    assert read(path).schedule.steps > 0


def test_pairs_hold_until_the_rate_falls_then_change() -> None:
    configuration = from_fields({**LEAST, "shares": {"gmd": [4, 8], "mutopia": 2}})
    assert configuration.shares == {"gmd": (4, 8), "mutopia": (2, 2)}
    steps = (0, 50, 75, 100)
    assert [configuration.between(step, configuration.shares["gmd"]) for step in steps] == [4, 4, 6, 8]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shedule": {}}, "no table 'shedule'; there are network, schedule"),
        ({"schedule": {"steps": 1, "rates": 1}}, "no field of schedule 'rates'; there are steps"),
        ({"schedule": {}}, "steps"),
        ({"schedule": {"steps": 0}}, "at least 1"),
        ({"schedule": {"steps": 1.5}}, "a whole number"),
        ({"network": {"dropout": -1}}, "network.dropout: a number of at least 0"),
        ({"variations": {"transposition": 1}}, "no variation 'transposition'; there are transpose"),
        ({"tasks": {"clicks": 1}}, "no task 'clicks'; there are plain"),
        ({"tasks": {}}, "at least one of plain"),
        ({"shares": {}}, "at least one source"),
        ({"shares": {"gmd": [1, 2, 3]}}, "shares.gmd: one number, or two"),
        ({"shares": {"gmd": "much"}}, "shares.gmd: a number"),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(changed: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        from_fields({**LEAST, **changed})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.toml: cannot be read"):
        read(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[network")
    with pytest.raises(ConfigError, match=r"bad.toml: is not TOML"):
        read(tmp_path / "bad.toml")
