"""What music is asked for: tempi, meters, ensembles, densities and sessions of each. Composes and measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amt.steering import Steering
from patterns.meter import TICKS_PER_BEAT, Meter

TEMPI = (60, 96, 120, 140, 174)
METERS = (Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(5, 4), Meter(7, 8), Meter(12, 8))
DENSITIES = (0.2, 0.5, 0.8)
OWN_DENSITY = 0.5
"""What plays where no density is set."""
TEMPO, METER = 120, Meter(4, 4)
"""Of the lines that compare ensembles, and one of the two wherever the other changes."""
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
        kind: "meter": one tempo, meter and density, ensembles of 1 to 6 in turn, every other session in a key and a
            range; "band": one size of ensemble and one density, nothing else set; "hour": one size, long sessions.
        size: instruments, or None where they differ.
        density: what is asked for.
    """

    kind: str
    tempo: int
    meter: Meter
    size: int | None
    density: float
    plans: tuple[Plan, ...]

    @property
    def is_compared(self) -> bool:
        """Whether it is what real pieces, and other models, are compared with: one size of ensemble, no density set."""
        return self.kind == "band" and self.density == OWN_DENSITY

    @property
    def label(self) -> str:
        density = "" if self.density == OWN_DENSITY else f", density {self.density}"
        if self.kind == "meter":
            return f"{self.tempo} bpm, {self.meter}{density}"
        return f"{self.size} instrument{'s' if self.size != 1 else ''}{density}"


def matrix(sessions: int, bars: int) -> list[Line]:
    """All lines: every tempo in every meter; every tempo and every meter in every density; every size of ensemble in
    every density."""
    others = [density for density in DENSITIES if density != OWN_DENSITY]
    around = [(tempo, METER) for tempo in TEMPI] + [(TEMPO, meter) for meter in METERS if meter != METER]
    return [
        *(meter_line(tempo, meter, sessions, bars) for tempo in TEMPI for meter in METERS),
        *(meter_line(*each, sessions, bars, density) for density in others for each in around),
        *(band_line(size, density, sessions, bars) for density in DENSITIES for size in BANDS),
    ]


def hours(sessions: int, minutes: int = 60) -> list[Line]:
    """So many sessions of each size of ensemble, of the same length each."""
    bars = minutes * TEMPO * TICKS_PER_BEAT // METER.bar_ticks
    return [_line("hour", size, OWN_DENSITY, sessions, bars) for size in BANDS]


def meter_line(tempo: int, meter: Meter, sessions: int, bars: int, density: float = OWN_DENSITY) -> Line:
    """Ensembles of 1 to 6 in turn; within 24 sessions each of them plays with a key and without."""
    plans = []
    for number in range(sessions):
        size = 1 + number % len(BANDS)
        band = BANDS[size][number // len(BANDS) % len(BANDS[size])]
        steering = _steering(band, number, tempo, meter, density)
        if (number + number // len(BANDS) + number // (2 * len(BANDS))) % 2:
            steering = steering.set("key", *KEYS[number % len(KEYS)]).set("range", band[0], *RANGE)
        plans.append(Plan(steering, band, bars))
    return Line("meter", tempo, meter, None, density, tuple(plans))


def band_line(size: int, density: float, sessions: int, bars: int) -> Line:
    """The ensembles of one size in turn."""
    return _line("band", size, density, sessions, bars)


def _line(kind: str, size: int, density: float, sessions: int, bars: int) -> Line:
    bands = [BANDS[size][number % len(BANDS[size])] for number in range(sessions)]
    plans = [Plan(_steering(band, number, TEMPO, METER, density), band, bars) for number, band in enumerate(bands)]
    return Line(kind, TEMPO, METER, size, density, tuple(plans))


def settings(sessions: int) -> list[tuple[int, int, Meter]]:
    """So many seeds, tempi and meters, these in turn: thirty in a row are all different."""
    return [(seed, TEMPI[seed % len(TEMPI)], METERS[seed % len(METERS)]) for seed in range(sessions)]


def _steering(band: Sequence[str], seed: int, tempo: int, meter: Meter, density: float) -> Steering:
    steering = Steering().set("tempo", tempo).set("meter", meter.numerator, meter.denominator)
    steering = steering.set("instruments", *band).set("seed", seed)
    return steering if density == OWN_DENSITY else steering.set("density", density)
