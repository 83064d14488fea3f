"""Tables, JSON and plot of what benchmarks.decode measured. Measures nothing."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from amt.streams import STEPS

OWN = "midinfinite-osc"
STREAMS = 8
"""Sessions that are decoded in one batch."""
TOGETHER = 500
"""Tokens that each of them begins behind."""


@dataclass(frozen=True)
class Row:
    """One engine's rounds: notes[context][round] in notes/s, prefill[round] in seconds (empty: not measured).

    together[round]: notes/s of all STREAMS streams behind TOGETHER tokens each, in one batch.
    """

    engine: str
    rows: str
    version: str
    settings: str
    agreement: float
    notes: dict[str, list[float]]
    prefill: list[float]
    together: list[float] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.engine}, {self.rows}" if self.engine == OWN else self.engine


@dataclass(frozen=True)
class Result:
    """One shape's measurements.

    bandwidth[round]: bytes/s. weight_bytes: what one token reads of blocks and, on average, of the grid's rows.
    position_bytes: keys and values of one token before it. composed[round]: what benchmarks.worker.Composing gives.
    """

    shape: str
    processor: str
    threads: int
    contexts: list[int]
    bandwidth: list[float]
    weight_bytes: int
    position_bytes: int
    left_out: dict[str, str]
    rows: list[Row]
    composed: list[dict[str, float]] = field(default_factory=list)

    def row(self, label: str) -> Row | None:
        return next((row for row in self.rows if row.label == label), None)

    def streaming_limit(self, positions: float = 0) -> float:
        """Notes per second that the best reading of the bandwidth allows, where so many keys and values are read."""
        return max(self.bandwidth) / (self.weight_bytes + positions * self.position_bytes) / 3


def save(result: Result, folder: Path) -> Path:
    """Writes SHAPE.json into the folder and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.shape}.json"
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")
    temporary.rename(path)
    return path


def table(result: Result) -> Iterator[str]:
    """Lines of Markdown: medians with the lowest and highest round, ratios against one peer of the same run."""
    contexts = list(dict.fromkeys(context for row in result.rows for context in row.notes))
    yield "| notes/s: median (lowest–highest) | " + " | ".join(f"behind {c}" for c in contexts) + " | prefill of 500 |"
    yield "|---" * (len(contexts) + 2) + "|"
    for row in result.rows:
        cells = [_spread(row.notes.get(context, [])) for context in contexts]
        yield f"| {row.label} | " + " | ".join([*cells, _spread(row.prefill, 1_000, " ms")]) + " |"
    yield from _ratios(result, contexts)
    yield from _limits(result)
    yield from _together(result)
    yield from _composed(result)
    for row in result.rows:
        yield f"{row.label}: {row.version}; {row.settings}; its logits correlate with float32's by {row.agreement:.4f}."
    for name, install in result.left_out.items():
        yield f"{name} is not installed and was left out: {install}"


def plot(result: Result, folder: Path) -> Path:
    """Bars of notes/s on a logarithmic scale, one colour a context, in SHAPE.png."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.7 * len(result.rows)), layout="constrained")
    contexts = list(dict.fromkeys(context for row in result.rows for context in row.notes))
    height = 0.8 / len(contexts)
    for index, context in enumerate(contexts):
        places = [n for n, row in enumerate(result.rows) if context in row.notes]
        medians = [statistics.median(result.rows[n].notes[context]) for n in places]
        spread = [
            [median - min(result.rows[n].notes[context]) for n, median in zip(places, medians, strict=True)],
            [max(result.rows[n].notes[context]) - median for n, median in zip(places, medians, strict=True)],
        ]
        axes.barh([n + index * height for n in places], medians, height, xerr=spread, label=f"behind {context} tokens")
    axes.axvline(result.streaming_limit(), color="black", linestyle=":", label="streaming limit of our weights")
    axes.set_yticks([n + 0.4 - height / 2 for n in range(len(result.rows))], [row.label for row in result.rows])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel(f"notes/s, {result.shape} shape, {result.threads} threads: median, lowest and highest round")
    axes.legend()
    path = folder / f"{result.shape}.png"
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return path


def _ratios(result: Result, contexts: list[str]) -> Iterator[str]:
    """Ours over each peer, round by round (engines of one round ran within seconds), then the median."""
    own = [row for row in result.rows if row.engine == OWN]
    peers = [row for row in result.rows if row.engine != OWN]
    if not own or not peers:
        return
    yield ""
    yield "| ratio: median of rounds (lowest–highest) | " + " | ".join(f"behind {c}" for c in contexts) + " | prefill |"
    yield "|---" * (len(contexts) + 2) + "|"
    for mine in own:
        for peer in peers:
            cells = [_spread(_quotients(mine.notes.get(c, []), peer.notes.get(c, [])), 1, " ×") for c in contexts]
            cells.append(_spread(_quotients(peer.prefill, mine.prefill), 1, " ×"))
            if any(cells):
                yield f"| {mine.label} ÷ {peer.label} | " + " | ".join(cells) + " |"
    yield ""


def _limits(result: Result) -> Iterator[str]:
    """What memory allows, and how much of it our grid reached: median, and best round in brackets."""
    if not (best := result.row(f"{OWN}, grid")):
        return
    low, high = (read(result.bandwidth) / 1e9 for read in (statistics.median, max))
    yield (
        f"| streaming limit at {high:.0f} GB/s (median {low:.0f}); reached: median (best) | "
        + " | ".join(f"behind {context}" for context in best.notes)
        + " |"
    )
    yield "|---" * (len(best.notes) + 1) + "|"
    sizes = f"{result.weight_bytes / 1e6:.1f} MB of weights", f"{result.position_bytes / 1e3:.1f} KB a position as well"
    for label, counts in zip(sizes, (False, True), strict=True):
        cells = []
        for context, notes in best.notes.items():
            # a run's tokens stand behind more and more of its own; each reads its own key and value too
            limit = result.streaming_limit((int(context) + STEPS / 2) * counts)
            cells.append(f"{limit:.0f}: {statistics.median(notes) / limit:.0%} ({max(notes) / limit:.0%})")
        yield f"| {label} | " + " | ".join(cells) + " |"
    yield ""


def _together(result: Result) -> Iterator[str]:
    """All streams of one batch against one stream of the same engine, round by round; and ours against each peer."""
    rows = [row for row in result.rows if row.together]
    if not rows:
        return
    yield f"| {STREAMS} streams in one batch, behind {TOGETHER} tokens each | notes/s of all | ÷ one stream | ours ÷ |"
    yield "|---" * 4 + "|"
    own = next((row for row in rows if row.engine == OWN), None)
    for row in rows:
        ratio = _spread(_quotients(own.together, row.together), 1, " ×") if own and row is not own else ""
        alone = _spread(_quotients(row.together, row.notes.get(str(TOGETHER), [])), 1, " ×")
        yield f"| {row.label} | {_spread(row.together)} | {alone} | {ratio} |"
    yield ""


def _composed(result: Result) -> Iterator[str]:
    """How evenly tokens come where whole bars are composed: the gaps, each round's as ratios to its own median."""
    if not (rounds := result.composed):
        return
    median = [each["median"] for each in rounds]
    late, moving, longest = (
        _spread(_quotients([each[name] for each in rounds], median), 1, " ×") for name in ("late", "moving", "longest")
    )
    yield (
        f"Bars composed with the embedded model: {_spread([each['notes'] for each in rounds])} notes/s, the window "
        f"moved {rounds[0]['moves']:.0f} times; gaps between tokens: median {_spread(median, 1_000, ' ms')}, "
        f"99th percentile {late} the median, of those while a window moves {moving}, longest {longest}."
    )
    yield ""


def _quotients(above: list[float], below: list[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=False)]


def _spread(values: list[float], factor: float = 1, unit: str = "") -> str:
    if not values:
        return ""
    low, middle, high = (_number(read(values) * factor) for read in (min, statistics.median, max))
    return f"{middle}{unit} ({low}–{high})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
