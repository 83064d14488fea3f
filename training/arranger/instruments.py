"""General MIDI for arrangers: the drum kit's names, ranges that sound right, and who may stand in for whom."""

from __future__ import annotations

from patterns.note import DRUMS

KIT = {
    "kick": 36,
    "kick2": 35,
    "snare": 38,
    "snare2": 40,
    "clap": 39,
    "rim": 37,
    "hat": 42,
    "pedal": 44,
    "open": 46,
    "ride": 51,
    "bell": 53,
    "ride2": 59,
    "crash": 49,
    "crash2": 57,
    "splash": 55,
    "china": 52,
    "tom1": 50,
    "tom2": 48,
    "tom3": 47,
    "tom4": 45,
    "tom5": 43,
    "tom6": 41,
    "tambourine": 54,
    "cowbell": 56,
    "bongo1": 60,
    "bongo2": 61,
    "conga_mute": 62,
    "conga1": 63,
    "conga2": 64,
    "timbale1": 65,
    "timbale2": 66,
    "agogo1": 67,
    "agogo2": 68,
    "cabasa": 69,
    "shaker": 82,
    "maracas": 70,
    "guiro": 73,
    "claves": 75,
    "block1": 76,
    "block2": 77,
    "triangle": 81,
    "surdo_mute": 86,
    "surdo": 87,
}

# Programs that may replace one another in an arrangement.
FAMILIES = (
    (0, 1, 2, 3),  # pianos
    (4, 5, 2, 7),  # electric keys
    (6, 7, 46),  # plucked keys
    (8, 9, 10, 11, 12, 13, 14, 98),  # bells and mallets
    (16, 17, 18, 19, 20),  # organs
    (21, 22, 23),  # reeds
    (24, 25, 26, 27, 28),  # clean guitars
    (29, 30, 30, 29, 31),  # distorted guitars
    (32, 33, 34, 35, 36, 37),  # basses
    (38, 39, 87, 38),  # synth basses
    (40, 41, 42, 110),  # solo strings
    (44, 48, 49, 50, 51),  # string sections
    (45, 46, 24),  # plucked strings
    (52, 53, 54, 91),  # voices
    (56, 57, 58, 59, 60),  # brass
    (61, 62, 63),  # brass sections
    (64, 65, 66, 67),  # saxophones
    (68, 69, 70, 71),  # reeds of the orchestra
    (72, 73, 74, 75, 77, 78, 79),  # flutes
    (80, 81, 82, 84, 85, 86, 87),  # synth leads
    (88, 89, 90, 92, 93, 94, 95),  # pads
    (96, 97, 99, 100, 101, 102, 103),  # effects that play notes
    (104, 105, 106, 107, 108),  # plucked strings of the world
    (112, 113, 114, 108),  # tuned metal
    (47, 116, 117, 118),  # drums with a pitch
)
_RANGES = {
    32: (26, 60),
    38: (24, 62),
    40: (55, 96),
    41: (48, 84),
    42: (36, 76),
    43: (24, 60),
    46: (28, 98),
    47: (36, 60),
    56: (52, 86),
    57: (36, 76),
    58: (26, 60),
    60: (38, 80),
    68: (58, 90),
    70: (34, 74),
    71: (50, 90),
    72: (74, 104),
    73: (60, 98),
}
_FAMILY_RANGES = (
    (21, 108),  # piano
    (48, 100),  # chromatic percussion
    (36, 96),  # organ
    (38, 88),  # guitar
    (26, 60),  # bass
    (28, 98),  # strings
    (30, 96),  # ensemble
    (34, 86),  # brass
    (36, 90),  # reed
    (54, 98),  # pipe
    (30, 100),  # synth lead
    (36, 96),  # pad
    (36, 96),  # effects
    (40, 92),  # world
    (36, 90),  # percussive
    (24, 96),  # sound effects
)


def compass(program: int) -> tuple[int, int]:
    """Lowest and highest pitch that an arrangement gives to a program."""
    if program == DRUMS:
        return 27, 87
    return _RANGES.get(program, _FAMILY_RANGES[program // 8])


def stand_ins(program: int) -> tuple[int, ...]:
    """The programs that may replace one, itself among them."""
    for family in FAMILIES:
        if program in family:
            return family
    return (program,)
