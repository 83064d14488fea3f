"""One note of a bar."""

from __future__ import annotations

from dataclasses import dataclass

DRUMS = 128
"""The instrument number of the drum kit; 0–127 are General MIDI programs."""


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A note; sorts by onset, then instrument, then pitch.

    Attributes:
        onset: ticks from the bar's start (480 per beat), 0 or more.
        instrument: 0–127 General MIDI program, 128 the drum kit.
        pitch: MIDI note number 0–127; for the drum kit, the General MIDI percussion key.
        duration: ticks, 1 or more; may ring past the bar's end.
        velocity: 1–127.

    Raises:
        ValueError: a field out of its range.
    """

    onset: int
    instrument: int
    pitch: int
    duration: int
    velocity: int = 90

    def __post_init__(self) -> None:
        if self.onset < 0:
            raise ValueError(f"a note's onset is 0 ticks or more, not {self.onset}")
        if not 0 <= self.instrument <= DRUMS:
            raise ValueError(f"an instrument is a program 0 to 127 or {DRUMS} for drums, not {self.instrument}")
        if not 0 <= self.pitch <= 127:
            raise ValueError(f"a pitch is 0 to 127, not {self.pitch}")
        if self.duration < 1:
            raise ValueError(f"a note's duration is 1 tick or more, not {self.duration}")
        if not 1 <= self.velocity <= 127:
            raise ValueError(f"a velocity is 1 to 127, not {self.velocity}")

    @property
    def is_drum(self) -> bool:
        return self.instrument == DRUMS
