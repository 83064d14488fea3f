"""Puts a song on stage: its sections in a row, who plays in which, fills and endings. Then everybody performs."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from training.arranger import form, patterns, perform
from training.arranger.harmony import SCALES
from training.arranger.instruments import DRUMS, KIT
from training.arranger.material import EARLY, Notes
from training.arranger.song import Player, Song

ENOUGH_NOTES = 900  # no further section after so many, if there are 16 bars
FILLS = (
    ("snare",),
    ("snare", "tom2", "tom4", "tom6"),
    ("tom1", "tom2", "tom3", "tom4"),
    ("snare", "snare", "tom3", "tom5"),
    ("tom2", "tom2", "tom5", "tom5"),
    ("snare", "kick"),
)
# Two drums that change places in some pieces, and how often: kits differ.
OTHER_KITS = (
    ("kick", "kick2", 0.3),
    ("snare", "snare2", 0.3),
    ("hat", "pedal", 0.12),
    ("ride", "ride2", 0.15),
    ("ride", "bell", 0.15),
    ("crash", "crash2", 0.2),
    ("shaker", "maracas", 0.3),
    ("open", "pedal", 0.1),
)


def performed(song: Song, band: Sequence[Player], dice: np.random.Generator) -> np.ndarray:
    """(n, 5) onset, duration, pitch, velocity, program; sorted by onset, program and pitch. Empty if nobody plays."""
    takes = _takes(song, band)
    how = perform.feel(song.rng, song.tempo, song.swing)
    kit = _kit(song.rng)
    parts = [np.zeros((0, 5), np.int64)]
    for player, pages in zip(band, takes, strict=True):
        notes = np.concatenate([patterns.notes_of([]), *pages])
        if not len(notes):
            continue
        if player.program == DRUMS:
            notes[:, 2] = kit[notes[:, 2]]
        notes = perform.played(song.rng, dice, notes, player.program, player.borrowed, how)
        parts.append(np.column_stack([notes, np.full(len(notes), player.program)]))
    everything = np.concatenate(parts)
    if not len(everything):
        return everything
    everything = everything[np.lexsort((everything[:, 2], everything[:, 4], everything[:, 0]))]
    struck_twice = (np.diff(everything[:, [0, 2, 4]], axis=0) == 0).all(1)
    everything[:, 0] -= everything[0, 0] // song.bar_ticks * song.bar_ticks  # no empty bars before the first note
    return everything[np.append(True, ~struck_twice)]


def _takes(song: Song, band: Sequence[Player]) -> list[list[Notes]]:
    """For each player what he plays, section by section, onsets counted from the piece's start."""
    rng, bar = song.rng, song.bar_ticks
    rest = rng.choice((0.0, 0.05, 0.1, 0.2))
    takes: list[list[Notes]] = [[] for _ in band]
    start, changed = 0, False
    for number, section in enumerate(song.form):
        last = number + 1 == len(song.form)
        for player, entry, pages in zip(band, _entries(rng, section, band, rest), takes, strict=True):
            if entry is None:
                continue
            notes = player.page(section.label)
            notes = notes[(notes[:, 0] >= entry * bar - EARLY) & (notes[:, 0] < section.bars * bar - EARLY)].copy()
            if player.program == DRUMS:
                notes = _filled(song, notes, section.bars, changed, last)
            else:
                notes[:, 2] += section.lift
                notes[:, 1] = np.minimum(notes[:, 1], section.bars * bar - notes[:, 0] + 60)
            notes[:, 0] += start
            pages.append(notes)
        start += section.bars * bar
        changed = last or song.form[number + 1].label != section.label or rng.random() < 0.3
        if sum(len(notes) for pages in takes for notes in pages) > ENOUGH_NOTES and start >= 16 * bar:
            break
    if rng.random() < 0.4:
        _end(song, band, takes, start)
    return takes


def _entries(rng: random.Random, section: form.Section, band: Sequence[Player], rest: float) -> list[int | None]:
    """form.entries; whoever doubles another mostly plays when he does."""
    entries = form.entries(rng, section, [player.role for player in band], rest)
    if rng.random() < 0.7:
        places = {player: place for place, player in enumerate(band)}
        for place, player in enumerate(band):
            if player.follows in places:
                entries[place] = entries[places[player.follows]]
    return entries


def _kit(rng: random.Random) -> np.ndarray:
    """(128,) the drum that this piece's kit plays for each."""
    kit = np.arange(128)
    for one, other, chance in OTHER_KITS:
        if rng.random() < chance:
            kit[KIT[one]], kit[KIT[other]] = KIT[other], KIT[one]
    return kit


def _filled(song: Song, notes: Notes, bars: int, crash: bool, last: bool) -> Notes:
    """Drums with a crash on the first beat where something new begins, and a fill in the section's last beats."""
    rng, bar = song.rng, song.bar_ticks
    if not last and rng.random() < 0.6:
        length = min(rng.choice((240, 480, 480, 960, 960, bar)), bar)
        start = bars * bar - length
        step = rng.choice((120, 120, 120, 240, 160)) if length >= 480 else 120
        drums = rng.choice(FILLS)
        onsets = [onset for onset in range(0, length, step) if rng.random() < 0.88]
        fill = [(start + at, 120, KIT[drums[at * len(drums) // length]], rng.randint(84, 112)) for at in onsets]
        kept = notes[(notes[:, 0] < start - EARLY) | (notes[:, 2] == KIT["kick"])]
        notes = np.concatenate([kept, patterns.notes_of(fill)])
    if crash and rng.random() < 0.6:
        notes = np.concatenate([notes, patterns.notes_of([(0, 120, KIT[rng.choice(("crash", "crash2"))], 110)])])
    return notes


def _end(song: Song, band: Sequence[Player], takes: list[list[Notes]], start: int) -> None:
    """A last bar: everybody who played last lands on the tonic chord, drums on a crash."""
    tones = [(song.key.tonic + step) % 12 for step in (0, SCALES[song.key.mode][2], 7)]
    for player, pages in zip(band, takes, strict=True):
        if not pages or not len(pages[-1]):
            continue
        if player.program == DRUMS:
            pages.append(patterns.notes_of([(start, 240, KIT["kick"], 110), (start, 240, KIT["crash"], 110)]))
            continue
        wanted = tones[:1] if player.role == "bass" else tones
        latest = pages[-1][pages[-1][:, 0] == pages[-1][:, 0].max(), 2]
        landing = {
            min(range(pitch - 6, pitch + 7), key=lambda tone: (tone % 12 not in wanted, abs(tone - pitch)))
            for pitch in latest.tolist()
        }
        pages.append(patterns.notes_of([(start, song.bar_ticks, pitch, 92) for pitch in sorted(landing)]))
