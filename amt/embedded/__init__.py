"""The model shipped in the package, so that music needs no download. Made by training/embed_bootstrap.py."""

from pathlib import Path

PATH = Path(__file__).parent / "model"
