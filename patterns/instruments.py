"""What performers call instruments → General MIDI programs and drum keys. Knows no model and no network.

The one place where a name becomes numbers. Case, spaces, underscores, hyphens and a plural s do not matter, so that
:electric_bass_finger, \\electricBassFinger and "Electric Bass (finger)" are the same.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from dataclasses import dataclass, replace

from patterns.general_midi import FAMILIES, PERCUSSION, PROGRAMS
from patterns.note import DRUMS

__all__ = [
    "ALIASES",
    "DRUM_KEYS",
    "FAMILIES",
    "PERCUSSION",
    "PROGRAMS",
    "Choice",
    "UnknownInstrument",
    "choose",
    "name_of",
]

MAX_WEIGHT = 10.0

ALIASES: dict[int | range, str] = {
    0: "piano, grand, grand piano, acoustic piano, pno",
    1: "bright piano",
    3: "honky tonk",
    4: "electric piano, epiano, ep, rhodes, keys, keyboard, wurlitzer, wurli",
    5: "dx7, fm, fm piano",
    6: "cembalo",
    7: "clavinet, clav",
    FAMILIES["Piano"]: "pianos",
    8: "celeste",
    9: "glock",
    11: "vibes, vibe, vib",
    14: "bells, bell, chimes",
    FAMILIES["Chromatic Percussion"]: "mallets",
    16: "organ, hammond, b3",
    17: "jazz organ",
    19: "pipe organ",
    20: "harmonium",
    22: "blues harp",
    23: "bandoneon",
    FAMILIES["Organ"]: "organs",
    24: "nylon guitar, nylon, classical guitar, spanish guitar, ukulele, pluck",
    25: "guitar, gtr, acoustic guitar, steel guitar, mandolin",
    26: "jazz guitar",
    27: "electric guitar, eguitar, clean guitar",
    28: "muted guitar",
    29: "overdrive, overdrive guitar, rock guitar",
    30: "distortion, distorted guitar",
    FAMILIES["Guitar"]: "guitars",
    32: "upright, upright bass, walking bass",
    33: "bass, electric bass, ebass, bass guitar, finger bass, fingered bass",
    34: "pick bass, picked bass",
    35: "fretless",
    36: "slap, slap bass",
    38: "synth bass, bass synth, acid, tb303",
    39: "sub, sub bass",
    FAMILIES["Bass"]: "basses",
    40: "vln",
    41: "vla",
    42: "violoncello, vc",
    43: "double bass, string bass",
    44: "tremolo",
    45: "pizzicato, pizz",
    46: "harp",
    47: "kettle drums, timp",
    48: "string ensemble, string section",
    49: "slow strings",
    50: "synth strings",
    52: "choir, vocals, aahs",
    53: "voice, vox, oohs",
    55: "orchestral hit, hit",
    56: "tpt",
    57: "tbn",
    60: "horn",
    61: "horns, horn section",
    62: "synth brass",
    64: "soprano, soprano saxophone",
    65: "alto, alto saxophone",
    66: "sax, saxophone, tenor, tenor saxophone",
    67: "bari, bari sax, baritone, baritone saxophone",
    69: "cor anglais",
    range(64, 68): "saxes, saxophones",
    range(64, 80): "woodwinds, woodwind",
    75: "panpipe",
    76: "bottle",
    80: "square, square lead, chiptune",
    81: "lead, synth, saw, saw lead, sawtooth",
    82: "calliope",
    84: "charang",
    85: "voice lead",
    86: "fifths",
    FAMILIES["Synth Lead"]: "leads",
    88: "new age, new age pad",
    89: "pad, warm, warm pad",
    90: "polysynth, polysynth pad",
    91: "choir pad",
    92: "bowed pad, glass pad",
    93: "metallic pad",
    94: "halo, halo pad",
    95: "sweep, sweep pad",
    FAMILIES["Synth Pad"]: "pads",
    96: "rain",
    97: "soundtrack",
    98: "crystal",
    99: "atmosphere",
    100: "brightness",
    101: "goblins",
    102: "echoes",
    103: "scifi",
    FAMILIES["Synth Effects"]: "fx",
    108: "thumb piano",
    111: "shehnai",
    114: "steelpan",
    116: "taiko",
    FAMILIES["Sound Effects"]: "sfx",
}
"""What a program number, or any of several, is called every day; names apart from the ones that General MIDI gives."""

DRUM_KEYS: dict[str, frozenset[int]] = {
    name: frozenset(keys)
    for names, *keys in (
        ("kick, bass drum, bd", 35, 36),
        ("snare, sd, sn", 38, 40),
        ("rimshot, rim, cross stick", 37),
        ("clap, cp", 39),
        ("hihat, hat, hh", 42, 44, 46),
        ("closed hat, ch", 42),
        ("pedal hat", 44),
        ("open hat, oh", 46),
        ("tom", 41, 43, 45, 47, 48, 50),
        ("floor tom", 41, 43),
        ("mid tom", 47, 48),
        ("hi tom", 50),
        ("cymbal", 49, 51, 52, 53, 55, 57, 59),
        ("crash, crash cymbal", 49, 57),
        ("ride, ride cymbal", 51, 53, 59),
        ("splash", 55),
        ("china", 52),
        ("tamb", 54),
        ("bongo", 60, 61),
        ("conga", 62, 63, 64),
        ("timbale", 65, 66),
        ("shaker", 69, 70),
        ("guiro", 73, 74),
        ("cuica", 78, 79),
        ("triangle", 80, 81),
        ("click, metronome", 33, 34),
        ("percussion, perc", 54, 56, 58, *range(60, 82)),
    )
    for name in names.split(", ")
}
"""Everyday names of the kit's pieces → the keys that are such a piece. Each key's own name stands in PERCUSSION."""

_KIT_NAMES = ("drums", "drum kit", "drum set", "kit", "drummer")


class UnknownInstrument(ValueError):  # noqa: N818 - reads as the sentence it is raised for
    """A name that means no instrument; the text says which ones come near."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Instruments that a name stands for.

    Attributes:
        name: as a symbol (lower case, underscores); choosing it gives the same programs and keys.
        programs: General MIDI programs 0–127, or 128 for the drum kit; any of them may play.
        keys: the drum keys it is confined to; None for no such limit.
        weight: how much of the music it should have, relative to the others; above 0, at most 10.
    """

    name: str
    programs: frozenset[int]
    keys: frozenset[int] | None = None
    weight: float = 1.0

    @property
    def spoken(self) -> str:
        """What `choose` makes the same of: the name, followed by the weight where it has one ("bass:0.5")."""
        return self.name if self.weight == 1 else f"{self.name}:{self.weight:.15g}"


def choose(name: str) -> Choice:
    """The instruments that a name stands for.

    Args:
        name: a General MIDI name ("fretless_bass"), an everyday alias ("rhodes", "bass": one program), a family
            ("strings", "guitars", "bass family": its 8 programs), "drums", a piece of the kit ("snare"), or a
            number "0" to "128"; optionally followed by ":weight" ("bass:0.5").

    Raises:
        UnknownInstrument: none of these; the text names the nearest ones.
    """
    spoken, colon, weight = name.strip().lstrip(":\\").partition(":")
    found = _find(spoken, _compact(spoken))
    return replace(found, weight=_weight(name, weight)) if colon else found


def name_of(program: int) -> str:
    """The General MIDI name of a program 0–127; "Drums" for 128.

    Raises:
        ValueError: another number.
    """
    if program == DRUMS:
        return "Drums"
    if not 0 <= program < DRUMS:
        raise ValueError(f"a program is 0 to 127, or {DRUMS} for drums, not {program}")
    return PROGRAMS[program]


def _find(spoken: str, compact: str) -> Choice:
    if re.fullmatch(r"\s*[+-]?[0-9]+\s*", spoken):
        number = int(spoken[:20])
        if not 0 <= number <= DRUMS:
            raise UnknownInstrument(f"an instrument's number is 0 to 127, or {DRUMS} for drums, not {number}")
        return _BY_COMPACT_NAME[_compact(name_of(number))]
    for form in (compact, compact.removesuffix("s"), compact + "s", compact.removesuffix("es")):
        if form in _BY_COMPACT_NAME:
            return _BY_COMPACT_NAME[form]
    shown = spoken.strip()[:40]
    near = _nearest(compact[:40])
    hint = f"did you mean {', '.join(near)}?" if near else f"families are {', '.join(map(_symbol, FAMILIES))}"
    raise UnknownInstrument(f'no instrument is called "{shown}"; {hint}')


def _nearest(compact: str) -> list[str]:
    """Up to four names that look like this one, then names that contain it."""
    close = difflib.get_close_matches(compact, _BY_COMPACT_NAME, n=8, cutoff=0.6)
    containing = [form for form in _BY_COMPACT_NAME if len(compact) > 2 and compact in form]
    return list(dict.fromkeys(_BY_COMPACT_NAME[form].name for form in close + containing))[:4]


def _weight(name: str, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 < weight <= MAX_WEIGHT:
        raise UnknownInstrument(
            f'the weight in "{name.strip()[:40]}" is a number above 0 and at most {MAX_WEIGHT:g}, as in "bass:0.5"'
        )
    return weight


def _compact(name: str) -> str:
    """Letters and digits only, without case or accents: what two spellings of one name share."""
    return "".join(c for c in unicodedata.normalize("NFKD", name).casefold() if c.isalnum())


def _symbol(name: str) -> str:
    """A name as a live coder's symbol: "Electric Bass (finger)" → "electric_bass_finger"."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _named_choices() -> list[tuple[str, Choice]]:
    """Every name and what it stands for; where two names compact alike the earlier one holds."""

    def of(name: str, meant: int | range, keys: frozenset[int] | None = None) -> tuple[str, Choice]:
        return name, Choice(_symbol(name), frozenset([meant] if isinstance(meant, int) else meant), keys)

    return [
        *(of(name, meant) for meant, names in ALIASES.items() for name in names.split(", ")),
        *(of(name, DRUMS) for name in _KIT_NAMES),
        *(of(name, program) for program, name in enumerate(PROGRAMS)),
        *(of(name, programs) for name, programs in FAMILIES.items()),
        *(of(f"{name} family", programs) for name, programs in FAMILIES.items()),
        *(of(name, DRUMS, keys) for name, keys in DRUM_KEYS.items()),
        *(of(name, DRUMS, frozenset([key])) for key, name in PERCUSSION.items()),
    ]


_BY_COMPACT_NAME: dict[str, Choice] = {_compact(name): choice for name, choice in reversed(_named_choices())}
