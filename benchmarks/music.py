"""What the composed music is like, as figures with goals, beside real pieces: `make music-report`.

Sessions of many tempi, meters, ensembles and densities are composed with the embedded model and measured; the report
is an HTML page with piano rolls, a JSON file with all figures, and the goals on the terminal.

examples:
  python -m benchmarks.music --corpus valid.npz
  python -m benchmarks.music --sessions 8 --bars 8 --corpus valid.npz --results /tmp/music
  python -m benchmarks.music --hours 8 --corpus valid.npz  also an hour of streaming, eight times for each ensemble
  python -m benchmarks.music --only band --sessions 8 --bars 8 --corpus valid.npz --model FOLDER     another model
  python -m benchmarks.music --corpus valid.npz --peer FOLDER      beside another model, under the same steering
  python -m benchmarks.music --quick --hours 2 --minutes 6 a few bars and six minutes of streaming
  python -m benchmarks.music --quick                       a few bars, to see that all works

An interrupted run goes on where it was: lines that are composed are kept, as long as code and model stay the same.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from amt import decoder, embedded, processor
from amt.composer import Composer
from amt.config import ModelError
from benchmarks.musical import comparison, figures, hours, lines, pieces, sound, trials
from benchmarks.musical.crew import compose_all
from benchmarks.musical.page import Example, Report
from benchmarks.musical.peer import peer_table
from benchmarks.musical.progress import Progress
from benchmarks.musical.sessions import Composed, Music
from benchmarks.musical.tables import Table, goals, markdown
from patterns.atomic import write_atomically
from patterns.meter import Meter
from training.corpus import CorpusError

HERE = Path(__file__).parent
EXAMPLES = (1, 3, 4, 6)
"""Sizes of the ensembles that are shown."""
EXAMPLE_BARS = 8
NO_CORPUS = "everything that is compared with real pieces: name the validation corpus with --corpus valid.npz"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=64, help="of each line (default 64)")
    parser.add_argument("--bars", type=int, default=16, help="of each session (default 16)")
    parser.add_argument("--corpus", type=Path, help="valid.npz: the real pieces to compare with")
    parser.add_argument("--model", type=Path, default=embedded.PATH, help="a model folder (default the embedded one)")
    parser.add_argument(
        "--peer", type=Path, metavar="FOLDER", help="another model, to be compared with; needs --corpus"
    )
    parser.add_argument("--threads", type=int, help="lines composed at a time (default one for each physical core)")
    parser.add_argument(
        "--hours", type=int, default=0, help="also so many sessions of an hour for each size, 2 at least"
    )
    parser.add_argument("--minutes", type=int, default=60, help="that these last instead, 6 at least (default 60)")
    parser.add_argument("--only", choices=("meter", "band"), help="lines of all meters, or of ensembles and densities")
    parser.add_argument("--quick", action="store_true", help="two lines of two sessions of six bars")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder for music.html and music.json")
    parser.add_argument(
        "--kept", type=Path, default=HERE.parent / ".cache" / "music", help="where composed lines are kept"
    )
    options = parser.parse_args(arguments)
    if options.sessions < 1 or options.bars < 5:
        parser.error("--sessions is at least 1 and --bars at least 5: bars four apart are compared")
    if options.threads is not None and options.threads < 1:
        parser.error("--threads is at least 1")
    if options.hours == 1:
        parser.error("--hours is at least 2: what one session changes by itself says nothing of the others")
    if options.minutes < hours.PARTS:
        parser.error(f"--minutes is at least {hours.PARTS}: the first and the last of {hours.PARTS} parts are compared")
    if options.corpus and not options.corpus.is_file():
        parser.error(f"there is no corpus at {options.corpus}")
    if options.peer and not options.corpus:
        parser.error("--peer needs --corpus: what the two models are compared by is how close to real pieces they are")
    try:
        run(options)
    except (ModelError, CorpusError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on where it was", file=sys.stderr)
        return 130
    return 0


def run(options: argparse.Namespace) -> Report:
    """Composes, measures, writes the files and prints the goals."""
    if options.quick:
        sessions, bars = 2, 6
        matrix = [
            lines.meter_line(120, Meter(7, 8), sessions, bars),
            lines.band_line(3, lines.OWN_DENSITY, sessions, bars),
        ]
    else:
        sessions, bars = options.sessions, options.bars
        matrix = [line for line in lines.matrix(sessions, bars) if options.only in (None, line.kind)]
    matrix += lines.hours(options.hours, options.minutes) if options.hours else []
    composer = Composer(decoder.load(options.model, threads=options.threads))  # compiles it for this processor, too
    if options.peer:
        decoder.load(options.peer)
    shared = [line for line in matrix if options.peer and line.is_compared]
    progress = Progress(sum(plan.bars for line in [*matrix, *shared] for plan in line.plans))
    jobs = [(options.model, line) for line in matrix] + [(options.peer, line) for line in shared]
    music = compose_all(jobs, options.kept, processor.threads(options.threads), progress)
    composed = list(zip(matrix, music[: len(matrix)], strict=True))
    peer = list(zip(shared, music[len(matrix) :], strict=True))
    progress.say("steering sessions")
    steering = trials.steering_table(composer, sessions)
    progress.say("playing sessions twice")
    again = trials.repeat_table(composer, sessions, bars)
    progress.say("measuring")
    real = pieces.Real(pieces.bands(options.corpus), bars) if options.corpus else None
    tables = [*_measured(composed, real), steering, again]
    if shared and real:
        tables.append(peer_table(composed, peer, real))
    settings = {
        "model": options.model.name,
        "processor": processor.name(),
        "sessions a line": str(sessions),
        "bars a session": str(bars),
        "corpus": options.corpus.name if options.corpus else "none",
    }
    font = sound.font()
    absent = {NO_CORPUS: not options.corpus, sound.ADVICE: not font}
    report = Report(settings, tuple(note for note, missing in absent.items() if missing), tuple(tables))
    _write(report, [_example(line, music[0], font) for line, music in composed if _is_shown(line)], options.results)
    return report


def _measured(composed: Composed, real: pieces.Real | None) -> list[Table]:
    short = [(line, music) for line, music in composed if line.kind != "hour"]
    tables = [figures.line_table(short, real), figures.voice_table(short), figures.density_table(short)]
    if real:
        tables += [comparison.overlap_table(short, real), comparison.repetition_table(short, real)]
    return [*tables, hours.hour_table(composed)]


def _is_shown(line: lines.Line) -> bool:
    return line.is_compared and line.size in EXAMPLES


def _example(line: lines.Line, music: Music, font: Path | None) -> Example:
    bars, plan = music[:EXAMPLE_BARS], line.plans[0]
    title = f"{', '.join(plan.band)}: {plan.steering.tempo:g} bpm, {plan.steering.meter}, seed {plan.steering.seed}"
    try:
        heard = sound.render(bars, plan.steering.tempo, font) if font else None
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no sound of this example: {error}", file=sys.stderr)
        heard = None
    return Example(title, sound.picture(bars), heard)


def _write(report: Report, examples: Sequence[Example], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "music.json", report.as_json().encode())
    write_atomically(folder / "music.html", report.as_html(examples).encode())
    for table in report.tables:
        if table.rows:
            print("\n".join(markdown(table)), end="\n\n")
    for name, goal, cell in goals(report.tables):
        mark = {True: "met", False: "MISSED", None: "not judged"}[cell.met]
        print(f"{mark:10} {name} [{goal}]: {cell.text}")
    for note in report.notes:
        print(f"left out   {note}")
    print(folder / "music.html")


if __name__ == "__main__":
    sys.exit(main())
