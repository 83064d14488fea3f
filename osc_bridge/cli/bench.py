"""`midinfinite-osc bench`: how fast this computer composes with the user's model, and where the time goes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import click

from amt import processor
from amt.decoder import Decoder
from amt.profiling import Gaps, Performance, Profile, perform, profile
from amt.streams import Together, together
from amt.traffic import Bandwidth, Traffic, traffic
from osc_bridge import places
from osc_bridge.cli.options import (
    Failure,
    load_decoder,
    model_option,
    steering_from,
    steering_options,
    threads_option,
)

BEHIND = 500
"""Tokens that streams in lockstep begin behind: half a window."""


@dataclass(frozen=True)
class Report:
    """All that was measured; what was not asked for is None. Times in seconds, bandwidth in bytes/s."""

    model: str
    processor: str
    threads: int
    performance: Performance
    profile: Profile | None = None
    traffic: Traffic | None = None
    bandwidth: float | None = None
    sessions: Together | None = None

    def as_json(self) -> str:
        values = asdict(self)
        del values["performance"]["calls"]
        for name in ("notes_per_second", "times_real_time"):
            values["performance"][name] = getattr(self.performance, name)
        if self.sessions:
            for name in ("notes", "notes_alone", "ratio"):
                values["sessions"][name] = getattr(self.sessions, name)
        return json.dumps(values, indent=1)


@click.command()
@click.option("--bars", default=64, show_default=True, type=click.IntRange(1, 4096), help="How many bars to compose.")
@click.option("--profile", "profiled", is_flag=True, help="Also say where a token's time goes, in µs and %.")
@click.option(
    "--sessions", type=click.IntRange(2, 64), help="Also decode so many streams in lockstep, and compare with one."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead, in seconds and bytes.")
@model_option
@threads_option
@steering_options
def bench(
    bars: int,
    profiled: bool,
    sessions: int | None,
    as_json: bool,
    model: str,
    threads: int | None,
    **options: str | tuple[str, ...] | None,
) -> None:
    """Measure how fast this computer composes.

    A band is composed as `serve` does it, long enough for the model's window to move several times. Stop other
    programs first: they take the time that is measured.

    \b
    Examples:
      midinfinite-osc bench
      midinfinite-osc bench --profile --threads 2
      midinfinite-osc bench --sessions 8 --model stanford-crfm/music-small-800k
      midinfinite-osc bench --tempo 174 --instruments "lead bass drums" --json
    """
    steering = steering_from(options)
    decoder = load_decoder(model, threads)
    try:
        with click.progressbar(range(bars), label="composing", file=sys.stderr) as progress:
            performance = perform(decoder, steering, progress)
    except ValueError as error:
        raise Failure(str(error)) from error
    report = Report(
        model,
        processor.name(),
        processor.threads(threads),
        performance,
        **(_profiled(decoder, performance, model, threads) if profiled else {}),
        sessions=together(decoder, sessions, min(BEHIND, decoder.config.positions // 2)) if sessions else None,
    )
    click.echo(report.as_json() if as_json else "\n".join(_lines(report)))


def _profiled(decoder: Decoder, performance: Performance, model: str, threads: int | None) -> dict[str, Any]:
    return {
        "profile": profile(decoder, performance),
        "traffic": traffic(places.model(model)),
        "bandwidth": Bandwidth(processor.threads(threads)).measure(),
    }


def _lines(report: Report) -> Iterator[str]:
    done, gaps = report.performance, report.performance.gaps
    yield f"{report.model} on {report.processor}, threads: {report.threads}"
    yield f"{done.bars} bars, {done.notes} notes in {done.seconds:.2f} s; the window moved {done.moves} times"
    yield _line("speed", f"{done.notes_per_second:.0f} notes/s, {done.times_real_time:.1f} times as fast as it plays")
    yield _line("gaps between tokens", _gaps(gaps, gaps.median))
    if done.moving:
        yield _line("while a window moves", _gaps(done.moving, gaps.median))
    if report.profile and report.traffic and report.bandwidth:
        yield from _profile_lines(report.profile, report.traffic, report.bandwidth)
    if both := report.sessions:
        yield _line(
            f"{both.streams} sessions",
            f"{both.notes:.0f} notes/s in lockstep behind {both.behind} tokens, {both.ratio:.2f} times as many as "
            f"one makes ({both.notes_alone:.0f})",
        )


def _gaps(gaps: Gaps, usual: float) -> str:
    """The gaps, and how many times as long as usual they are."""
    words = {"median": gaps.median, "99th percentile": gaps.late, "longest": gaps.longest}
    return ", ".join(f"{word} {gap * 1000:.2f} ms ({gap / usual:.1f} ×)" for word, gap in words.items())


def _profile_lines(spent: Profile, moved: Traffic, bandwidth: float) -> Iterator[str]:
    yield "a drawn token's time:"
    for name, seconds in (
        ("weights", spent.weights),
        (f"keys and values of {spent.behind:.0f} tokens", spent.attention),
        ("a note with clicks, read at once", spent.runs),
        ("windows, moved or to come", spent.windows),
        ("logits and drawing", spent.draw),
        ("the composer's Python", spent.python),
        ("together", spent.whole),
    ):
        yield f"  {name:34}{seconds * 1e6:8.1f} µs {seconds / spent.whole:6.1%}"
    size = moved.token(spent.rows, spent.behind)
    yield _line(
        "bytes a token",
        f"{size / 1e6:.1f} MB: weights {moved.blocks / 1e6:.1f}, {spent.rows:.0f} output rows "
        f"{spent.rows * moved.row / 1e6:.1f}, keys and values {spent.behind * moved.position / 1e6:.1f}",
    )
    rate = size / spent.step
    yield _line(
        "read bandwidth",
        f"{rate / 1e9:.1f} GB/s in one token's read and draw, {rate / bandwidth:.0%} of the {bandwidth / 1e9:.1f} "
        "that were measured (a model that fits the processor's cache may exceed them)",
    )


def _line(subject: str, text: str) -> str:
    return f"{subject + ':':22}{text}"
