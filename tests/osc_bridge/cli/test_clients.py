"""`clients install` and `uninstall`: where scripts go, what is refused, and that nothing of the user's is lost.

The real sclang says whether the class is there; the real Sonic Pi does in tests/sonic_pi/test_stream.py.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import assume, given
from hypothesis import strategies as st

from osc_bridge import places
from osc_bridge.cli import main
from osc_bridge.cli.installing import BEGIN, with_block, without_block
from tests.conftest import require

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`midinfinite-osc clients …` in a HOME of its own."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "SONIC_PI_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    return lambda *words: CliRunner().invoke(main, ["clients", *words])


@pytest.fixture
def quark(tmp_path: Path) -> Path:
    return tmp_path / ".local" / "share" / "SuperCollider" / "Extensions" / "midinfinite-osc"


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["sonic-pi", "supercollider"])
def test_install_says_what_it_did_and_uninstall_leaves_nothing(run: Run, tmp_path: Path, name: str) -> None:
    assert "not installed" in run("list").output
    dry = run("install", name, "--dry-run")
    assert "would be: " in dry.output
    assert everything(tmp_path) == {}, "a dry run changes nothing"
    first = run("install", name)
    assert first.exit_code == 0, first.output
    assert [line.removeprefix("would be: ") for line in dry.output.splitlines()] == first.output.splitlines()[:-1]
    assert f"{tmp_path}/" in first.output
    installed = everything(tmp_path)
    again = run("install", name)
    assert "up to date" in again.output
    assert everything(tmp_path) == installed
    assert "installed, version" in run("list").output
    assert "removed" in run("uninstall", name).output
    assert everything(tmp_path) == {}
    assert run("uninstall", name).output == "nothing to do\n"


def test_all_that_sonic_pi_needs_is_copied_and_evaluated_at_its_start(run: Run, tmp_path: Path) -> None:
    run("install", "sonic-pi")
    folder = tmp_path / ".sonic-pi" / "midinfinite-osc"
    source = places.client("sonic_pi")
    assert (folder / "amt.rb").read_bytes() == (source / "amt.rb").read_bytes()
    assert {path.name for path in folder.glob("examples/*")} == {path.name for path in source.glob("examples/*.rb")}
    assert not list(folder.rglob("*.py"))
    assert f"eval_file '{folder}/amt.rb'" in (tmp_path / ".sonic-pi" / "init.rb").read_text()


@pytest.mark.parametrize(
    ("present", "evaluated"),
    [
        ([], ["midinfinite-osc/amt.rb", "init.rb"]),
        (["init.rb"], ["midinfinite-osc/amt.rb", "init.rb"]),  # 4.6 means to move it to config/, and fails
        (["config/audio-settings.toml"], ["midinfinite-osc/amt.rb", "init.rb"]),
        (["config/init.rb"], ["midinfinite-osc/amt.rb"] * 2),
        (["init.rb", "config/init.rb"], ["midinfinite-osc/amt.rb"] * 2),  # both versions side by side
    ],
)
def test_each_version_of_sonic_pi_finds_what_it_evaluates(
    run: Run, tmp_path: Path, present: list[str], evaluated: list[str]
) -> None:
    settings = tmp_path / ".sonic-pi"
    for file in present:
        (settings / file).parent.mkdir(parents=True, exist_ok=True)
        (settings / file).write_bytes(b"# mine\n")
    before = everything(tmp_path)
    for _ in range(2):
        run("install", "sonic-pi")
        found = [_text(settings / file) for file in ("init.rb", "config/init.rb")]
        assert [re.findall("eval_file '(.*)' if", text) for text in found] == [[f"{settings}/{it}"] for it in evaluated]
    assert all("# mine\n" in _text(settings / file) for file in present)
    run("uninstall", "sonic-pi")
    assert everything(tmp_path) == before


def test_sonic_pis_own_home_is_respected(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONIC_PI_HOME", str(tmp_path / "it's here"))
    run("install", "sonic-pi")
    init = (tmp_path / "it's here" / ".sonic-pi" / "init.rb").read_text()
    assert "it\\'s here/.sonic-pi/midinfinite-osc/amt.rb'" in init


@given(before=st.one_of(st.none(), st.binary()), lines=st.lists(st.sampled_from(["one", "another"]), min_size=1))
def test_a_block_comes_and_goes_byte_for_byte(before: bytes | None, lines: list[str]) -> None:
    assume(before is None or BEGIN not in before)
    with tempfile.TemporaryDirectory() as folder:
        init = Path(folder) / "init.rb"
        if before is not None:
            init.write_bytes(before)
        for line in lines:
            for step in with_block(init, line):
                step.act()
        assert init.read_bytes().count(lines[-1].encode()) - (before or b"").count(lines[-1].encode()) == 1
        assert init.read_bytes().endswith(before or b"")
        for step in without_block(init):
            step.act()
        assert (init.read_bytes() if init.exists() else None) == before


def test_a_linked_init_file_stays_a_link_with_its_mode(run: Run, tmp_path: Path) -> None:
    dotfile = tmp_path / "dotfiles" / "init.rb"
    dotfile.parent.mkdir()
    dotfile.write_text("# mine\n")
    dotfile.chmod(0o640)
    (tmp_path / ".sonic-pi").mkdir()
    (tmp_path / ".sonic-pi" / "init.rb").symlink_to(dotfile)
    run("install", "sonic-pi")
    assert (tmp_path / ".sonic-pi" / "init.rb").is_symlink()
    assert "eval_file" in dotfile.read_text()
    assert dotfile.stat().st_mode & 0o777 == 0o640


def test_a_damaged_block_is_refused_before_anything_is_done(run: Run, tmp_path: Path) -> None:
    run("install", "sonic-pi")
    init = tmp_path / ".sonic-pi" / "init.rb"
    init.write_text(init.read_text().replace("# <<<", "#"))
    before = everything(tmp_path)
    for word in ("install", "uninstall"):
        result = run(word, "sonic-pi")
        assert result.exit_code == 2
        assert "by hand" in result.output
    assert everything(tmp_path) == before


def test_an_init_file_without_the_block_is_noticed(run: Run, tmp_path: Path) -> None:
    run("install", "sonic-pi")
    (tmp_path / ".sonic-pi" / "init.rb").write_text("# mine\n")
    assert "init.rb evaluates it not" in run("list").output


def test_files_of_an_older_version_are_replaced(run: Run, quark: Path) -> None:
    run("install", "supercollider")
    manifest = quark / ".midinfinite-osc.json"
    manifest.write_text(manifest.read_text().replace('"AMT.quark": "', '"Old.quark": "", "AMT.quark": "0'))
    (quark / "Old.quark").write_text("")
    shutil.copy(quark / "Old.quark", quark / "AMT.quark")
    assert "out of date" in run("list").output
    run("install", "supercollider")
    assert (quark / "AMT.quark").read_bytes() == (places.client("supercollider") / "AMT.quark").read_bytes()
    assert not (quark / "Old.quark").exists()


@pytest.mark.parametrize("word", ["install", "uninstall"])
def test_what_the_user_changed_or_added_is_kept(run: Run, quark: Path, word: str) -> None:
    run("install", "supercollider")
    changes = ["first", "second"]
    for change in changes:
        (quark / "AMT.quark").write_text(change)
        (quark / "mine.txt").write_text("added")
        assert "AMT.quark.changed" in run(word, "supercollider").output
        run("install", "supercollider") if word == "install" else (quark / "mine.txt").unlink()
        run("install", "supercollider")
    assert [(quark / name).read_text() for name in ("AMT.quark.changed", "AMT.quark.changed1")] == changes
    run("uninstall", "supercollider")
    assert (quark / "AMT.quark.changed").exists()
    assert not list(quark.rglob("*.sc")), "no class is left to compile"


def test_a_folder_of_somebody_else_is_refused(run: Run, quark: Path) -> None:
    quark.mkdir(parents=True)
    (quark / "mine.sc").write_text("Mine {}")
    result = run("install", "supercollider")
    assert result.exit_code == 2
    assert "move it away" in result.output
    assert run("uninstall", "supercollider").output == "nothing to do\n"
    assert (quark / "mine.sc").exists()


def test_the_installed_quark_knows_which_command_installed_it(run: Run, quark: Path) -> None:
    command = Path(sys.executable).with_name("midinfinite-osc")
    if not command.is_file():
        pytest.skip("this Python has no midinfinite-osc beside it")
    assert str(command) in run("install", "supercollider").output
    assert (quark / "command").read_text() == f"{command}\n"
    assert "noted" not in run("install", "supercollider").output
    run("uninstall", "supercollider")
    assert not quark.exists()


@pytest.mark.parametrize("where", ["quark", "extension"])
def test_a_second_copy_of_the_quark_is_noticed_and_refused(run: Run, tmp_path: Path, quark: Path, where: str) -> None:
    other = tmp_path / "checkout" / "supercollider" if where == "quark" else quark.parent / "amt"
    shutil.copytree(places.client("supercollider"), other)
    if where == "quark":
        configuration = tmp_path / ".config" / "SuperCollider" / "sclang_conf.yaml"
        configuration.parent.mkdir(parents=True)
        configuration.write_text(f"includePaths:\n    - {other}\nexcludePaths:\n    []\npostInlineWarnings: false\n")
    for words in (("install", "supercollider"), ("list",)):
        result = run(*words)
        assert str(other) in result.output
        assert "Quarks.uninstall" in result.output
    assert not quark.exists()


@pytest.mark.parametrize("content", ["", '{"version": ', "[]", '{"version": "0.1.0", "files": 3}'])
def test_a_damaged_manifest_is_one_line(run: Run, quark: Path, content: str) -> None:
    run("install", "supercollider")
    (quark / ".midinfinite-osc.json").write_text(content)
    before = everything(quark)
    for words in (["install", "supercollider"], ["uninstall", "supercollider"]):
        result = run(*words)
        assert result.exit_code == 2, result.output
        assert f"move {quark} away" in result.output
    assert everything(quark) == before
    listed = run("list")
    assert listed.exit_code == 0
    assert "is damaged" in listed.output
    assert "Sonic Pi:      not installed" in listed.output


def test_a_file_where_a_folder_is_needed_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".sonic-pi").touch()
    result = run("list")
    assert result.exit_code == 0, result.output
    assert "Not a directory" in result.output
    assert "SuperCollider: not installed" in result.output


def test_a_closed_folder_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".sonic-pi").write_text("a file where a folder should be")
    result = run("install", "sonic-pi")
    assert result.exit_code == 2
    assert "try again" in result.output
    assert isinstance(result.exception, SystemExit)


def test_the_places_of_macos(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    run("install", "supercollider")
    extensions = tmp_path / "Library" / "Application Support" / "SuperCollider" / "Extensions"
    assert (extensions / "midinfinite-osc" / "Classes" / "AMT.sc").is_file()


def test_an_unknown_client_is_answered_with_the_known_ones(run: Run) -> None:
    result = run("install", "sonicpi")
    assert result.exit_code == 2
    assert "'sonic-pi'" in result.output
    assert "'supercollider'" in result.output


def test_sclang_has_the_class_after_install_and_no_more_after_uninstall(run: Run, tmp_path: Path) -> None:
    program = shutil.which("sclang")
    require(program is not None, "sclang")
    script = tmp_path / "look.scd"
    script.write_text("('class ' ++ \\AMT.asClass.isNil.not).postln; 0.exit;")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}

    def has_the_class() -> bool:
        command = [str(program), "-D", str(script)]
        posted = subprocess.run(
            command, env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        ).stdout
        assert "class true" in posted or "class false" in posted, posted
        return "class true" in posted

    run("install", "supercollider")
    assert has_the_class()
    run("uninstall", "supercollider")
    assert not has_the_class()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
