"""From events and controls to the model's token sequence: padding, interleaving, windows.

Source: Thickstun et al., arXiv 2306.08620, section 3. Times are absolute 10 ms steps here; `tokens` makes them
relative to a window's origin. Knows nothing of bars, steering or the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from amt.vocabulary import (
    ANTICIPATE,
    ANTICIPATION,
    AUTOREGRESS,
    CONTROL,
    DURATION,
    INSTRUMENTS,
    MAX_DURATION,
    MAX_TIME,
    NOTE,
    PITCHES,
    REST,
    REST_STEPS,
    TIME,
)


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """A note (or rest) on the model's time line.

    Attributes:
        time: onset in 10 ms steps.
        duration: in 10 ms steps, 0 … 999; 0 only for a rest.
        note: instrument · 128 + pitch, or REST_NOTE.
        control: given to the model ahead of time rather than made by it.
    """

    time: int
    duration: int
    note: int
    control: bool = False

    @property
    def is_rest(self) -> bool:
        return self.note == REST_NOTE


REST_NOTE = INSTRUMENTS * PITCHES


def rest(time: int) -> Event:
    """A rest at `time`: nothing sounds, time goes by."""
    return Event(time, 0, REST_NOTE)


def pad(events: Iterable[Event], start: int = 0) -> list[Event]:
    """Sorted events with a rest each REST_STEPS wherever a gap, from `start` on, is longer."""
    padded: list[Event] = []
    previous = start
    for event in events:
        while event.time > previous + REST_STEPS:
            previous += REST_STEPS
            padded.append(rest(previous))
        padded.append(event)
        previous = event.time
    return padded


def interleave(
    events: Sequence[Event], controls: Sequence[Event], start: int = 0, lineups: Sequence[Event] = ()
) -> list[Event]:
    """Padded events with each control right after the first event at or past its time less ANTICIPATION.

    Controls within ANTICIPATION of `start` stand first. Those of lineups (amt.lineup) stand right before the first
    event at or past their time, or at the end, behind other controls. All inputs are sorted by time. Controls that no
    event reaches (their time lies more than ANTICIPATION past the last one) are left out, as they would follow the end.
    """
    merged: list[Event] = []
    waiting = named = 0
    reached = start
    for event in events:
        while waiting < len(controls) and due(controls[waiting], reached):
            merged.append(controls[waiting])
            waiting += 1
        while named < len(lineups) and lineups[named].time <= event.time:
            merged.append(lineups[named])
            named += 1
        merged.append(event)
        reached = event.time
    while waiting < len(controls) and due(controls[waiting], reached):
        merged.append(controls[waiting])
        waiting += 1
    return merged + list(lineups[named:])


def due(control: Event, reached: int) -> bool:
    """Whether a control is to stand now, after an event at step `reached`."""
    return reached >= control.time - ANTICIPATION


def flag(controls: bool) -> int:
    """The first token of a window."""
    return ANTICIPATE if controls else AUTOREGRESS


def triplet(event: Event, origin: int) -> tuple[int, int, int]:
    """The three tokens of an event, its time relative to `origin`.

    Raises:
        ValueError: a time or duration that has no token.
    """
    time = event.time - origin
    if not 0 <= time < MAX_TIME:
        raise ValueError(f"an event {time} steps from its window's start has no token; the last is {MAX_TIME - 1}")
    if not 0 <= event.duration < MAX_DURATION:
        raise ValueError(f"a duration of {event.duration} steps has no token; the longest is {MAX_DURATION - 1}")
    offset = CONTROL if event.control else 0
    note = REST if event.is_rest else NOTE + event.note + offset
    return TIME + time + offset, DURATION + event.duration + offset, note


def tokens(events: Iterable[Event], origin: int, controls: bool) -> list[int]:
    """A window: the flag, then three tokens for each event in the order given."""
    sequence = [flag(controls)]
    for event in events:
        sequence.extend(triplet(event, origin))
    return sequence
