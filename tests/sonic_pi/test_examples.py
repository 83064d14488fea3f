"""Every function of amt.rb is documented beside itself; its examples and the example buffers run in Sonic Pi."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import AmtServer
from tests.sonic_pi.harness import SonicPi
from tests.sonic_pi.performance import no_errors, said, says, struck

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "sonic_pi"
PUBLIC = (FOLDER / "amt.rb").read_text("utf-8").partition("# What follows serves")[0]
COMMENTED = {name: comment for comment, name in re.findall(r"((?:^#.*\n)+)def (amt_\w+)", PUBLIC, re.MULTILINE)}
BUFFERS = [*sorted(FOLDER.glob("examples/*.rb")), ROOT / "examples/sonic_pi/performance.rb"]
ENDLESS = [path for path in BUFFERS if "amt_loop" in path.read_text("utf-8")]
ENDING = [path for path in BUFFERS if path not in ENDLESS]
FASTER = 5
"""Times as fast as written: pieces that end are not to take as long as they play."""


PLAYING = {"amt_loop", "amt_next", "amt_only", "amt_play"}
"""Functions whose examples play: without the server all that they play is a rest."""
ANSWERED = {
    "amt_connect": "AMT: connected to",
    "amt_save": "AMT: saved tuesday.mid",
    "amt_reset": "AMT: the piece begins again, with seed 7.",
    "amt_status": "AMT: version",
}
"""What the log says once the server has answered."""


def lines_of_example(comment: str) -> str:
    return "\n".join(line[6:] for line in comment.splitlines() if line.startswith("#     "))


def adapted(code: str, port: int, faster: int = 1) -> str:
    """The code as a user has it, with this test's port."""
    code = re.sub(r"amt_connect\b(?=( \w)?)", lambda m: f"amt_connect port: {port}{',' if m[1] else ''}", code)
    return re.sub(r"use_bpm (\d+)", lambda m: f"use_bpm {faster * int(m[1])}", code)


def test_every_function_is_documented() -> None:
    public = re.findall(r"^def (amt_\w+)", PUBLIC, re.MULTILINE)
    assert len(public) >= 12
    assert set(public) == set(COMMENTED)
    assert all(comment.startswith(f"# {name}") for name, comment in COMMENTED.items())
    assert all(name in lines_of_example(comment) for name, comment in COMMENTED.items())
    heads = dict(re.findall(r"^def (amt_\w+)(?:\((.*)\))?$", PUBLIC, re.MULTILINE))
    options = [(name, option) for name in public for option in re.findall(r"\b(\w+:)(?= )", heads[name])]
    missing = [(name, option) for name, option in options if option not in COMMENTED[name]]
    assert options
    assert not missing, "every option is in its function's comment"


def test_the_guide_names_every_function_and_every_buffer() -> None:
    guide = (ROOT / "docs" / "sonic-pi.md").read_text("utf-8")
    assert [name for name in COMMENTED if f"`{name}" not in guide] == []
    assert [path.name for path in FOLDER.glob("examples/*.rb") if path.name not in guide] == []


def test_the_documented_examples_run(sonic_pi: SonicPi, amt_server: AmtServer) -> None:
    """All in one run each, one after the other: what one leaves running does not disturb the next."""
    for name, comment in COMMENTED.items():
        example = adapted(lines_of_example(comment), amt_server.port)
        end = f'"end of {name}"'
        sonic_pi.run(f'use_bpm 240\namt_connect port: {amt_server.port}, session: "doc"\n{example}\nputs {end}')
        lines = sonic_pi.wait_for(lambda lines, end=end: says(lines, end), f"the end of {name}'s example", 60)
        [job] = [line.job for line in lines if line.text == end]
        if name in PLAYING:
            sonic_pi.wait_for(
                lambda lines, job=job: struck([line for line in lines if line.job == job]), f"a note of {name}'s", 60
            )
        if name in ANSWERED:
            sonic_pi.wait_for(
                lambda lines, name=name, job=job: says([line for line in lines if line.job == job], ANSWERED[name]),
                f"the server's answer to {name}",
            )
        assert no_errors(sonic_pi), (name, sonic_pi.texts("error"))
    silences = [text for text in said(sonic_pi.lines) if "AMT: no server" in text or "AMT: no answer" in text]
    assert not silences


@pytest.mark.parametrize("path", ENDLESS, ids=lambda path: path.name)
def test_an_endless_buffer_plays_and_goes_on_when_it_is_run_again(
    sonic_pi: SonicPi, amt_server: AmtServer, path: Path
) -> None:
    code = adapted(path.read_text("utf-8"), amt_server.port)
    sonic_pi.run(code)
    sonic_pi.wait_for(struck, "a note", 60)
    sonic_pi.run(f'{code}\nputs "run again"')
    lines = sonic_pi.wait_for(lambda lines: says(lines, "run again"), "the second run", 60)
    again = max(line.runtime for line in lines if line.kind == "log")
    sonic_pi.wait_for(lambda lines: max(struck(lines)) > again + 2, "it to go on", 60)
    assert no_errors(sonic_pi)


@pytest.mark.parametrize("path", ENDING, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_piece_plays_to_its_end(sonic_pi: SonicPi, amt_server: AmtServer, path: Path) -> None:
    code = path.read_text("utf-8")
    sonic_pi.run(f'{adapted(code, amt_server.port, FASTER)}\nputs "the end", vt * current_bpm / 60')
    lines = sonic_pi.wait_for(lambda lines: says(lines, '"the end"'), "its end", 60)
    [end] = [float(line.text.split()[-1]) for line in lines if line.text.startswith('"the end"')]
    assert abs(end / 4 - round(end / 4)) < 1e-4, "whole bars; the log rounds"
    assert end > 13 * 4
    assert len(struck(lines)) > 100
    assert no_errors(sonic_pi)
