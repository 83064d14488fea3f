"""The tables inside sonic_pi/amt.rb say what patterns.instruments and amt.keys say. Needs Ruby, but no Sonic Pi."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

from amt.keys import KEYS
from patterns.instruments import FAMILIES, PROGRAMS, choose
from tests.conftest import require

FOLDER = Path(__file__).parents[2] / "sonic_pi"
SPOKEN = [
    *PROGRAMS, *FAMILIES, "Piano family", "drums", ":rhodes", "upright_bass", "electricBassFinger", "violins", "kicks",
    "snare", "Closed Hi-Hat", "33", "128", "bass:0.5", "Électric piano", "string ensembles", "hi hats",
]  # fmt: skip


def ruby(code: str) -> object:
    """What Ruby code that prints JSON prints, with the classes of amt.rb at hand."""
    require(shutil.which("ruby") is not None, "Ruby")
    script = f"require 'json'; load {str(FOLDER / 'amt.rb')!r}; {code}"
    return json.loads(
        subprocess.run(["ruby", "-e", script], check=True, capture_output=True, text=True, timeout=30).stdout
    )


def test_the_tables_are_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("write_tables", FOLDER / "write_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    source = module.CLIENT.read_text("utf-8")
    assert module.with_tables(source) == source, "run: python sonic_pi/write_tables.py"


def test_ruby_finds_the_instruments_that_python_finds() -> None:
    found = ruby(f"puts JSON.parse({json.dumps(json.dumps(SPOKEN))}).map {{ |name| AmtBand.find(name) }}.to_json")
    expected = [choose(name) for name in SPOKEN]
    assert found == [[sorted(one.programs), sorted(one.keys) if one.keys else None] for one in expected]


def test_ruby_knows_every_key_with_as_many_values() -> None:
    found = ruby("puts AmtBand::KEYS.transform_values { |kinds| kinds.map { |kind| kind[1] } }.to_json")
    kinds = {int: "i", float: "f", str: "s"}
    assert found == {key.name: [kinds[argument.kind] for argument in key.arguments] for key in KEYS.values()}
