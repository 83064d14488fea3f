from pathlib import Path

import pytest

from amt.composer import Composer
from amt.decoder import Decoder
from benchmarks.musical import sessions, steered
from benchmarks.musical.lines import Line, Plan, band_line
from benchmarks.musical.sessions import Store, compose
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import Note


def some_line(count: int = 2, bars: int = 2) -> Line:
    return band_line(3, 0.5, count, bars)


def alone(composer: Composer, plan: Plan) -> list[Bar]:
    passage, bars = composer.begin(), []
    for _ in range(plan.bars):
        bar, passage = composer.compose(passage, plan.steering)
        bars.append(bar)
    return bars


def test_sessions_in_lockstep_are_as_each_is_alone(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LANES", 2)
    composer, line = Composer(decoder), some_line(count=4)
    composed: list[None] = []
    music = compose(composer, line.plans, lambda: composed.append(None))
    assert len(composed) == 8
    assert music == [alone(composer, plan) for plan in line.plans], "more sessions than lanes keep their order"


def test_composed_lines_come_back_as_they_were(tmp_path: Path) -> None:
    line = some_line()
    music = [
        [Bar(0, Meter(4, 4), (Note(0, 33, 40, 120, 77),)), Bar(1, Meter(4, 4))],
        [Bar(0, Meter(4, 4)), Bar(1, Meter(4, 4), (Note(480, 128, 36, 60, 127), Note(0, 0, 60, 4800, 1)))],
    ]
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"one")
    Store(tmp_path / "kept", tmp_path / "model").save(line, music)
    store = Store(tmp_path / "kept", tmp_path / "model")
    assert store.has(line)
    assert store.load(line) == music
    assert not store.has(some_line(bars=3))
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".npz"], "nothing half-written"
    (tmp_path / "model" / "weights.bin").write_bytes(b"two")
    assert not Store(tmp_path / "kept", tmp_path / "model").has(line), "another model's music is not this one's"


def test_a_change_is_in_force_and_a_seed_repeats(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steered, "AHEAD", 2)
    composer = Composer(decoder)
    (changed,) = steered.change(composer, "key", [(4, 96, Meter(3, 4))])
    assert changed.in_force
    assert changed.before > 0
    assert changed.after > 0
    assert steered.repeated(composer, [1, 2], bars=3) == [True, True]
