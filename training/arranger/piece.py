"""Composes pieces: a form, chords for its letters, a band, and what each player plays in each section.

Three ways: a style's tables with some borrowed players (styled), human phrases over other chords (patchwork), a human
piece's own bars with other drums, players and instruments (mashup; crossover where it is a score).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from training.arranger import form as forms
from training.arranger import patterns, perform
from training.arranger.borrow import Players, Voice
from training.arranger.harmony import SCALES, Chord, Key, looped, progression
from training.arranger.instruments import DRUMS, KIT, compass, stand_ins
from training.arranger.material import Notes, Source
from training.arranger.styles import STYLES, Style

MOST_NOTES = 1100
WAYS = {"styled": 0.4, "patchwork": 0.27, "mashup": 0.25, "crossover": 0.08}


@dataclass(frozen=True)
class Made:
    """A piece. notes: (n, 5) onset and duration in ticks (480 per beat), pitch, velocity, program; sorted."""

    name: str
    notes: np.ndarray
    tempo: float
    meter: tuple[int, int]


@dataclass
class Player:
    """A player. write: the notes for a letter of the form, None where he has nothing to play there; borrowed: they
    carry a human's timing. What he wrote once he plays again."""

    role: str
    program: int
    write: Callable[[str], Notes | None]
    borrowed: bool = False
    pages: dict[str, Notes] = field(default_factory=dict)

    def page(self, label: str) -> Notes:
        if label not in self.pages:
            notes = self.write(label)
            self.pages[label] = patterns.notes_of([]) if notes is None else notes
        return self.pages[label]


@dataclass
class Song:
    """What the players of one piece agree on. chords: letter -> two chords a bar."""

    rng: random.Random
    meter: tuple[int, int]
    tempo: float
    key: Key
    form: list[forms.Section]
    chords: dict[str, list[Chord]]
    swing: float = 0.0

    @property
    def bar_ticks(self) -> int:
        return 4 * 480 * self.meter[0] // self.meter[1]


def made(seed: int, index: int, players: Players) -> Made:
    """Piece number `index` of a seed: the same for the same seed, index and players."""
    rng = random.Random(f"{seed}/{index}")
    way = rng.choices(list(WAYS), list(WAYS.values()))[0]
    song: Song | None = None
    if way in ("mashup", "crossover"):
        found = _mashup(rng, players, way == "crossover")
    elif way == "patchwork":
        found = _patchwork(rng, players)
    else:
        found = None
    if found is None:
        style = rng.choice(list(STYLES.values()))
        way = style.name.replace(" ", "_").replace("-", "_")
        found = _styled(rng, style, players)
    song, band = found
    notes = _performed(song, band, np.random.default_rng([seed, index]))
    return Made(f"made_{way}", notes, song.tempo, song.meter)


# The three ways ---------------------------------------------------------------------------------------------------


def _styled(rng: random.Random, style: Style, players: Players) -> tuple[Song, list[Player]]:
    form = forms.chosen(rng, style.forms)
    key = Key(rng.randrange(12), rng.choice(style.modes))
    chords = {}
    for label, bars in forms.lengths(form).items():
        own = progression(rng.choice(style.chords), key.tonic)
        if rng.random() < 0.06:
            own = [own[0]] * len(own)
        chords[label] = looped(own, 2 * bars)
    song = Song(rng, style.meter, float(rng.randint(*style.tempo)), key, form, chords, rng.choice(style.swing))
    wanted = {"drums": style.drummed, "bass": 0.92, "comp": 0.8, "riff": 0.65, "lead": 0.8, "pad": 0.5, "arp": 0.35, "counter": 0.35, "low": 0.2}
    small = rng.random() < 0.1
    band: list[Player] = []
    for role, chance in wanted.items():
        if role == "riff" and not style.riffs and "riff" in style.band and rng.random() < 0.6:
            continue
        if rng.random() >= (chance * 0.4 if small else chance):
            continue
        hired = _hired(song, role, players, {"drums": 0.35, "bass": 0.25, "lead": 0.35, "comp": 0.25}.get(role, 0.0))
        if hired is None and (role == "drums" or role in style.band):
            hired = _by_table(song, style, role)
        elif hired is not None and role in style.band and rng.random() < 0.6:
            hired.program = rng.choice(style.band[role])
        if hired is not None:
            band.append(hired)
    if not band:
        band.append(_by_table(song, style, "comp"))
    return song, _doubled(song, band)


def _patchwork(rng: random.Random, players: Players) -> tuple[Song, list[Player]] | None:
    source = players.stretch(rng, rng.random() < 0.25, 8)
    if source is None:
        return None
    meter = source.meter
    style = rng.choice([style for style in STYLES.values() if style.bar_ticks == source.bar_ticks] or [None])
    form = forms.chosen(rng, ("game", "song") if style is None else ("game", *style.forms))
    move = rng.randrange(12)
    own_chords = style is None or rng.random() < 0.65
    key = Key((source.key.tonic + move) % 12, source.key.mode) if own_chords else Key(move, rng.choice(style.modes))
    chords = {}
    for label, bars in forms.lengths(form).items():
        if own_chords:
            span = rng.choice([length for length in (2, 4, 4, 8, 8, 16) if length <= bars])
            span = min(span, source.bars)
            start = rng.randrange(0, source.bars - span + 1, min(4, span))
            heard = [chord.moved(move) for chord in source.chords[2 * start : 2 * (start + span)]]
        else:
            heard = progression(rng.choice(style.chords), key.tonic)
        chords[label] = looped(heard, 2 * bars)
    tempo = min(max(source.tempo * rng.uniform(0.8, 1.25), 60), 180)
    song = Song(rng, meter, float(round(tempo)), key, form, chords)
    band = []
    roles = ["drums"] * (rng.random() < 0.92) + ["bass"] * (rng.random() < 0.92) + ["comp"] * rng.choice((0, 1, 1, 2))
    roles += ["lead"] * rng.choice((0, 1, 1, 1, 2)) + ["riff"] * rng.choice((0, 0, 1, 1))
    for role in roles:
        hired = _hired(song, role, players, 1.0)
        if hired is not None:
            band.append(hired)
    for role, chance in (("pad", 0.25), ("arp", 0.15), ("counter", 0.2), ("drums", 1.0)):
        missing = role == "drums" and "drums" in roles and not any(player.role == role for player in band)
        if style is not None and (missing or (role in style.band and rng.random() < chance)):
            band.append(_by_table(song, style, role))
    if not any(player.program != DRUMS for player in band):
        return None
    return song, _doubled(song, band)


def _mashup(rng: random.Random, players: Players, scores: bool) -> tuple[Song, list[Player]] | None:
    source = players.stretch(rng, scores, 12)
    if source is None:
        return None
    form = forms.chosen(rng, ("game", "song", "loop", "through"))
    labels = forms.lengths(form)
    starts = {}
    for label, bars in labels.items():
        span = min(bars, source.bars)
        starts[label] = rng.randrange(0, source.bars - span + 1, min(4, span))
    move = rng.randint(-5, 6)
    key = Key((source.key.tonic + move) % 12, source.key.mode)
    chords = {
        label: looped([chord.moved(move) for chord in source.chords[2 * starts[label] : 2 * (starts[label] + bars)]], 2 * bars)
        for label, bars in labels.items()
    }
    tempo = min(max(source.tempo * rng.uniform(0.8, 1.25), 60), 180)
    song = Song(rng, source.meter, float(round(tempo)), key, form, chords)
    pitched = [program for program in source.parts if program != DRUMS]
    kept = rng.sample(pitched, min(len(pitched), rng.choice((2, 3, 4, 5, 6, 8))))
    substitute = rng.random() < 0.5
    band = []
    for program in kept:
        plays = rng.choice(stand_ins(program)) if substitute else program
        role = {"chords": "comp"}.get(source.roles[program], source.roles[program])
        band.append(Player(role, plays, _own_bars(source, program, starts, labels, move), borrowed=True))
    style = rng.choice([style for style in STYLES.values() if style.bar_ticks == source.bar_ticks] or [None])
    replaced = DRUMS in source.parts and rng.random() < 0.25
    if replaced:
        band.append(Player("drums", DRUMS, _own_bars(source, DRUMS, starts, labels, 0), borrowed=True))
    elif not scores or rng.random() < 0.8:
        band.append(_hired(song, "drums", players, 0.85) or _by_table(song, style, "drums") if style else _hired(song, "drums", players, 1.0))
    has = {player.role for player in band if player}
    for role, chance in (("bass", 0.8 if "bass" not in has else 0.05), ("lead", 0.35), ("comp", 0.2), ("riff", 0.15)):
        if rng.random() < chance:
            band.append(_hired(song, role, players, 0.8) or (_by_table(song, style, role) if style and role in style.band else None))
    if style and rng.random() < 0.2:
        band.append(_by_table(song, style, rng.choice([role for role in ("pad", "arp", "counter") if role in style.band])))
    return song, _doubled(song, [player for player in band if player is not None])


def _own_bars(source: Source, program: int, starts: dict[str, int], labels: dict[str, int], move: int) -> Callable[[str], Notes]:
    def write(label: str) -> Notes:
        notes = source.phrase(program, starts[label], min(labels[label], source.bars - starts[label]))
        notes[:, 2] += move
        return notes

    return write


# Players ----------------------------------------------------------------------------------------------------------


def _hired(song: Song, role: str, players: Players, chance: float) -> Player | None:
    """A borrowed player of the role, with probability `chance`, if a human piece has one."""
    rng = song.rng
    voice = None
    if rng.random() < chance:
        voice = players.voice(rng, {"comp": "chords"}.get(role, role), song.bar_ticks, song.tempo)
    if voice is None:
        return None
    program = voice.program if rng.random() < 0.6 else rng.choice(stand_ins(voice.program))
    return Player(role, program, _borrowing(song, voice), borrowed=True)


def _borrowing(song: Song, voice: Voice) -> Callable[[str], Notes | None]:
    def write(label: str) -> Notes | None:
        chords = song.chords[label]
        if voice.program == DRUMS:
            return voice.drummed(song.rng, len(chords) // 2)
        return voice.over(song.rng, chords, song.key)

    return write


def _by_table(song: Song, style: Style, role: str) -> Player:
    program = DRUMS if role == "drums" else song.rng.choice(style.band[role])
    return Player(role, program, WRITERS[role](song, style, program))


def _drums(song: Song, style: Style, program: int) -> Callable[[str], Notes]:
    rng = song.rng
    base = rng.choice(style.drums)
    level = {"hat": rng.choice(("hat", "hat", "hat", "pedal", "open", "ride"))}

    def write(label: str) -> Notes:
        grid = base if label == "A" or rng.random() < 0.5 else rng.choice(style.drums)
        bars = len(song.chords[label]) // 2
        named = {level.get(name, name) if label != "A" else name: line for name, line in grid.items()}
        loop = min(bars, rng.choice(style.loops))
        one = patterns.drum_grid(named, loop, song.bar_ticks)
        if loop > 1 and rng.random() < 0.7:
            one = _varied_drums(rng, one, (loop - 1) * song.bar_ticks, song.bar_ticks)
        return _repeated(one, loop, bars, song.bar_ticks)

    return write


def _varied_drums(rng: random.Random, notes: Notes, start: int, bar_ticks: int) -> Notes:
    """The last bar of a loop with a few strokes moved, left out or added."""
    rows = notes.tolist()
    late = [row for row in rows if row[0] >= start + bar_ticks // 2]
    for row in rng.sample(late, min(len(late), rng.randint(1, 3))):
        way = rng.random()
        if way < 0.4:
            rows.remove(row)
        elif way < 0.7:
            row[0] = start + bar_ticks // 2 + (row[0] - start + 240) % (bar_ticks // 2)
        else:
            rows.append([row[0], row[1], rng.choice((36, 38, 46, 45)), row[3]])
    return patterns.notes_of(rows)


def _repeated(notes: Notes, loop: int, bars: int, bar_ticks: int) -> Notes:
    copies = [notes + np.array([first * bar_ticks, 0, 0, 0]) for first in range(0, bars, loop)]
    joined = np.concatenate(copies)
    return joined[joined[:, 0] < bars * bar_ticks]


def _low(program: int, share: float) -> int:
    low, high = compass(program)
    return round(low + share * (high - low))


def _tables(field_name: str, share: tuple[float, float], power: bool = False) -> Callable[..., Callable[[str], Notes]]:
    """Bass lines and riffs: each letter of the form takes a line, most often the piece's own."""

    def writer(song: Song, style: Style, program: int) -> Callable[[str], Notes]:
        rng = song.rng
        lines = getattr(style, field_name) or style.bass
        main = rng.choice(lines)
        low = _low(program, rng.uniform(*share))
        heavy = power and (rng.random() < style.power or program in (29, 30))

        def write(label: str) -> Notes:
            line = main if label == "A" or rng.random() < 0.5 else rng.choice(lines)
            chords = song.chords[label]
            if field_name == "bass" and rng.random() < 0.06:
                chords = [chords[0]] * len(chords)  # a pedal point
            return patterns.bass_line(rng, line, chords, song.key, song.bar_ticks, low, heavy)

        return write

    return writer


def _comp(song: Song, style: Style, program: int) -> Callable[[str], Notes]:
    rng = song.rng
    main = rng.choice(style.comp)
    low, voices = min(_low(program, rng.uniform(0.25, 0.5)), 64), rng.choice((2, 3, 3, 4))
    spread = 0 if 24 > program or program > 31 else rng.choice((0, 0, 0, 0))

    def write(label: str) -> Notes:
        line = main if label == "A" or rng.random() < 0.5 else rng.choice(style.comp)
        return patterns.chord_hits(line, song.chords[label], song.bar_ticks, low, voices, spread)

    return write


def _pad(song: Song, style: Style, program: int) -> Callable[[str], Notes]:
    low, voices = min(_low(program, song.rng.uniform(0.25, 0.45)), 66), song.rng.choice((1, 2, 3, 3, 4))
    return lambda label: patterns.held_chords(song.chords[label], song.bar_ticks, low, voices)


def _arp(song: Song, style: Style, program: int) -> Callable[[str], Notes]:
    rng = song.rng
    steps = song.bar_ticks // rng.choice((120, 120, 240))
    low = min(_low(program, rng.uniform(0.3, 0.55)), 72)

    def shape() -> str:
        text = rng.choice(style.arps) if style.arps else patterns.random_arpeggio(rng, steps)
        return text if song.bar_ticks % len(text) == 0 else patterns.random_arpeggio(rng, steps)

    main = shape()
    return lambda label: patterns.arpeggio(main if label == "A" or rng.random() < 0.6 else shape(), song.chords[label], song.bar_ticks, low)


def _lead(song: Song, style: Style, program: int) -> Callable[[str], Notes]:
    low, high = compass(program)
    bottom = round(max(low, min(high - 20, (low + high) / 2 - song.rng.randint(4, 12))))
    loop = song.rng.random() < 0.35

    def write(label: str) -> Notes:
        chords = song.chords[label]
        half = len(chords) // 4 * 2
        if loop and half >= 4 and chords[:half] == chords[half : 2 * half]:
            one = patterns.melody(song.rng, style.lead, chords[:half], song.key, song.bar_ticks, bottom, bottom + 22)
            return _repeated(one, half // 2, len(chords) // 2, song.bar_ticks)
        return patterns.melody(song.rng, style.lead, chords, song.key, song.bar_ticks, bottom, bottom + 22)

    return write


def _counter(song: Song, style: Style, program: int) -> Callable[[str], Notes]:
    low = min(_low(program, song.rng.uniform(0.3, 0.5)), 66)
    return lambda label: patterns.counter_line(song.rng, song.chords[label], song.bar_ticks, low)


WRITERS = {
    "drums": _drums,
    "bass": _tables("bass", (0.1, 0.2)),
    "low": _tables("bass", (0.1, 0.25)),
    "riff": _tables("riffs", (0.05, 0.3), power=True),
    "comp": _comp,
    "pad": _pad,
    "arp": _arp,
    "lead": _lead,
    "counter": _counter,
}


def _doubled(song: Song, band: list[Player]) -> list[Player]:
    """The band with some players doubled: in octaves, in thirds, as an echo, or in unison; eight players at most."""
    rng = song.rng
    for player in list(band):
        if player.program == DRUMS or rng.random() > 0.16 or len(band) >= 8:
            continue
        way = rng.choice(("octave", "octave", "unison", "echo", "thirds") if player.role == "lead" else ("octave", "unison"))
        program = rng.choice((48, 48, 30, 29, 81, 61, 52, 50, *stand_ins(player.program)))
        band.append(Player(player.role, program, _doubling(song, player, way, rng.choice((-12, 12))), player.borrowed))
    return band[:8]


def _doubling(song: Song, player: Player, way: str, octave: int) -> Callable[[str], Notes]:
    def write(label: str) -> Notes:
        notes = player.page(label).copy()
        if way == "octave":
            notes[:, 2] += octave
        elif way == "echo":
            notes[:, 0] += 240
            notes[:, 3] = notes[:, 3] * 2 // 3
        elif way == "thirds":
            return patterns.harmonised(notes, song.key, -2)
        return notes

    return write


# The performance --------------------------------------------------------------------------------------------------


def _performed(song: Song, band: list[Player], dice: np.random.Generator) -> np.ndarray:
    """Sections in a row, then each player's playing; (n, 5) sorted by onset, program and pitch."""
    rng, bar = song.rng, song.bar_ticks
    rest = rng.choice((0.0, 0.05, 0.1, 0.2))
    heard: list[list[Notes]] = [[] for _ in band]
    at, count, fresh = 0, 0, True
    for number, section in enumerate(song.form):
        entering = forms.entries(rng, section, [player.role for player in band], rest)
        last = number + 1 == len(song.form)
        for player, entry, takes in zip(band, entering, heard, strict=True):
            if entry is None:
                continue
            notes = player.page(section.label)
            notes = notes[(notes[:, 0] >= entry * bar - 30) & (notes[:, 0] < section.bars * bar - 30)].copy()
            if player.program == DRUMS:
                notes = _with_fill(song, notes, section.bars, fresh and at > 0, last)
            else:
                notes[:, 2] += section.lift
                notes[:, 1] = np.minimum(notes[:, 1], section.bars * bar - notes[:, 0] + 60)
            notes[:, 0] += at
            takes.append(notes)
            count += len(notes)
        at += section.bars * bar
        fresh = last or song.form[number + 1].label != section.label or rng.random() < 0.3
        if count > MOST_NOTES and at >= 16 * bar:
            break
    if rng.random() < 0.4:
        _final_chord(song, band, heard, at)
    how = perform.feel(rng, song.tempo, song.swing)
    parts = []
    for player, takes in zip(band, heard, strict=True):
        if takes and sum(map(len, takes)):
            notes = perform.played(rng, dice, np.concatenate(takes), player.program, player.borrowed, how)
            parts.append(np.column_stack([notes, np.full(len(notes), player.program)]))
    notes = np.concatenate(parts)
    notes = notes[np.lexsort((notes[:, 2], notes[:, 4], notes[:, 0]))]
    twice = (np.diff(notes[:, [0, 2, 4]], axis=0) == 0).all(1)
    return notes[np.append(True, ~twice)]


def _with_fill(song: Song, notes: Notes, bars: int, crash: bool, last: bool) -> Notes:
    """Drums with a crash on the first beat, and a fill in the section's last beats."""
    rng, bar = song.rng, song.bar_ticks
    if not last and rng.random() < 0.6:
        length = min(rng.choice((240, 480, 480, 960, 960, bar)), bar)
        start = bars * bar - length
        step = rng.choice((120, 120, 120, 240, 160)) if length >= 480 else 120
        kit = rng.choice(
            (
                ("snare",),
                ("snare", "tom2", "tom4", "tom6"),
                ("tom1", "tom2", "tom3", "tom4"),
                ("snare", "snare", "tom3", "tom5"),
                ("tom2", "tom2", "tom5", "tom5"),
                ("snare", "kick"),
            )
        )
        onsets = [onset for onset in range(0, length, step) if rng.random() < 0.88]
        rows = [(start + onset, 120, KIT[kit[onset * len(kit) // length]], rng.randint(84, 112)) for onset in onsets]
        kept = notes[(notes[:, 0] < start - 30) | (notes[:, 2] == 36)]
        notes = np.concatenate([kept, patterns.notes_of(rows)])
    if crash and rng.random() < 0.6:
        notes = np.concatenate([notes, patterns.notes_of([(0, 120, rng.choice((49, 57)), 110)])])
    return notes


def _final_chord(song: Song, band: list[Player], heard: list[list[Notes]], at: int) -> None:
    """A last bar: everybody lands on the tonic chord, drums on a crash."""
    tones = [(song.key.tonic + step) % 12 for step in (0, SCALES[song.key.mode][2], 7)]
    for player, takes in zip(band, heard, strict=True):
        if not takes or not len(takes[-1]):
            continue
        if player.program == DRUMS:
            takes.append(patterns.notes_of([(at, 240, 36, 110), (at, 240, 49, 110)]))
            continue
        ending = takes[-1][takes[-1][:, 0] == takes[-1][:, 0].max()]
        rows = []
        for pitch in ending[:, 2].tolist():
            wanted = tones[:1] if player.role == "bass" else tones
            rows.append((at, song.bar_ticks, min(range(pitch - 6, pitch + 7), key=lambda tone: (tone % 12 not in wanted, abs(tone - pitch))), 92))
        takes.append(patterns.notes_of(rows))
