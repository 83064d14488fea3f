"""Every function of amt.rb is documented beside itself with an example, and every example runs in the real Sonic Pi."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import AmtServer
from tests.sonic_pi.harness import SonicPi

FOLDER = Path(__file__).parents[2] / "sonic_pi"
PUBLIC = (FOLDER / "amt.rb").read_text("utf-8").partition("# What follows serves")[0]
COMMENTED = {name: comment for comment, name in re.findall(r"((?:^#.*\n)+)def (amt_\w+)", PUBLIC, re.MULTILINE)}
EXAMPLES = sorted(FOLDER.glob("examples/*.rb"))


def lines_of_example(comment: str) -> str:
    return "\n".join(line[6:] for line in comment.splitlines() if line.startswith("#     "))


def adapted(code: str, port: int) -> str:
    """The code as a user has it, with this checkout's path and this test's port."""
    code = code.replace("~/midinfinite-osc/sonic_pi/amt.rb", str(FOLDER / "amt.rb"))
    return re.sub(r"amt_connect\b(?=( \w)?)", lambda m: f"amt_connect port: {port}{',' if m[1] else ''}", code)


def test_every_function_is_documented() -> None:
    public = re.findall(r"^def (amt_\w+)", PUBLIC, re.MULTILINE)
    assert len(public) >= 8
    assert set(public) == set(COMMENTED)
    assert all(comment.startswith(f"# {name}") for name, comment in COMMENTED.items())
    assert all(name in lines_of_example(comment) for name, comment in COMMENTED.items())


@pytest.mark.parametrize("name", sorted(COMMENTED))
def test_its_example_runs(sonic_pi: SonicPi, amt_server: AmtServer, name: str) -> None:
    example = adapted(lines_of_example(COMMENTED[name]), amt_server.port)
    sonic_pi.run(f'use_bpm 960\namt_connect port: {amt_server.port}, session: "doc"\n{example}\nputs "end of {name}"')
    sonic_pi.wait_for(lambda lines: any(f"end of {name}" in line.text for line in lines), "the example's end", 60)
    assert not sonic_pi.texts("error")
    assert not sonic_pi.texts("syntax error")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_buffer_plays(sonic_pi: SonicPi, amt_server: AmtServer, path: Path) -> None:
    sonic_pi.run(adapted(path.read_text("utf-8"), amt_server.port))
    sonic_pi.wait_for(lambda lines: any(line.text.startswith("synth") for line in lines), "a note", 60)
    sonic_pi.run(adapted(path.read_text("utf-8"), amt_server.port))  # as a performer does: Run again while it plays
    sonic_pi.wait_for(lambda lines: sum("drum_cymbal_closed" in line.text for line in lines) > 12, "it to go on", 60)
    assert not sonic_pi.texts("error")
    assert not sonic_pi.texts("syntax error")
