import pytest

from amt.steering import Steering, SteeringError
from benchmarks.musical import lines
from patterns.instruments import choose
from patterns.meter import Meter


def test_every_tempo_has_every_meter_and_every_size_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "has_density", lambda: False)
    matrix = lines.matrix(sessions=12, bars=16)
    meters = [(line.tempo, line.meter) for line in matrix if line.kind == "meter"]
    assert sorted(meters, key=str) == sorted(((t, m) for t in lines.TEMPI for m in lines.METERS), key=str)
    assert [line.size for line in matrix if line.kind == "band"] == [1, 2, 3, 4, 5, 6]
    assert all(len(line.plans) == 12 for line in matrix)
    assert len({line.label for line in matrix}) == len(matrix)


def test_a_meter_line_has_every_ensemble_with_and_without_a_key() -> None:
    line = lines.matrix(24, 4, [96], [Meter(5, 4)], [], [])[0]
    seen = {(plan.band, plan.steering.scale is not None) for plan in line.plans}
    assert seen >= {(band, keyed) for several in lines.BANDS.values() for band in several for keyed in (True, False)}
    for plan in line.plans:
        assert (plan.steering.tempo, plan.steering.meter) == (96, Meter(5, 4))
        assert plan.steering.instruments == tuple(map(choose, plan.band))
        assert bool(plan.steering.ranges) == (plan.steering.scale is not None)


def test_ensembles_play_at_the_tempo_and_in_the_meter_asked_for() -> None:
    for line in lines.matrix(2, 4, [], [], tempo=60, meter=Meter(7, 8)):
        assert (line.tempo, line.meter) == (60, Meter(7, 8))
        assert {(plan.steering.tempo, plan.steering.meter) for plan in line.plans} == {(60, Meter(7, 8))}


def test_ensembles_have_as_many_instruments_as_they_are_said_to() -> None:
    assert all(len(set(band)) == size for size, several in lines.BANDS.items() for band in several)


def test_density_is_left_out_as_long_as_it_cannot_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Steering, key: str, *_values: object) -> Steering:
        raise SteeringError("not-yet", f"{key} comes later")

    monkeypatch.setattr(lines.Steering, "set", refuse)
    assert not lines.has_density()


def test_density_lines_appear_once_it_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    known = Steering.set

    def follow(steering: Steering, key: str, *values: int | float | str) -> Steering:
        if key == "density":
            asked.append(values)
            return steering
        return known(steering, key, *values)

    monkeypatch.setattr(lines.Steering, "set", follow)
    matrix = lines.matrix(2, 4, [], [])
    assert [(line.size, line.density) for line in matrix] == [
        (size, density) for density in lines.DENSITIES for size in lines.BANDS
    ]
    assert asked == [(0.5,)] + 12 * [(0.2,)] + 12 * [(0.8,)], "the model's own is not set"
    assert "density 0.2" in matrix[0].label
