"""Tables, JSON and plot of what benchmarks.decode measured. Measures nothing."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

OWN = "midinfinite-osc"
PEER = "llama.cpp q4_0"


@dataclass(frozen=True)
class Row:
    """One engine's rounds: notes[context][round] in notes/s, prefill[round] in seconds (empty: not measured)."""

    engine: str
    rows: str
    version: str
    settings: str
    agreement: float
    notes: dict[str, list[float]]
    prefill: list[float]

    @property
    def label(self) -> str:
        return f"{self.engine}, {self.rows}" if self.engine == OWN else self.engine


@dataclass(frozen=True)
class Result:
    """One shape's measurements; bandwidth[round] and the weights that one token reads are in bytes."""

    shape: str
    processor: str
    threads: int
    contexts: list[int]
    bandwidth: list[float]
    weight_bytes: int
    left_out: dict[str, str]
    rows: list[Row]

    def row(self, label: str) -> Row | None:
        return next((row for row in self.rows if row.label == label), None)

    def streaming_limit(self) -> float:
        """Notes per second that the best reading of the bandwidth allows."""
        return max(self.bandwidth) / self.weight_bytes / 3


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
    if best := result.row(f"{OWN}, grid"):
        low, high = (read(result.bandwidth) / 1e9 for read in (statistics.median, max))
        limit = result.streaming_limit()
        shares = " / ".join(
            f"{statistics.median(notes) / limit:.0%} ({max(notes) / limit:.0%})" for notes in best.notes.values()
        )
        yield ""
        yield (
            f"Streaming limit: {result.weight_bytes / 1e6:.1f} MB of weights a token at {high:.0f} GB/s "
            f"(median {low:.0f}) = {limit:.0f} notes/s; reached (best round): {shares}."
        )
    yield from _ratios(result, contexts)
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
    axes.axvline(result.streaming_limit(), color="black", linestyle=":", label="streaming limit of 4-bit weights")
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


def _quotients(above: list[float], below: list[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=False)]


def _spread(values: list[float], factor: float = 1, unit: str = "") -> str:
    if not values:
        return ""
    low, middle, high = (_number(read(values) * factor) for read in (min, statistics.median, max))
    return f"{middle}{unit} ({low}–{high})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
