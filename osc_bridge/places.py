"""Where things lie on this computer: pulled models, saved music, the client scripts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from amt import embedded, weights
from amt.config import ModelError

EMBEDDED = "embedded"
"""The name of the model shipped in the package."""


def data() -> Path:
    """This user's folder for data that a program keeps (XDG_DATA_HOME, or macOS's Application Support)."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "midinfinite-osc"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "midinfinite-osc"


def models() -> Path:
    """Where `pull` puts models, a folder for each, named as on the hub."""
    return data() / "models"


def model(name: str) -> Path:
    """The folder of a model: "embedded", a path, or the name of a pulled one.

    What a model was made of, a checkpoint or a folder of music, may have its name: a folder that holds a model goes
    first.

    Raises:
        ModelError: there is none; the text says what to do.
    """
    if name == EMBEDDED:
        return embedded.PATH
    folders = [folder for folder in (Path(name).expanduser(), models() / name) if name and folder.is_dir()]
    if folders:
        return next((folder for folder in folders if (folder / weights.CONFIG).is_file()), folders[0])
    hint = f"midinfinite-osc pull {name}" if name.count("/") == 1 and not name.startswith((".", "/", "~")) else ""
    raise ModelError(
        f"no model at {name or repr(name)}: give a model folder, {EMBEDDED!r}"
        + (f", or fetch it first with: {hint}" if hint else "")
    )


def workspace() -> Path:
    """Where music is saved unless said otherwise."""
    return Path.home() / "midinfinite-osc"


def client(name: str) -> Path:
    """The folder of a client's scripts, "supercollider" or "sonic_pi": in the installed package or the checkout."""
    installed = Path(__file__).parent / "clients" / name
    return installed if installed.is_dir() else Path(__file__).parent.parent / name
