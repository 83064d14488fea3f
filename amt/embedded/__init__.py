"""The model shipped in the package, so that music needs no download; README.md beside this is its model card."""

from pathlib import Path

PATH = Path(__file__).parent / "model"
