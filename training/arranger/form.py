"""Song form: which section comes when, how long it is, who plays in it. Knows no notes.

A form is text, one word a section: a letter (what is played), its bars, and marks: < intro, > ending, ~ break,
^ build-up (the players enter one after another), +2 (or any number) moved up by semitones.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

FORMS = {
    "song": (
        "A4< A8 B8 A8 B8 C8 B8",
        "A8 A8 B8 A8 B8 B8+2",
        "A4< A8 B8 A8 B8 B4>",
        "A8 B8 A8 B8 C8 B8",
        "A8 B8 C8 A8",
        "A8< A8 B8 A8~ B8",
        "A16 B8 A16 B8",
        "A8 A8+2 B8 A8",
        "B4< A8 A8 B8 B8",
    ),
    "aaba": ("A8 A8 B8 A8", "A8 A8 B8 A8 A8 B8 A8", "A4< A8 A8 B8 A8 A4>", "A8 A8 B8 A8+1 B8 A8"),
    "chorus": ("A12 A12 A12", "A12 A12", "A4< A12 A12 A12~ A12", "A12 A12 A12 A4>"),
    "loop": (
        "A8^ A8 A8~ A8",
        "A4< A4 A4 A4 A4~ A4 A4",
        "A8^ B8 A8~ B8 A8",
        "A16^ A16",
        "A8^ A8 B8 B8 A8~ A8 B8",
        "A4^ A4 A4 B4 B4 A4 A4",
        "A2 A2 A2 A2 B2 B2 A2 A2 A2~ A2 A2",
    ),
    "game": (
        "A8 A8 B8",
        "A8 B8",
        "A4 A4 B4 B4 A4 C8",
        "A4< A8 B8 C8",
        "A8 A8 B8 C8 A8",
        "A8 B8 A8 C8 D8",
        "A4 B4 A4 B4 C4 C4",
        "A8^ A8 B8 A8",
        "A8 A8 B8 B8 C4~ A8",
        "A16 B16",
        "A4^ A4 B8 A4 B8 C4",
        "A8 B8 B8+1 A8",
    ),
    "through": ("A8 B8 C8 D8", "A8 B8 A8 C8", "A16 B16 A8", "A12 B8 A12"),
    "ambient": ("A8^ A8 B8 A8>", "A16^ B16", "A8< A8 A8 B8 A8>"),
}
_WORD = re.compile(r"([A-Z])(\d+)([<>~^]?)(?:\+(\d+))?")
_KINDS = {"<": "intro", ">": "ending", "~": "break", "^": "build", "": "full"}


@dataclass(frozen=True)
class Section:
    """`bars` bars of what `label` names, moved up by `lift` semitones; kind: full, intro, ending, break or build."""

    label: str
    bars: int
    kind: str
    lift: int


def sections(text: str) -> list[Section]:
    """The sections that a form's text spells. ValueError for a word that is none."""
    found = []
    for word in text.split():
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r} is no section: write a letter, its bars and marks, as in A8, B4< or A8+2")
        label, bars, mark, lift = match.groups()
        found.append(Section(label, int(bars), _KINDS[mark], int(lift or 0)))
    return found


def chosen(rng: random.Random, names: Sequence[str]) -> list[Section]:
    """A form of one of the named groups; 16 bars at least, played again from the top where it is shorter."""
    found = sections(rng.choice(FORMS[rng.choice(names)]))
    while sum(section.bars for section in found) < 16:
        found = found * 2
    return found


def lengths(form: Sequence[Section]) -> dict[str, int]:
    """Bars that each label is written for: its longest section."""
    longest: dict[str, int] = {}
    for section in form:
        longest[section.label] = max(longest.get(section.label, 0), section.bars)
    return longest


def entries(rng: random.Random, section: Section, roles: Sequence[str], rest: float) -> list[int | None]:
    """For each player the bar of the section at which he enters, None if he rests.

    Somebody always plays from the start.

    rest: probability that a player of a full section rests.
    """
    count = len(roles)
    if section.kind == "build":
        order = rng.sample(range(count), count)
        step = max(1, section.bars // max(2, count)) if section.bars < 8 else max(1, section.bars // min(4, count))
        entering: list[int | None] = [None] * count
        for place, player in enumerate(order):
            entering[player] = place * step if place * step < section.bars else None
    elif section.kind in ("intro", "ending", "break"):
        drummed = rng.random() < 0.3
        some = set(rng.sample(range(count), max(1, round(count * rng.uniform(0.2, 0.6)))))
        entering = [0 if player in some or (drummed and role == "drums") else None for player, role in enumerate(roles)]
        if section.kind == "break" and not drummed:
            entering = [None if role == "drums" and count > 1 else at for role, at in zip(roles, entering, strict=True)]
    else:
        chance = {"drums": rest * 0.4, "bass": rest * 0.5}
        entering = [None if rng.random() < chance.get(role, rest) else 0 for role in roles]
    if not any(at == 0 for at in entering):
        entering[rng.randrange(count)] = 0
    return entering
