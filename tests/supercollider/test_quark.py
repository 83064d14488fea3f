"""The quark as users get it: it installs, its help is complete, what it names is what the server names."""

from __future__ import annotations

import re
import shutil

import osc_bridge
from patterns.instruments import FAMILIES, PROGRAMS, choose
from tests.supercollider import tables

SPOKEN = (
    "rhodes", "upright_bass", "electricBassFinger", "drums", "snare", "Bass family", "string ensembles",
    "Closed Hi-Hat", "33", "128", "bass:0.5", "hi hats", "violins", "kicks",
)  # fmt: skip
WITH_EXAMPLES = ("AMT", "AMTPhrase", "Pamt", "AMTMap", "AMTNames", "AMTKeys", "AMTSynths", "Live-Coding-with-AMT")


def test_the_quark_installs_from_its_folder(sclang, quark_folder, test_folder, tmp_path):
    copy = tmp_path / "AMT"
    shutil.copytree(quark_folder, copy)
    sclang.include()
    installed = sclang.execute(test_folder / "scripts" / "install.scd", copy)
    assert installed.said("installed") == [["true", "AMT"]]
    assert str(copy) in sclang.configuration.read_text()
    compiled = sclang.execute(test_folder / "scripts" / "installed.scd")
    assert compiled.said("class") == [["AMT", str(copy / "Classes" / "AMT.sc")]]


def test_the_quark_has_the_version_of_the_server(quark_folder):
    assert f'version: "{osc_bridge.__version__}"' in (quark_folder / "AMT.quark").read_text()


def test_only_the_quark_lies_in_its_folder(quark_folder):
    """sclang compiles everything under an include path."""
    names = {path.name for path in quark_folder.iterdir() if not path.name.startswith(".")}
    assert names == {"AMT.quark", "Classes", "HelpSource", "examples"}
    assert {path.suffix for path in (quark_folder / "Classes").iterdir()} == {".sc"}


def test_help_is_complete_and_its_examples_compile(sclang, quark_folder, test_folder, tmp_path):
    pages = tmp_path / "pages"
    pages.mkdir()
    outcome = sclang.execute(test_folder / "scripts" / "help.scd", quark_folder, pages, seconds=110)
    classes, guides = outcome.said("class"), outcome.said("guide")
    assert sorted(name for name, *_ in classes) == sorted(path.stem for path in (quark_folder / "Classes").glob("*.sc"))
    assert [name for name, *_ in guides] == [path.stem for path in (quark_folder / "HelpSource" / "Guides").iterdir()]
    for name, parses, left_out, blocks, broken, summary in classes + guides:
        assert parses == "true", name
        assert left_out == "", f"{name}: {left_out}"
        assert broken == "", f"{name}: {broken}"
        assert summary
        assert (pages / f"{name}.html").stat().st_size > 1000
        if name in WITH_EXAMPLES:
            assert int(blocks) > 0, f"{name} has no example"
    assert "WARNING: SCDoc" not in outcome.text


def test_the_tables_are_up_to_date():
    assert tables.FILE.read_text("utf-8") == tables.source(), "run: python -m tests.supercollider.tables"


def test_sclang_finds_the_instruments_that_the_server_finds(sclang, test_folder):
    names = [*SPOKEN, *PROGRAMS, *FAMILIES]
    outcome = sclang.execute(test_folder / "scripts" / "names.scd", *names)
    found = {name: (programs, keys) for name, programs, keys in outcome.said("name")}
    for name in names:
        choice = choose(name)
        programs = ",".join(map(str, sorted(choice.programs)))
        keys = ",".join(map(str, sorted(choice.keys))) if choice.keys else "nil"
        assert found[name] == (programs, keys), name


def test_the_examples_and_the_documents_code_compile(sclang, quark_folder, test_folder, tmp_path):
    root = quark_folder.parent
    document = tmp_path / "document.scd"
    text = (root / "docs" / "supercollider.md").read_text("utf-8")
    blocks = re.findall(r"```supercollider\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 4
    document.write_text("".join(blocks), "utf-8")
    # record.scd is run as a whole by test_performance.py
    performance = root / "examples" / "supercollider" / "performance.scd"
    examples = [*sorted((quark_folder / "examples").glob("*.scd")), performance, document]
    outcome = sclang.execute(test_folder / "scripts" / "compiles.scd", *examples)
    assert outcome.said("file") == [[str(example), "true"] for example in examples] != []
