from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from amt import weights
from amt.weights.names import EMBEDDING
from tests.training.pieces import band, eighths
from training import checkpoint
from training.batches import Batches, validation
from training.config import ConfigError, Configuration, from_fields
from training.evaluate import losses, mean
from training.network import BLOCKS, Model
from training.trainer import Report, Trainer, rate_at

PIECES = [band("freedoom", seed=1), eighths("gmd")]


def configuration(steps: int = 4) -> Configuration:
    return from_fields(
        {
            "network": {"layers": 2, "width": 32, "heads": 4, "dropout": 0.0},
            "schedule": {"steps": steps, "batch": 1, "rate": 1e-2, "warmup": 2, "evaluate_every": 4, "evaluated": 1},
            "shares": {"freedoom": 1, "gmd": 1},
            "tasks": {"click": 1},
        }
    )


def trained(trainer: Trainer, steps: int | None = None) -> list[Report]:
    """Runs it, as long as there are batches or for so many steps."""
    reports: list[Report] = []
    batches = iter(Batches(trainer.configuration, PIECES, first=trainer.step))
    limited = batches if steps is None else (next(batches) for _ in range(steps))
    trainer.run(limited, validation(PIECES, 1), reports.append)
    return reports


def test_a_run_learns_and_reports() -> None:
    reports = trained(Trainer(configuration(steps=8)))
    assert [report.step for report in reports] == [4, 8]
    first, last = reports
    knows_nothing = sum(math.log(end - start) for start, end in BLOCKS)
    assert last.training < first.training - 0.3
    for group, nats in last.groups.items():
        assert nats.shape == (3,)
        assert nats.sum() < knows_nothing - 3
        assert f"{group} {nats.sum():.3f}" in str(last)


def test_an_interrupted_run_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = Trainer(configuration())
    trained(whole)
    first = Trainer(configuration())
    trained(first, steps=2)
    first.save(tmp_path / "state.pt")
    second = Trainer(configuration())
    second.resume(tmp_path / "state.pt")
    assert second.step == 2
    trained(second)
    for name, tensor in whole.model.state_dict().items():
        torch.testing.assert_close(second.model.state_dict()[name], tensor, rtol=0, atol=1e-6, msg=name)
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


def test_a_run_begins_with_the_weights_of_another(tmp_path: Path) -> None:
    first, second = Trainer(configuration()), Trainer(configuration())
    with torch.no_grad():
        first.model.positions += 1
    first.save(tmp_path / "state.pt")
    second.start(tmp_path / "state.pt")
    assert second.step == 0
    torch.testing.assert_close(second.model.positions, first.model.positions)
    larger = replace(configuration(), network=replace(configuration().network, layers=3))
    with pytest.raises(ConfigError, match="another size"):
        Trainer(larger).start(tmp_path / "state.pt")


def test_what_is_exported_is_the_model(tmp_path: Path) -> None:
    trainer = Trainer(configuration())
    trained(trainer)
    windows = next(iter(validation(PIECES, 2).values()))
    checkpoint.write_model(trainer.model, tmp_path / "model", "q0f32")
    found = trainer.evaluate({"all": windows})["all"]
    sums = losses(tmp_path / "model", windows)
    np.testing.assert_allclose(sums[:, :3].sum(axis=0) / sums[:, 3].sum(), found, rtol=1e-4)
    rows = weights.read(tmp_path / "model").matrix(EMBEDDING)
    np.testing.assert_allclose(rows, trainer.model.embedding().detach().numpy(), atol=1e-6)
    checkpoint.write_model(trainer.model, tmp_path / "small")
    assert weights.read(tmp_path / "small").compact, "control rows are event rows and an offset: each is kept once"
    assert mean(losses(tmp_path / "small", windows)) == pytest.approx(mean(sums), rel=0.02)


def test_hidden_events_are_whole_triplets() -> None:
    sizes = replace(configuration().network, token_dropout=0.5)
    model = Model(sizes)
    hidden = model._hide(torch.ones(8, 1_023, 4))[..., 0]
    assert (hidden[:, 0] == 1).all()
    events = torch.cat([hidden[:, 1:], hidden[:, -1:]], dim=1)[:, :1_020].reshape(8, -1, 3)
    assert (events == events[..., :1]).all()
    assert 0.4 < float(events.mean()) < 0.6


def test_the_rate_climbs_stays_and_falls() -> None:
    schedule = configuration(steps=100).schedule
    rates = [rate_at(step, replace(schedule, warmup=10, decay=0.4)) / schedule.rate for step in (0, 9, 60, 80, 99)]
    assert rates == pytest.approx([0.1, 1, 1, 0.5, 1 / 40])


def test_a_file_that_is_no_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_text("nothing")
    with pytest.raises(ConfigError, match=r"state.pt: is no state"):
        Trainer(configuration()).resume(tmp_path / "state.pt")


def test_a_run_begins_with_a_model_folder_s_weights(tmp_path: Path) -> None:
    trainer = Trainer(configuration())
    trained(trainer)
    checkpoint.write_model(trainer.model, tmp_path / "model", "q8f32_1")
    other = Trainer(configuration())
    other.start(tmp_path / "model")
    source = weights.read(tmp_path / "model")
    np.testing.assert_allclose(other.model.embedding().detach(), source.matrix(EMBEDDING), atol=1e-6)
    before, after = (each.evaluate(validation(PIECES, 1)) for each in (trainer, other))
    for group, nats in before.items():
        assert after[group].sum() == pytest.approx(nats.sum(), abs=0.02)


def test_a_model_folder_of_another_size_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(configuration())
    checkpoint.write_model(trainer.model, tmp_path / "model", "q8f32_1")
    network = replace(configuration().network, layers=1)
    with pytest.raises(ConfigError, match="another size"):
        Trainer(replace(configuration(), network=network)).start(tmp_path / "model")


def test_what_is_trained_rounded_loses_nothing_when_stored(tmp_path: Path) -> None:
    network = replace(configuration().network, rounded=True, lineups=True)
    trainer = Trainer(replace(configuration(steps=8), network=network))
    first, last = trained(trainer)
    assert last.training < first.training
    checkpoint.write_model(trainer.model, tmp_path / "model")
    assert weights.read(tmp_path / "model").config.lineups
    windows = validation(PIECES, 1)
    for group, nats in last.groups.items():
        assert mean(losses(tmp_path / "model", windows[group])) == pytest.approx(nats.sum(), abs=0.01)
