"""What the model is told of a bar besides its beats: who plays in it, and on what grid.

A player is a control of no length and pitch 0, at the bar line from which on those named play and nobody else; the grid
is the length of the clicks (amt.metronome). Models that were not trained to hear this are told nothing
(amt.config.ModelConfig.lineups). Where the controls stand in the sequence: amt.score.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amt.metronome import ANY, feel
from amt.steering import Steering
from amt.vocabulary import PITCHES
from patterns.general_midi import FAMILIES
from patterns.note import DRUMS


@dataclass(frozen=True, slots=True)
class Lineup:
    """What is told of a bar.

    Attributes:
        players: General MIDI programs 0–127, or 128 for the drums, ascending; nobody: nothing is said about that.
        click: the length of its clicks, in model steps.
    """

    players: tuple[int, ...] = ()
    click: int = ANY


UNTOLD = Lineup()
BASS = 33
"""Who is named beside a lone player: those who play alone in the training corpus are soloists and drummers, not members
of a band whose others are not asked for (docs/decisions/lineups.md)."""


def lineup(steering: Steering) -> Lineup:
    """What to tell of a bar under such a steering: of a family, its first program."""
    voices = steering.voices if steering.instruments else ()
    players = {min(voice.programs) for voice in voices}
    if len(players) == 1 and players.isdisjoint({*FAMILIES["Bass"], DRUMS}):
        players.add(BASS)
    return Lineup(tuple(sorted(players)), feel(steering.subdivision))


def controls(step: int, players: Iterable[int]) -> npt.NDArray[np.int32]:
    """The controls that name players at a step: an array of events [n, 3] (amt.score)."""
    return np.array([(step, 0, player * PITCHES) for player in players], np.int32).reshape(-1, 3)
