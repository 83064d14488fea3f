"""`midinfinite-osc clients`: puts the clients' scripts where their programs look for them, and takes them out again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from osc_bridge import places
from osc_bridge.cli.installing import (
    NAME,
    Step,
    copied,
    evaluates,
    forgotten,
    is_ours,
    noted,
    removed,
    state,
    with_block,
    without_block,
)
from osc_bridge.cli.options import Failure

COMMAND = "command"
"""The file of the quark's folder in which AMT.boot looks for the server's path (AMTProcess.noted)."""


class SonicPi:
    """`~/.sonic-pi/midinfinite-osc/amt.rb`, and blocks of init.rb that evaluate it when Sonic Pi starts.

    Sonic Pi 3.2 reads `init.rb`, later ones `config/init.rb`. Where that is missing they mean to move the former there,
    and 4.6 fails to: so the one that we make evaluates the former, with whatever else stands in it.
    """

    title, source = "Sonic Pi", "sonic_pi"
    done = "restart Sonic Pi: the functions of docs/sonic-pi.md are there at once, without eval_file"

    def __init__(self) -> None:
        home = Path(os.environ.get("SONIC_PI_HOME") or Path.home()) / ".sonic-pi"
        self.folder = home / NAME
        self.inits = self.former, self.later = home / "init.rb", home / "config" / "init.rb"

    def install(self) -> Iterator[Step]:
        yield from copied(places.client(self.source), self.folder)
        yield from with_block(self.former, _evaluate(self.folder / "amt.rb"))
        yield from with_block(self.later, _evaluate(self.former if is_ours(self.later) else self.folder / "amt.rb"))

    def uninstall(self) -> Iterator[Step]:
        for init in self.inits:
            yield from without_block(init)
        yield from removed(self.folder)

    def trouble(self) -> str | None:
        """What keeps an installed client from being found."""
        silent = [str(init) for init in self.inits if not evaluates(init)]
        if not silent:
            return None
        return f"but {' and '.join(silent)} evaluates it not: {NAME} clients install sonic-pi"


class SuperCollider:
    """The quark as a folder of the user's extensions, which sclang compiles without any configuration."""

    title, source = "SuperCollider", "supercollider"
    done = "recompile the class library (Ctrl-Shift-L), or start sclang again: AMT is there"

    def __init__(self) -> None:
        home = Path.home()
        if sys.platform == "darwin":
            data = settings = home / "Library" / "Application Support"
            shared = [Path("/Library/Application Support")]
        else:
            data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
            settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
            shared = [Path("/usr/local/share"), Path("/usr/share")]
        extensions, *system = (base / "SuperCollider" / "Extensions" for base in (data, *shared))
        self.folder = extensions / NAME
        self.configuration = settings / "SuperCollider" / "sclang_conf.yaml"
        self.compiled = (extensions, *system)

    def install(self) -> Iterator[Step]:
        if trouble := self.trouble():
            raise Failure(f"{trouble}, then install again")
        yield from copied(places.client(self.source), self.folder)
        program = command()
        yield from noted(self.folder / COMMAND, str(program)) if program else forgotten(self.folder / COMMAND)

    def uninstall(self) -> Iterator[Step]:
        yield from forgotten(self.folder / COMMAND)
        yield from removed(self.folder)

    def trouble(self) -> str | None:
        """Another copy of the quark that sclang compiles: class names would be double, and no library compiles then."""
        for path in (*self._included(), *self.compiled):
            for depth in ("", "*/", "*/*/", "*/*/*/"):
                for found in path.glob(f"{depth}AMT.sc"):
                    if self.folder.resolve() not in found.resolve().parents:
                        quark = found.parent.parent if found.parent.name == "Classes" else found.parent
                        return (
                            f"another copy of the quark is at {quark}, and two of them keep the class library from "
                            f'compiling: evaluate Quarks.uninstall("{quark}") in SuperCollider, or remove that folder'
                        )
        return None

    def _included(self) -> list[Path]:
        """The folders under `includePaths:` of sclang's configuration, where Quarks.install puts them."""
        if not self.configuration.is_file():
            return []
        included, inside = [], False
        for line in self.configuration.read_text("utf-8", errors="replace").splitlines():
            entry = line.strip()
            if entry.startswith("- ") and inside:
                included.append(Path(entry[2:].strip().strip("\"'")).expanduser())
            elif entry and not entry.startswith("#"):
                inside = entry.startswith("includePaths:")
        return [path for path in included if path.is_absolute()]


CLIENTS: dict[str, type[SonicPi] | type[SuperCollider]] = {"sonic-pi": SonicPi, "supercollider": SuperCollider}
client_argument = click.argument("name", metavar="sonic-pi|supercollider", type=click.Choice(list(CLIENTS)))
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.group()
def clients() -> None:
    """Put the clients where SuperCollider and Sonic Pi find them.

    \b
    Examples:
      midinfinite-osc clients list
      midinfinite-osc clients install sonic-pi
      midinfinite-osc clients install supercollider
      midinfinite-osc clients uninstall supercollider --dry-run
    """


@clients.command()
@client_argument
@dry_run_option
def install(name: str, dry_run: bool) -> None:
    """Install a client for this user, or bring it up to date.

    \b
    Examples:
      midinfinite-osc clients install sonic-pi
      midinfinite-osc clients install supercollider --dry-run
    """
    client = CLIENTS[name]()
    _follow(client.install(), dry_run)
    if not dry_run:
        click.echo(client.done)


@clients.command()
@client_argument
@dry_run_option
def uninstall(name: str, dry_run: bool) -> None:
    """Take a client out again; what you changed stays.

    \b
    Examples:
      midinfinite-osc clients uninstall sonic-pi
      midinfinite-osc clients uninstall supercollider --dry-run
    """
    _follow(CLIENTS[name]().uninstall(), dry_run)


@clients.command("list")
def list_clients() -> None:
    """Say where each client stands.

    \b
    Examples:
      midinfinite-osc clients list
    """
    for name, kind in CLIENTS.items():
        try:
            lines = list(_standing(name))
        except Failure as error:
            lines = [error.message]
        except OSError as error:
            lines = [f"{error.filename}: {error.strerror}"]
        click.echo(f"{kind.title + ':':15}" + f"\n{'':15}".join(lines))


def _standing(name: str) -> Iterator[str]:
    client = CLIENTS[name]()
    found, is_current = state(places.client(client.source), client.folder)
    if found is None:
        yield f"not installed; {NAME} clients install {name}"
    elif is_current:
        yield f"installed, version {found}, at {client.folder}"
    else:
        yield f"out of date at {client.folder}; {NAME} clients install {name}"
    if found or isinstance(client, SuperCollider):
        trouble = client.trouble()
        if trouble:
            yield trouble


def _evaluate(file: Path) -> str:
    path = str(file).replace("\\", "\\\\").replace("'", "\\'")
    return f"eval_file '{path}' if File.exist?('{path}')"


def command() -> Path | None:
    """The server's command: the program that runs, or the one beside this Python; None where there is neither."""
    for path in (Path(sys.argv[0]), Path(sys.executable).with_name(NAME)):
        if path.name == NAME and path.is_file():
            return path.absolute()
    return None


def _follow(steps: Iterator[Step], dry_run: bool) -> None:
    """Plans all steps, so that a refusal comes before anything is changed; then takes them, saying each.

    Raises:
        Failure: refused, or a file could not be written.
    """
    try:
        planned = list(steps)
        for step in planned:
            if not dry_run:
                step.act()
            click.echo(f"would be: {step.text}" if dry_run else step.text)
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}; make it writable, then try again") from error
    if not planned:
        click.echo("nothing to do")
