"""Which MIDI channel each note is written on, so that ordinary players play it and nothing is lost on reading it back.

A channel plays one program at a time and cannot tell two sounding notes of one pitch apart. So a note goes to a
channel that has its program and is not sounding its pitch, else to one that is silent, after a program change.
Fifteen channels shared in time this way carry any number of instruments in all players. Only where more than
fifteen are needed at one moment does a further MIDI port open; players that know no ports play it on the same
channel numbers of the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from patterns.note import DRUMS

DRUM_CHANNEL = 9
"""Channel 10 as musicians count: the drum kit on every port."""
PORTS = 128
_MELODIC_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)


@dataclass(slots=True)
class Channel:
    """One channel of one port, and what sounds on it.

    Attributes:
        instrument: the program it has now; None before its first.
        ends: pitch → the tick at which its last note ends.
        silent_from: the tick at which all its notes have ended.
    """

    port: int
    number: int
    instrument: int | None = None
    ends: dict[int, int] = field(default_factory=dict)
    silent_from: int = -1


class ChannelAllocator:
    """Hands out channels to notes in the order of their onsets."""

    def __init__(self) -> None:
        self._drums: list[Channel] = []
        self._melodic: list[Channel] = []

    def channel(self, instrument: int, pitch: int, onset: int, end: int) -> tuple[Channel, bool]:
        """The channel for a note, and whether it needs a program change first. Ticks count from the piece's start.

        Raises:
            ValueError: more notes at once than all ports have channels for.
        """
        pool = self._drums if instrument == DRUMS else self._melodic
        chosen = (
            self._having(pool, instrument, pitch, onset) or self._silent(pool, onset) or self._opened(pool, instrument)
        )
        changes = chosen.instrument != instrument and instrument != DRUMS
        chosen.instrument = instrument
        chosen.ends[pitch] = end
        chosen.silent_from = max(chosen.silent_from, end)
        return chosen, changes

    @staticmethod
    def _having(pool: list[Channel], instrument: int, pitch: int, onset: int) -> Channel | None:
        fits = (c for c in pool if c.instrument == instrument and c.ends.get(pitch, 0) <= onset)
        return next(fits, None)

    @staticmethod
    def _silent(pool: list[Channel], onset: int) -> Channel | None:
        """The channel silent for longest, on the lowest port that has one.

        Silent strictly before the onset: the two notes may stand in different tracks, whose order at one tick is
        not the writer's to choose.
        """
        silent = [c for c in pool if c.silent_from < onset or c.instrument is None]
        return min(silent, key=lambda c: (c.port, c.silent_from), default=None)

    @staticmethod
    def _opened(pool: list[Channel], instrument: int) -> Channel:
        port = pool[-1].port + 1 if pool else 0
        if port == PORTS:
            raise ValueError(f"more notes sound at once than {PORTS} MIDI ports have channels; take some away")
        numbers = (DRUM_CHANNEL,) if instrument == DRUMS else _MELODIC_CHANNELS
        opened = [Channel(port, number) for number in numbers]
        pool.extend(opened)
        return opened[0]
