"""What music is asked for: tempi, meters, ensembles, densities and sessions of each. Composes and measures nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from amt.steering import Steering, SteeringError
from patterns.meter import Meter

TEMPI = (60, 96, 120, 140, 174)
METERS = (Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(5, 4), Meter(7, 8), Meter(12, 8))
DENSITIES = (0.2, 0.5, 0.8)
OWN_DENSITY = 0.5
"""What plays where no density is set."""
TEMPO, METER = 120, Meter(4, 4)
"""Of the lines that compare ensembles and densities, unless others are asked for."""
BANDS: dict[int, tuple[tuple[str, ...], ...]] = {
    1: (("piano",), ("guitar",)),
    2: (("piano", "bass"), ("lead", "drums")),
    3: (("piano", "bass", "drums"), ("guitar", "bass", "drums")),
    4: (("organ", "guitar", "bass", "drums"), ("piano", "string ensemble", "bass", "drums")),
    5: (
        ("piano", "lead", "string ensemble", "bass", "drums"),
        ("piano", "string ensemble", "brass", "bass", "drums"),
    ),
    6: (
        ("piano", "lead", "string ensemble", "brass", "bass", "drums"),
        ("piano", "lead", "strings", "string ensemble", "bass", "drums"),
    ),
}
"""Two ensembles of each size, of families that play together in real pieces. The first instrument of each has pitches:
some sessions keep it within RANGE."""
KEYS = (("c", "major"), ("d", "dorian"), ("f#", "minor"), ("eb", "minor_pentatonic"), ("a", "harmonic_minor"))
RANGE = (55, 79)


@dataclass(frozen=True)
class Plan:
    """One session: what it is asked for, its ensemble by name, the number of its bars."""

    steering: Steering
    band: tuple[str, ...]
    bars: int


@dataclass(frozen=True)
class Line:
    """Sessions that are measured together.

    Attributes:
        kind: "meter": one tempo and meter, ensembles of 1 to 6 in turn, every other session in a key and a range;
            "band": one size of ensemble and one density, nothing else set.
        size: instruments, or None where they differ.
        density: what is asked for, or None where it cannot be set.
    """

    kind: str
    tempo: int
    meter: Meter
    size: int | None
    density: float | None
    plans: tuple[Plan, ...]

    @property
    def label(self) -> str:
        if self.kind == "meter":
            return f"{self.tempo} bpm, {self.meter}"
        density = "" if self.density in (None, OWN_DENSITY) else f", density {self.density}"
        return f"{self.size} instrument{'s' if self.size != 1 else ''}{density}"


def matrix(
    sessions: int,
    bars: int,
    tempi: Sequence[int] = TEMPI,
    meters: Sequence[Meter] = METERS,
    sizes: Sequence[int] = tuple(BANDS),
    densities: Sequence[float] = DENSITIES,
    tempo: int = TEMPO,
    meter: Meter = METER,
) -> list[Line]:
    """All lines, those that compare ensembles and densities at `tempo` and in `meter`.

    Densities other than the model's own are left out as long as the key cannot be set.
    """
    lines = [_meter_line(each, one, sessions, bars) for each in tempi for one in meters]
    possible = densities if has_density() else [density for density in densities if density == OWN_DENSITY]
    bands = [_band_line(size, density, sessions, bars, tempo, meter) for density in possible for size in sizes]
    return [*lines, *bands]


def has_density() -> bool:
    """Whether this version's steering knows a density."""
    try:
        Steering().set("density", OWN_DENSITY)
    except SteeringError as error:
        if error.code != "not-yet":
            raise
        return False
    return True


def _meter_line(tempo: int, meter: Meter, sessions: int, bars: int) -> Line:
    plans = []
    for number in range(sessions):
        size = 1 + number % len(BANDS)
        band = BANDS[size][number // len(BANDS) % len(BANDS[size])]
        steering = _steering(band, number, tempo, meter)
        # so that within 24 sessions each ensemble plays with a key and without
        if (number + number // len(BANDS) + number // (2 * len(BANDS))) % 2:
            steering = steering.set("key", *KEYS[number % len(KEYS)]).set("range", band[0], *RANGE)
        plans.append(Plan(steering, band, bars))
    return Line("meter", tempo, meter, None, None, tuple(plans))


def _band_line(size: int, density: float, sessions: int, bars: int, tempo: int, meter: Meter) -> Line:
    plans = []
    for band, number in _in_turn(BANDS[size], sessions):
        steering = _steering(band, number, tempo, meter)
        if density != OWN_DENSITY:
            steering = steering.set("density", density)
        plans.append(Plan(steering, band, bars))
    return Line("band", tempo, meter, size, density, tuple(plans))


def _in_turn(bands: Sequence[tuple[str, ...]], sessions: int) -> Iterator[tuple[tuple[str, ...], int]]:
    for number in range(sessions):
        yield bands[number % len(bands)], number


def _steering(band: Sequence[str], seed: int, tempo: int, meter: Meter) -> Steering:
    steering = Steering().set("tempo", tempo).set("meter", meter.numerator, meter.denominator)
    return steering.set("instruments", *band).set("seed", seed)
