"""Token blocks of the Anticipatory Music Transformer: three tokens an event (time, duration, note), 10 ms steps.

Source: Thickstun et al., "Anticipatory Music Transformer", arXiv 2306.08620, and its published vocabulary.
Knows numbers only: how events become sequences stands in amt.anticipation.
"""

from __future__ import annotations

from patterns.note import DRUMS

STEPS_PER_SECOND = 100
MAX_TIME = 10_000
"""Event times are 0 … MAX_TIME - 1 steps from the window's start."""
MAX_DURATION = 1_000
"""Durations are 0 … MAX_DURATION - 1 steps; 0 stands only with REST."""
PITCHES = 128
INSTRUMENTS = DRUMS + 1

TIME = 0
DURATION = TIME + MAX_TIME
NOTE = DURATION + MAX_DURATION
REST = NOTE + INSTRUMENTS * PITCHES
CONTROL = REST + 1
"""Controls are the time, duration and note blocks again, CONTROL tokens further on."""
SPECIAL = CONTROL + MAX_TIME + MAX_DURATION + INSTRUMENTS * PITCHES
SEPARATOR = SPECIAL
AUTOREGRESS = SPECIAL + 1
ANTICIPATE = SPECIAL + 2
VOCABULARY = SPECIAL + 3

EVENT_TOKENS = 3
WINDOW = 1_024
"""Positions the model reads: one flag and up to 341 events."""
ANTICIPATION = 5 * STEPS_PER_SECOND
"""How far ahead of its time a control stands, in steps (δ in the paper)."""
REST_STEPS = STEPS_PER_SECOND
"""The longest gap between two events; a longer one is filled with REST."""


def note_token(instrument: int, pitch: int) -> int:
    """The event token of a note: instrument 0–127 or 128 for drums, pitch 0–127.

    Raises:
        ValueError: out of these ranges.
    """
    if not 0 <= instrument < INSTRUMENTS or not 0 <= pitch < PITCHES:
        raise ValueError(f"no token for instrument {instrument}, pitch {pitch}")
    return NOTE + instrument * PITCHES + pitch


def instrument_and_pitch(token: int) -> tuple[int, int]:
    """The instrument and pitch of an event's note token.

    Raises:
        ValueError: not a note token (REST is none).
    """
    if not NOTE <= token < REST:
        raise ValueError(f"{token} is no note token; those are {NOTE} to {REST - 1}")
    return divmod(token - NOTE, PITCHES)
