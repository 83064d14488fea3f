from benchmarks.musical import lines
from patterns.instruments import choose
from patterns.meter import Meter


def test_every_tempo_has_every_meter_and_every_size_its_lines() -> None:
    matrix = lines.matrix(sessions=12, bars=16)
    own = [(line.tempo, line.meter) for line in matrix if line.kind == "meter" and line.density == lines.OWN_DENSITY]
    assert sorted(own, key=str) == sorted(((t, m) for t in lines.TEMPI for m in lines.METERS), key=str)
    bands = [(line.size, line.density) for line in matrix if line.kind == "band"]
    assert bands == [(size, density) for density in lines.DENSITIES for size in lines.BANDS]
    assert all(len(line.plans) == 12 for line in matrix)
    assert len({(line.kind, line.label) for line in matrix}) == len(matrix)


def test_every_tempo_and_every_meter_has_every_density() -> None:
    matrix = [line for line in lines.matrix(2, 5) if line.kind == "meter"]
    for density in lines.DENSITIES:
        found = {(line.tempo, line.meter) for line in matrix if line.density == density}
        assert {(tempo, lines.METER) for tempo in lines.TEMPI} <= found
        assert {(lines.TEMPO, meter) for meter in lines.METERS} <= found


def test_a_meter_line_has_every_ensemble_with_and_without_a_key() -> None:
    line = lines.meter_line(96, Meter(5, 4), 24, 4)
    seen = {(plan.band, plan.steering.scale is not None) for plan in line.plans}
    assert seen >= {(band, keyed) for several in lines.BANDS.values() for band in several for keyed in (True, False)}
    for plan in line.plans:
        assert (plan.steering.tempo, plan.steering.meter) == (96, Meter(5, 4))
        assert plan.steering.instruments == tuple(map(choose, plan.band))
        assert bool(plan.steering.ranges) == (plan.steering.scale is not None)


def test_densities_are_asked_for_of_the_same_sessions() -> None:
    sparse, own, dense = (lines.meter_line(60, Meter(7, 8), 6, 4, density) for density in lines.DENSITIES)
    assert {plan.steering.density for plan in sparse.plans} == {0.2}
    for one, other, third in zip(sparse.plans, own.plans, dense.plans, strict=True):
        assert one.steering.set("density", 0.5) == other.steering == third.steering.set("density", 0.5)


def test_ensembles_have_as_many_instruments_as_they_are_said_to() -> None:
    assert all(len(set(band)) == size for size, several in lines.BANDS.items() for band in several)


def test_settings_have_every_tempo_and_every_meter() -> None:
    settings = lines.settings(64)
    assert [seed for seed, _, _ in settings] == list(range(64))
    assert len({(tempo, meter) for _, tempo, meter in settings}) == len(lines.TEMPI) * len(lines.METERS)


def test_an_hour_is_an_hour() -> None:
    assert {plan.bars for line in lines.hours(2) for plan in line.plans} == {60 * 120 / 4}
    assert [len(line.plans) for line in lines.hours(2)] == [2] * 6
