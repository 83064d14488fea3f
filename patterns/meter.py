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

    @property
    def pulse_ticks(self) -> int:
        """From one click of a metronome to the next: three eighths in compound meters (6/8, 9/8, 12/8), a quarter
        where quarters fill the bar, else an eighth (3/8, 5/8, 7/8)."""
        if self.denominator >= 8 and self.numerator > 3 and self.numerator % 3 == 0:
            return 3 * TICKS_PER_BEAT * 4 // self.denominator
        return TICKS_PER_BEAT if self.bar_ticks % TICKS_PER_BEAT == 0 else TICKS_PER_BEAT // 2

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"
