"""Composes pieces: a form, chords for its letters, a band. Three ways: a style's tables with some borrowed players
(styled); human phrases over other chords (patchwork); a human piece's own bars with other drums, players and
instruments (mashup; crossover where it is a score, not a band)."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from training.arranger import form
from training.arranger.borrow import Players, Voice, merged
from training.arranger.harmony import Chord, Key, looped, progression
from training.arranger.instruments import DRUMS, stand_ins
from training.arranger.material import Notes, Source
from training.arranger.song import Page, Player, Song
from training.arranger.stage import performed
from training.arranger.styles import STYLES, Style
from training.arranger.writers import by_table, doubled

WAYS = {"styled": 0.4, "patchwork": 0.27, "mashup": 0.25, "crossover": 0.08}
FEWEST_NOTES = 80
# How often a styled band has a role, and how often a human's part takes it.
ROLES = {"bass": 0.92, "comp": 0.85, "riff": 0.7, "lead": 0.85, "pad": 0.6, "arp": 0.45, "counter": 0.45, "low": 0.3}
BORROWED = {"drums": 0.35, "bass": 0.25, "lead": 0.35, "comp": 0.25}
TEMPI = (60.0, 180.0)  # beats a minute


@dataclass(frozen=True)
class Made:
    """A piece. notes: (n, 5) onset and duration in ticks (480 per beat), pitch, velocity, program; sorted."""

    name: str
    notes: np.ndarray
    tempo: float
    meter: tuple[int, int]


def made(seed: int, index: int, players: Players) -> Made:
    """Piece number `index` of a seed: the same for the same seed, index and players."""
    for attempt in itertools.count():
        rng = random.Random(f"{seed}/{index}/{attempt}")
        name, song, band = _composed(rng, players)
        notes = performed(song, band, np.random.default_rng([seed, index, attempt]))
        if len(notes) >= FEWEST_NOTES:  # else borrowed players had too little to play
            break
    return Made(f"made_{name}", notes, song.tempo, song.meter)


def _composed(rng: random.Random, players: Players) -> tuple[str, Song, list[Player]]:
    way = rng.choices(list(WAYS), list(WAYS.values()))[0]
    composed = None
    if way in ("mashup", "crossover"):
        composed = _mashup(rng, players, way == "crossover")
    elif way == "patchwork":
        composed = _patchwork(rng, players)
    if composed is None:  # styled, or the material holds no piece for the way
        style = rng.choice(list(STYLES.values()))
        way = style.name.replace(" ", "_").replace("-", "_")
        composed = _styled(rng, style, players)
    song, band = composed
    return way, song, doubled(song, band)


def _styled(rng: random.Random, style: Style, players: Players) -> tuple[Song, list[Player]]:
    sections = form.chosen(rng, style.forms)
    key = Key(rng.randrange(12), rng.choice(style.modes))
    chords = {}
    for label, bars in form.lengths(sections).items():
        own = progression(rng.choice(style.chords), key.tonic)
        chords[label] = looped(own if rng.random() < 0.94 else own[:1], 2 * bars)
    song = Song(rng, style.meter, float(rng.randint(*style.tempo)), key, sections, chords, rng.choice(style.swing))
    fewer = 0.4 if rng.random() < 0.1 else 1.0
    band = []
    for role, chance in {"drums": style.drummed, **ROLES}.items():
        if rng.random() >= chance * fewer:
            continue
        player = _hired(song, role, players, BORROWED.get(role, 0.0))
        if player is not None and role in style.band and rng.random() < 0.6:
            player.program = rng.choice(style.band[role])
        player = player or _by_table(song, style, role)
        if player is not None:
            band.append(player)
    return song, band or [by_table(song, style, "comp")]


def _patchwork(rng: random.Random, players: Players) -> tuple[Song, list[Player]] | None:
    source = players.stretch(rng, scores=rng.random() < 0.25, bars=8)
    if source is None:
        return None
    style = _style_of(rng, source)
    sections = form.chosen(rng, ("game", *(style.forms if style else ("song",))))
    move = rng.randrange(12)
    if style is None or rng.random() < 0.65:
        key = Key((source.key.tonic + move) % 12, source.key.mode)
        heard = {label: _heard(rng, source, bars, move) for label, bars in form.lengths(sections).items()}
    else:
        key = Key(move, rng.choice(style.modes))
        heard = {label: progression(rng.choice(style.chords), move) for label in form.lengths(sections)}
    chords = {label: looped(heard[label], 2 * bars) for label, bars in form.lengths(sections).items()}
    song = Song(rng, source.meter, _tempo_near(rng, source), key, sections, chords)
    wanted = ["drums"] * (rng.random() < 0.92) + ["bass"] * (rng.random() < 0.92)
    wanted += (
        ["comp"] * rng.choice((0, 1, 2, 2)) + ["lead"] * rng.choice((0, 1, 1, 2, 2)) + ["riff"] * rng.randint(0, 1)
    )
    band = []
    for role in wanted:
        player = _hired(song, role, players, 1.0)
        if player is None and role == "drums":
            player = _by_table(song, style, role)
        if player is not None:
            band.append(player)
    if not any(player.program != DRUMS for player in band):
        return None
    return song, band + _guests(song, style, {"pad": 0.25, "arp": 0.15, "counter": 0.2})


def _mashup(rng: random.Random, players: Players, scores: bool) -> tuple[Song, list[Player]] | None:
    source = players.stretch(rng, scores, bars=12)
    if source is None:
        return None
    style = _style_of(rng, source)
    sections = form.chosen(rng, ("game", "song", "loop", "through"))
    windows = {}  # letter of the form -> first bar and number of bars that it takes from the piece
    for label, bars in form.lengths(sections).items():
        span = min(bars, source.bars)
        windows[label] = (rng.randrange(0, source.bars - span + 1, min(4, span)), span)
    move = rng.randint(-5, 6)
    key = Key((source.key.tonic + move) % 12, source.key.mode)
    chords = {}
    for label, bars in form.lengths(sections).items():
        start, span = windows[label]
        chords[label] = looped([chord.moved(move) for chord in source.chords[2 * start : 2 * (start + span)]], 2 * bars)
    song = Song(rng, source.meter, _tempo_near(rng, source), key, sections, chords)
    pitched = [program for program in source.parts if program != DRUMS]
    substitute = rng.random() < 0.5
    band: list[Player | None] = []
    for program in rng.sample(pitched, min(len(pitched), rng.choice((2, 3, 4, 5, 6, 8)))):
        role = source.roles[program].replace("chords", "comp")
        plays = rng.choice(stand_ins(program)) if substitute else program
        band.append(Player(role, plays, _own_bars(source, program, windows, move), borrowed=True))
    if DRUMS in source.parts and rng.random() < 0.25:
        band.append(Player("drums", DRUMS, _own_bars(source, DRUMS, windows, 0), borrowed=True))
    elif not scores or rng.random() < 0.8:
        band.append(_hired(song, "drums", players, 0.85) or _by_table(song, style, "drums"))
    bassless = not any(player is not None and player.role == "bass" for player in band)
    for role, chance in {"bass": 0.8 if bassless else 0.05, "lead": 0.35, "comp": 0.2, "riff": 0.15}.items():
        if rng.random() < chance:
            band.append(_hired(song, role, players, 0.8) or _by_table(song, style, role))
    guests = _guests(song, style, {"pad": 0.08, "arp": 0.08, "counter": 0.08})
    return song, [player for player in band if player is not None] + guests


def _heard(rng: random.Random, source: Source, bars: int, move: int) -> list[Chord]:
    """The chords of 2 to 16 bars of a human piece, transposed; `bars` at most."""
    span = min(rng.choice([length for length in (2, 4, 4, 8, 8, 16) if length <= bars]), source.bars)
    start = rng.randrange(0, source.bars - span + 1, min(4, span))
    return [chord.moved(move) for chord in source.chords[2 * start : 2 * (start + span)]]


def _tempo_near(rng: random.Random, source: Source) -> float:
    return float(round(min(max(source.tempo * rng.uniform(0.8, 1.25), TEMPI[0]), TEMPI[1])))


def _style_of(rng: random.Random, source: Source) -> Style | None:
    """A style whose bars are as long as the piece's."""
    styles = [style for style in STYLES.values() if style.bar_ticks == source.bar_ticks]
    return rng.choice(styles) if styles else None


def _own_bars(source: Source, program: int, windows: Mapping[str, tuple[int, int]], move: int) -> Page:
    def write(label: str) -> Notes:
        notes = source.phrase(program, *windows[label])
        notes[:, 2] += move
        return notes

    return write


def _by_table(song: Song, style: Style | None, role: str) -> Player | None:
    """A player of the style, if it has the role."""
    return by_table(song, style, role) if style and (role == "drums" or role in style.band) else None


def _guests(song: Song, style: Style | None, chances: Mapping[str, float]) -> list[Player]:
    guests = [_by_table(song, style, role) for role, chance in chances.items() if song.rng.random() < chance]
    return [guest for guest in guests if guest is not None]


def _hired(song: Song, role: str, players: Players, chance: float) -> Player | None:
    """A borrowed player of the role, with probability `chance`, if a human piece has one."""
    rng = song.rng
    voice = None
    if rng.random() < chance:
        voice = players.voice(rng, role.replace("comp", "chords"), song.bar_ticks, song.tempo)
    if voice is None:
        return None
    program = voice.program if rng.random() < 0.6 else rng.choice(stand_ins(voice.program))
    other = players.voice(rng, role, song.bar_ticks, song.tempo) if role == "drums" and rng.random() < 0.25 else None
    return Player(role, program, _borrowing(song, voice, other), borrowed=True)


def _borrowing(song: Song, voice: Voice, other: Voice | None) -> Page:
    """other: the drummer who adds cymbals and percussion."""

    def write(label: str) -> Notes | None:
        chords = song.chords[label]
        if voice.program == DRUMS:
            beat = voice.drummed(song.rng, len(chords) // 2)
            colour = other.drummed(song.rng, len(chords) // 2) if other else None
            return beat if beat is None or colour is None else merged(beat, colour)
        return voice.over(song.rng, chords, song.key)

    return write
