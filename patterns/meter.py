"""Meters: how many ticks a bar has and where its beats are."""

from __future__ import annotations

from dataclasses import dataclass

TICKS_PER_BEAT = 480
"""Ticks in one beat. A beat is a quarter note, whatever the meter, as in a MIDI file and on a TempoClock."""


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature.

    Raises:
        ValueError: numerator outside 1–32, or a denominator that is not 1, 2, 4, 8, 16 or 32.
    """

    numerator: int = 4
    denominator: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.numerator <= 32:
            raise ValueError(f"a meter's numerator is 1 to 32, not {self.numerator}")
        if self.denominator not in (1, 2, 4, 8, 16, 32):
            raise ValueError(f"a meter's denominator is 1, 2, 4, 8, 16 or 32, not {self.denominator}")

    @property
    def bar_ticks(self) -> int:
        """Length of a bar in ticks."""
        return TICKS_PER_BEAT * 4 * self.numerator // self.denominator

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"
