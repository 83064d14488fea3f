"""A model folder and MIDI files that tests of the fine-tuning make up."""

from __future__ import annotations

from pathlib import Path

import torch

from patterns import midi
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import DRUMS, Note
from training import checkpoint
from training.config import Network
from training.network import Model


def model(folder: Path, quantization: str = "q4f32_1") -> Path:
    """Two layers 32 wide, untrained, with rows large enough to tell tokens apart."""
    torch.manual_seed(0)
    made = Model(Network(2, 32, 2))
    with torch.no_grad():
        for table in made.embedding.parameters():
            table.mul_(10)
    checkpoint.write_model(made, folder, quantization)
    return folder


def riff(path: Path, bars: int = 6, shift: int = 0, meter: Meter | None = None, tempo: float = 120.0) -> Path:
    """A bass and drums in eighths that repeat each bar, `shift` semitones higher."""
    meter = meter or Meter()
    eighths = range(meter.bar_ticks // 240)
    notes = [
        *(Note(240 * beat, 33, 36 + shift + (0, 0, 7, 5)[beat % 4], 200) for beat in eighths),
        *(Note(240 * beat, DRUMS, 42 if beat % 2 else 36, 60) for beat in eighths),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    midi.write(path, [Bar(index, meter, tuple(notes)) for index in range(bars)], [tempo] * bars)
    return path
