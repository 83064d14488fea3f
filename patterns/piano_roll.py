"""Bars as a picture: a piano roll with one colour per instrument and the drums in a lane of their own."""

from __future__ import annotations

import colorsys
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw, ImageFont

from patterns.atomic import write_atomically
from patterns.bar import Bar
from patterns.instruments import PERCUSSION, name_of
from patterns.meter import TICKS_PER_BEAT
from patterns.note import DRUMS, Note

_SMOOTHING = 2  # drawn this many times larger, then averaged: soft corners
_SHARPNESS = 2 * _SMOOTHING  # pixels drawn per unit of length; the picture has two, for hi-dpi screens

_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 104, 20, 16, 16, 10
_LEGEND_ROW, _RULER = 26, 24
_DRUM_ROW = 14
_LEGEND_FONT, _LABEL_FONT, _DRUM_FONT = 13, 12, 10.5
_ROLL_HEIGHT, _MIN_ROW, _MAX_ROW = 340, 4, 11
_ROLL_WIDTH, _MIN_BEAT, _MAX_WIDTH = 1076, 14.0, 4000
_LEAST_RANGE = 24  # semitones shown at least

_BACKGROUND = (15, 17, 23)
_ROW_LIGHT, _ROW_DARK = (27, 30, 40), (22, 25, 33)
_BEAT_LINE, _BAR_LINE, _OCTAVE_LINE = (44, 49, 64), (92, 100, 124), (50, 56, 73)
_TEXT, _BRIGHT_TEXT = (136, 146, 168), (226, 230, 240)
_DRUM_COLOUR = (238, 240, 246)
_PALETTE = (
    (76, 201, 240), (255, 183, 77), (240, 98, 146), (129, 212, 130), (179, 136, 255), (255, 138, 101),
    (77, 208, 185), (255, 238, 110), (121, 150, 255), (220, 150, 220), (174, 213, 80), (188, 160, 140),
)  # fmt: skip
_BLACK_KEYS = frozenset({1, 3, 6, 8, 10})

Colour = tuple[int, int, int]


def draw(path: str | os.PathLike[str], bars: Sequence[Bar]) -> None:
    """Draws bars, one after another, into a PNG; velocity is opacity, notes that ring past the last bar are cut there.

    Raises:
        ValueError: no bars.
        OSError: the file cannot be written; a file that stood there is as it was.
    """
    if not bars:
        raise ValueError("a piano roll needs at least one bar")
    buffer = io.BytesIO()
    render(bars).save(buffer, "PNG", optimize=True)
    write_atomically(path, buffer.getvalue())


def render(bars: Sequence[Bar]) -> Image.Image:
    """The picture itself, RGB, two pixels to each unit of length."""
    page = _Page.of(bars)
    picture = Image.new("RGB", (_pixels(page.width), _pixels(page.height)), _BACKGROUND)
    canvas = _Canvas(picture)
    _draw_rows(canvas, page)
    _draw_lines(canvas, page)
    for note in sorted(page.notes, key=lambda note: -note.duration):
        _draw_note(canvas, page, note)
    _draw_legend(canvas, page)
    return picture.reduce(_SMOOTHING)


@dataclass(frozen=True)
class _Page:
    """Where everything stands, in units of length."""

    bars: Sequence[Bar]
    notes: Sequence[Note]
    starts: Sequence[int]
    low: int
    high: int
    drum_keys: Sequence[int]
    colours: dict[int, Colour]
    legend: Sequence[Sequence[tuple[int, float]]]
    beat: float
    row: float

    @classmethod
    def of(cls, bars: Sequence[Bar]) -> _Page:
        starts = [0]
        for bar in bars:
            starts.append(starts[-1] + bar.meter.bar_ticks)
        notes = [
            replace(note, onset=start + note.onset, duration=min(note.duration, starts[-1] - start - note.onset))
            for start, bar in zip(starts, bars, strict=False)
            for note in bar.notes
        ]
        pitches = [note.pitch for note in notes if not note.is_drum]
        low, high = _pitch_range(pitches)
        beats = starts[-1] / TICKS_PER_BEAT
        beat = min(max(_ROLL_WIDTH / beats, _MIN_BEAT), _MAX_WIDTH / beats)
        instruments = sorted({note.instrument for note in notes})
        return cls(
            bars,
            notes,
            starts,
            low,
            high,
            sorted({note.pitch for note in notes if note.is_drum}),
            dict(zip(instruments, _colours(instruments), strict=True)),
            list(_legend_rows(instruments, _LEFT + beat * beats)),
            beat,
            max(_MIN_ROW, min(_MAX_ROW, _ROLL_HEIGHT / (high - low + 1))),
        )

    @property
    def has_pitches(self) -> bool:
        return any(not note.is_drum for note in self.notes) or not self.drum_keys

    @property
    def roll_top(self) -> float:
        return _TOP + _LEGEND_ROW * len(self.legend) + _RULER

    @property
    def roll_bottom(self) -> float:
        return self.roll_top + (self.row * (self.high - self.low + 1) if self.has_pitches else 0)

    @property
    def drums_top(self) -> float:
        return self.roll_bottom + (_GAP if self.has_pitches and self.drum_keys else 0)

    @property
    def drums_bottom(self) -> float:
        return self.drums_top + _DRUM_ROW * len(self.drum_keys)

    @property
    def lanes(self) -> list[tuple[float, float]]:
        """Tops and bottoms of the roll and of the drum lane, where they exist."""
        both = [(self.roll_top, self.roll_bottom), (self.drums_top, self.drums_bottom)]
        return [(top, bottom) for top, bottom in both if bottom > top]

    @property
    def width(self) -> float:
        return self.x(self.starts[-1]) + _RIGHT

    @property
    def height(self) -> float:
        return self.drums_bottom + _BOTTOM

    def x(self, tick: int) -> float:
        return _LEFT + self.beat * tick / TICKS_PER_BEAT

    def y(self, note: Note) -> tuple[float, float]:
        """Top and height of a note's row."""
        if note.is_drum:
            return self.drums_bottom - _DRUM_ROW * (self.drum_keys.index(note.pitch) + 1), _DRUM_ROW
        return self.pitch_top(note.pitch), self.row

    def pitch_top(self, pitch: int) -> float:
        return self.roll_top + self.row * (self.high - pitch)


class _Canvas:
    """Draws in units instead of pixels; colours may carry an opacity 0–255."""

    def __init__(self, picture: Image.Image) -> None:
        self._draw = ImageDraw.Draw(picture, "RGBA")

    def box(
        self, left: float, top: float, right: float, bottom: float, colour: tuple[int, ...], radius: float = 0
    ) -> None:
        x0, y0 = _pixels(left), _pixels(top)
        x1, y1 = max(x0, _pixels(right) - 1), max(y0, _pixels(bottom) - 1)
        self._draw.rounded_rectangle((x0, y0, x1, y1), min(radius * _SHARPNESS, (x1 - x0) / 2, (y1 - y0) / 2), colour)

    def text(self, x: float, y: float, text: str, colour: Colour, size: float, anchor: str) -> None:
        self._draw.text((_pixels(x), _pixels(y)), text, colour, _font(size), anchor)


def _draw_rows(canvas: _Canvas, page: _Page) -> None:
    right = page.x(page.starts[-1])
    if page.has_pitches:
        for pitch in range(page.low, page.high + 1):
            top = page.pitch_top(pitch)
            canvas.box(_LEFT, top, right, top + page.row, _ROW_DARK if pitch % 12 in _BLACK_KEYS else _ROW_LIGHT)
            if pitch % 12 == 0:
                canvas.box(_LEFT, top + page.row - 0.5, right, top + page.row, _OCTAVE_LINE)
                canvas.text(_LEFT - 8, top + page.row / 2, f"C{pitch // 12 - 1}", _TEXT, _LABEL_FONT, "rm")
    for index, key in enumerate(page.drum_keys):
        top = page.drums_bottom - _DRUM_ROW * (index + 1)
        canvas.box(_LEFT, top, right, top + _DRUM_ROW, _ROW_DARK if index % 2 else _ROW_LIGHT)
        canvas.text(_LEFT - 8, top + _DRUM_ROW / 2, _short(PERCUSSION.get(key, f"Key {key}")), _TEXT, _DRUM_FONT, "rm")


def _draw_lines(canvas: _Canvas, page: _Page) -> None:
    numbered_to, meter = 0.0, None
    for start, bar in zip(page.starts, page.bars, strict=False):
        x = page.x(start)
        for top, bottom in page.lanes:
            if page.beat >= 6:
                for tick in range(TICKS_PER_BEAT, bar.meter.bar_ticks, TICKS_PER_BEAT):
                    beat = page.x(start + tick)
                    canvas.box(beat, top, beat + 0.5, bottom, _BEAT_LINE)
            canvas.box(x - 0.5, top, x + 0.5, bottom, _BAR_LINE)
        if x >= numbered_to:
            label = f"{bar.index}" if bar.meter == meter else f"{bar.index}   {bar.meter}"
            canvas.text(x + 1, page.roll_top - 7, label, _TEXT, _LABEL_FONT, "ls")
            numbered_to = x + _text_width(label, _LABEL_FONT) + 10
            meter = bar.meter
    for top, bottom in page.lanes:
        canvas.box(page.x(page.starts[-1]) - 0.5, top, page.x(page.starts[-1]) + 0.5, bottom, _BAR_LINE)


def _draw_note(canvas: _Canvas, page: _Page, note: Note) -> None:
    top, height = page.y(note)
    left, right = page.x(note.onset), page.x(note.onset + note.duration)
    opacity = 80 + round(175 * note.velocity / 127)
    colour = (*page.colours[note.instrument], opacity)
    if note.is_drum:
        # A drum has no length worth drawing: a hit, wide enough to be seen.
        size = min(height - 3, max(2.5, page.beat / 4 - 1))
        canvas.box(left, top + 1.5, left + size, top + height - 1.5, colour, radius=2)
    else:
        canvas.box(left + 0.5, top + 0.5, max(left + 2, right - 0.5), top + height - 0.5, colour, radius=2)


def _draw_legend(canvas: _Canvas, page: _Page) -> None:
    for row, entries in enumerate(page.legend):
        y = _TOP + _LEGEND_ROW * row + 6
        for instrument, x in entries:
            canvas.box(x, y - 5.5, x + 11, y + 5.5, page.colours[instrument], radius=3)
            canvas.text(x + 17, y, name_of(instrument), _BRIGHT_TEXT, _LEGEND_FONT, "lm")


def _legend_rows(instruments: Sequence[int], right: float) -> Iterator[list[tuple[int, float]]]:
    """Instruments and where their entries begin, as many in a row as fit."""
    row: list[tuple[int, float]] = []
    x = float(_LEFT)
    for instrument in instruments:
        width = 17 + _text_width(name_of(instrument), _LEGEND_FONT) + 20
        if row and x + width > right:
            yield row
            row, x = [], float(_LEFT)
        row.append((instrument, x))
        x += width
    if row:
        yield row


def _pitch_range(pitches: Sequence[int]) -> tuple[int, int]:
    """Lowest and highest pitch shown: a little room around the notes, at least _LEAST_RANGE semitones."""
    low, high = (min(pitches) - 2, max(pitches) + 2) if pitches else (60, 60)
    missing = max(0, _LEAST_RANGE - (high - low))
    low, high = low - missing // 2, high + missing - missing // 2
    return max(0, low), min(127, high)


def _colours(instruments: Sequence[int]) -> Iterator[Colour]:
    """A colour for each; past the palette, hues a golden angle apart."""
    pitched = 0
    for instrument in instruments:
        if instrument == DRUMS:
            yield _DRUM_COLOUR
            continue
        if pitched < len(_PALETTE):
            yield _PALETTE[pitched]
        else:
            red, green, blue = colorsys.hsv_to_rgb(pitched * 0.618034 % 1, 0.4 + 0.1 * (pitched % 4), 0.95)
            yield round(255 * red), round(255 * green), round(255 * blue)
        pitched += 1


def _short(name: str) -> str:
    return name.replace(" Cymbal", "").replace("Acoustic Bass Drum", "Bass Drum 2")


def _pixels(length: float) -> int:
    return round(length * _SHARPNESS)


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * _SHARPNESS)


def _text_width(text: str, size: float) -> float:
    return _font(size).getlength(text) / _SHARPNESS
