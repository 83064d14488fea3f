"""What a model plays when nothing but its grammar holds it: no grid, no key, no balance.

    python -m training.unsteered MODEL [MODEL …]

prints, at several tempi, the share of onsets on the sixteenth grid with the click as controls, and how many of four
allowed instruments are used. A model that knows lineups (amt.lineup) is told the grid and the four, and otherwise as
free. The compiled model decodes; a note on the grid lies within 10 ms of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amt import decoder
from amt.anticipation import Event, due, flag, triplet
from amt.config import ModelError
from amt.decoder import Cache, Decoder
from amt.lineup import controls
from amt.metronome import ANY, BELL, CLICK, STRAIGHT
from amt.sampler import Choices
from amt.vocabulary import DURATION, MAX_TIME, NOTE, PITCHES, REST, REST_STEPS, STEPS_PER_SECOND
from patterns.note import DRUMS

TEMPI = (96, 120, 140, 174)
BAND = (0, 25, 33, DRUMS)
"""Piano, steel guitar, bass, drums."""
EVENTS = 230
BEATS = 4
"""To the bar."""
TOP_P = 0.98
TOGETHER = 32
"""Samples that are played at once: each takes a cache."""
NEAR = 1.01
"""Steps from the grid within which an onset counts as on it."""


@dataclass
class Sample:
    """One window being played: what was made (steps, duration, note), and the controls still to come."""

    cache: Cache
    controls: list[Event]
    events: list[tuple[int, int, int]]
    now: int = 0

    def forced(self) -> Event | None:
        """The control that stands next, if one is due."""
        return self.controls.pop(0) if self.controls and due(self.controls[0], self.now) else None


def play(
    model: Decoder, tempo: float, samples: int, instruments: Sequence[int] | None = None, seed: int = 0
) -> list[NDArray[np.int64]]:
    """Events int64 [n, 3] of each sample: steps, durations, instrument · 128 + pitch; only these instruments."""
    random = np.random.default_rng(seed)
    sizes = [min(TOGETHER, samples - first) for first in range(0, samples, TOGETHER)]
    return [events for size in sizes for events in _play(model, tempo, size, instruments, random)]


def _play(
    model: Decoder, tempo: float, samples: int, instruments: Sequence[int] | None, random: np.random.Generator
) -> list[NDArray[np.int64]]:
    ahead = _controls(tempo, instruments or (), model.config.lineups)
    playing = [Sample(model.new_cache(), list(ahead), []) for _ in range(samples)]
    model.read([(sample.cache, np.array([flag(True)], np.int32)) for sample in playing])
    notes = np.arange(NOTE, REST, dtype=np.int32)
    if instruments is not None:
        notes = notes[np.isin((notes - NOTE) // PITCHES, instruments)]
    for _ in range(EVENTS):
        forced = [sample.forced() for sample in playing]
        made: list[list[int]] = [[] for _ in playing]
        for slot in range(3):
            drawing = [i for i, control in enumerate(forced) if control is None]
            rows = [_possible(playing[i].now, made[i], notes) for i in drawing]
            draws = [
                (playing[i].cache, Choices(allowed, top_p=TOP_P), random.random())
                for i, allowed in zip(drawing, rows, strict=True)
            ]
            chosen = dict(zip(drawing, model.draw(draws), strict=True)) if draws else {}
            for i, control in enumerate(forced):
                token = triplet(control, 0)[slot] if control is not None else int(rows[drawing.index(i)][chosen[i]])
                made[i].append(token)
            model.read([(s.cache, np.array(tokens[-1:], np.int32)) for s, tokens in zip(playing, made, strict=True)])
        for sample, control, tokens in zip(playing, forced, made, strict=True):
            if control is None:
                sample.now = tokens[0]
                if tokens[2] != REST:
                    sample.events.append((tokens[0], tokens[1] - DURATION, tokens[2] - NOTE))
    return [np.array(sample.events, np.int64).reshape(-1, 3) for sample in playing]


def _possible(now: int, made: Sequence[int], notes: NDArray[np.int32]) -> NDArray[np.int32]:
    """What may follow the tokens `made` of an event after step `now`: a rest lies a second later, has no duration,
    and is the only thing that has none."""
    if not made:
        return np.arange(now, MAX_TIME, dtype=np.int32)
    if len(made) == 1:
        return np.arange(DURATION + (made[0] != now + REST_STEPS), NOTE, dtype=np.int32)
    return notes if made[1] > DURATION else np.array([REST], np.int32)


def on_grid(played: Sequence[NDArray[np.int64]], tempo: float) -> float:
    """Mean share of onsets on the sixteenth grid, over samples of at least 8 notes."""
    step = 60 / tempo / 4 * STEPS_PER_SECOND
    shares = [
        float((np.abs(times / step - np.rint(times / step)) * step <= NEAR).mean())
        for times in (events[:, 0] for events in played)
        if len(times) >= 8
    ]
    return float(np.mean(shares))


def instruments_used(played: Sequence[NDArray[np.int64]]) -> float:
    """Mean number of different instruments of a sample."""
    return float(np.mean([len(np.unique(events[:, 2] // PITCHES)) for events in played]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--samples", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| model | " + " | ".join(f"on the grid at {tempo}" for tempo in TEMPI) + " | instruments of four |")
    print("| --- " * (len(TEMPI) + 2) + "|")
    for folder in arguments.models:
        model = decoder.load(folder)
        shares = [on_grid(play(model, tempo, arguments.samples, seed=arguments.seed), tempo) for tempo in TEMPI]
        used = instruments_used(play(model, 120, arguments.samples, BAND, arguments.seed))
        print(f"| {folder} | " + " | ".join(f"{share:.3f}" for share in shares) + f" | {used:.2f} |", flush=True)


def _controls(tempo: float, players: Sequence[int], told: bool) -> list[Event]:
    """The click, and behind the clicks that stand first those players; `told`: grid and players are said."""
    beat = 60 / tempo * STEPS_PER_SECOND
    keys = [CLICK if index % BEATS else BELL for index in range(int((MAX_TIME - 1) / beat))]
    clicks = [
        Event(round(index * beat), STRAIGHT if told else ANY, DRUMS * PITCHES + key, control=True)
        for index, key in enumerate(keys)
    ]
    lineup = [Event(*map(int, row), control=True) for row in controls(0, players if told else ())]
    first = sum(due(click, 0) for click in clicks)
    return clicks[:first] + lineup + clicks[first:]


if __name__ == "__main__":
    try:
        main()
    except ModelError as error:
        sys.exit(str(error))
