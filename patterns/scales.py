"""Scales: what a performer calls a key → the pitch classes that belong to it. Knows no notes and no model."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "harmonic_minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic_minor": (0, 2, 3, 5, 7, 9, 11),
    "harmonic_major": (0, 2, 4, 5, 7, 8, 11),
    "phrygian_dominant": (0, 1, 4, 5, 7, 8, 10),
    "lydian_dominant": (0, 2, 4, 6, 7, 9, 10),
    "altered": (0, 1, 3, 4, 6, 8, 10),
    "hungarian_minor": (0, 2, 3, 6, 7, 8, 11),
    "double_harmonic": (0, 1, 4, 5, 7, 8, 11),
    "major_pentatonic": (0, 2, 4, 7, 9),
    "minor_pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "major_blues": (0, 2, 3, 4, 7, 9),
    "whole_tone": (0, 2, 4, 6, 8, 10),
    "diminished": (0, 2, 3, 5, 6, 8, 9, 11),
    "half_whole_diminished": (0, 1, 3, 4, 6, 7, 9, 10),
    "augmented": (0, 3, 4, 7, 8, 11),
    "chromatic": tuple(range(12)),
}
"""Scale names → semitones above the tonic, ascending from 0; melodic minor is the ascending one."""

_OTHER_NAMES = {
    "maj": "major",
    "ionian": "major",
    "min": "minor",
    "aeolian": "minor",
    "natural_minor": "minor",
    "harmonic": "harmonic_minor",
    "melodic": "melodic_minor",
    "melodic_minor_asc": "melodic_minor",
    "jazz_minor": "melodic_minor",
    "pentatonic": "major_pentatonic",
    "major_pent": "major_pentatonic",
    "minor_pent": "minor_pentatonic",
    "minor_blues": "blues",
    "blues_minor": "blues",
    "blues_major": "major_blues",
    "whole": "whole_tone",
    "octatonic": "diminished",
    "whole_half_diminished": "diminished",
    "dominant_diminished": "half_whole_diminished",
    "super_locrian": "altered",
    "byzantine": "double_harmonic",
    "spanish": "phrygian_dominant",
    "free": "chromatic",
}

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {
    "": 0, "#": 1, "♯": 1, "s": 1, "sharp": 1, "b": -1, "♭": -1, "f": -1, "flat": -1,
    "##": 2, "ss": 2, "x": 2, "bb": -2, "ff": -2, "♮": 0,
}  # fmt: skip
_SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}
_TONIC = re.compile(r"([A-G])\s*([^\s\d-]*)\s*(-?\d+)?", re.IGNORECASE)


class UnknownScale(ValueError):  # noqa: N818 - reads as the sentence it is raised for
    """A tonic or a scale that is none; the text says which ones come near."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A tonic and the notes over it.

    Attributes:
        tonic: a letter with "#" or "b", as in "F#".
        name: a key of SCALES, or the semitones themselves, as in "0 2 4 7".
        pitch_classes: the notes that belong to it, 0 = C … 11 = B.
    """

    tonic: str
    name: str
    pitch_classes: frozenset[int]

    def __contains__(self, pitch: int) -> bool:
        """Whether a MIDI pitch belongs to the scale."""
        return pitch % 12 in self.pitch_classes

    def __str__(self) -> str:
        return f"{self.tonic} {self.name}"


def scale(tonic: str, name: str) -> Scale:
    """The scale of a name over a tonic.

    Args:
        tonic: a note name in the spelling of either client, any case: "c", ":cs", "eb", "Ef", "C#", "F♯", "b flat";
            an octave is ignored ("fs4").
        name: a key of SCALES or another usual name for one, in any case with spaces, hyphens or underscores; or
            semitones above the tonic, 0 to 11, as in "0 2 4 7".

    Raises:
        UnknownScale: neither; the text names the nearest ones.
    """
    spelled, pitch_class = _tonic(tonic)
    found, semitones = _semitones(name)
    return Scale(spelled, found, frozenset((pitch_class + semitone) % 12 for semitone in semitones))


def _tonic(text: str) -> tuple[str, int]:
    match = _TONIC.fullmatch(_bare(text))
    shift = _ACCIDENTALS.get(match[2].lower()) if match else None
    if match is None or shift is None:
        raise UnknownScale(
            f'a tonic is a letter A to G, perhaps sharp (cs, C#) or flat (eb, Ef), not "{text.strip()[:40]}"'
        )
    letter = match[1].upper()
    return letter + _SIGNS[shift], (_LETTERS[letter] + shift) % 12


def _semitones(text: str) -> tuple[str, tuple[int, ...]]:
    bare = _bare(text)
    if re.fullmatch(r"[\d\s,]*\d[\d\s,]*", bare):
        semitones = sorted({int(number) for number in re.findall(r"\d{1,4}", bare)})
        if semitones[-1] > 11:
            raise UnknownScale(f"semitones above the tonic are 0 to 11, not {semitones[-1]}")
        return " ".join(map(str, semitones)), tuple(semitones)
    symbol = re.sub(r"[^a-z]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", bare).lower()).strip("_")
    symbol = symbol.removesuffix("_scale").removesuffix("_mode")
    found = _OTHER_NAMES.get(symbol, symbol)
    if found not in SCALES:
        near = difflib.get_close_matches(symbol[:40], [*SCALES, *_OTHER_NAMES], n=4, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(SCALES)}"
        raise UnknownScale(f'no scale is called "{text.strip()[:40]}"; {hint}, or name semitones as in "0 2 4 7"')
    return found, SCALES[found]


def _bare(text: str) -> str:
    """Without the colon of a Ruby symbol or the backslash of a SuperCollider one."""
    return text.strip().lstrip(":\\").strip()
