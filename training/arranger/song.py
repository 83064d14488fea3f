"""What the players of one piece agree on, and what a player is. Knows no patterns."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from training.arranger.form import Section
from training.arranger.harmony import Chord, Key
from training.arranger.material import Notes

Page = Callable[[str], Notes | None]
"""From a letter of the form to the notes that stand there, None for nothing."""


@dataclass
class Song:
    """A piece before anybody plays. chords: letter of the form -> two chords a bar; tempo: beats a minute."""

    rng: random.Random
    meter: tuple[int, int]
    tempo: float
    key: Key
    form: list[Section]
    chords: dict[str, list[Chord]]
    swing: float = 0.0

    @property
    def bar_ticks(self) -> int:
        return 4 * 480 * self.meter[0] // self.meter[1]


@dataclass(eq=False)
class Player:
    """A player of a role (styles.ROLES). borrowed: his notes carry a human's timing; follows: whom he doubles.

    What he wrote once for a letter he plays again.
    """

    role: str
    program: int
    write: Page
    borrowed: bool = False
    follows: Player | None = None
    pages: dict[str, Notes] = field(default_factory=dict)

    def page(self, label: str) -> Notes:
        if label not in self.pages:
            notes = self.write(label)
            self.pages[label] = np.zeros((0, 4), np.int64) if notes is None else notes
        return self.pages[label]
