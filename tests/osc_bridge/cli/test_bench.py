"""`bench` measures a real composition and says it for people or machines."""

import json
import re
import signal
import subprocess
import sys

from click.testing import CliRunner, Result

from osc_bridge.cli import main

# as a terminal starts it: the test run may have been started with interrupts ignored
INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from osc_bridge.cli import main
main(["bench", "--bars", "4096"])
"""


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bench", "--threads", "1", *arguments])


def test_it_says_speed_and_gaps() -> None:
    result = bench("--bars", "3", "--tempo", "97")
    assert result.exit_code == 0, result.output
    assert re.search(r"3 bars, [1-9]\d* notes in \d", result.stdout)
    assert re.search(r"speed: +[1-9]\d* notes/s, \d+\.\d times as fast as it plays", result.stdout)
    assert re.search(r"median .* ms \(1.0 ×\), 99th percentile .* ms \(.* ×\), longest .* ms \(.* ×\)", result.stdout)
    assert "composer's Python" not in result.stdout
    assert "sessions" not in result.stdout


def test_a_profile_accounts_for_all_of_a_tokens_time() -> None:
    result = bench("--bars", "3", "--profile")
    assert result.exit_code == 0, result.output
    spent = [float(share) for share in re.findall(r"µs +([\d.]+)%", result.stdout)]
    assert spent[-1] == 100
    assert abs(sum(spent[:-1]) - 100) < 0.5
    assert re.search(r"bytes a token: +[\d.]+ MB: weights 14.4", result.stdout)
    assert "GB/s" in result.stdout


def test_json_holds_everything_and_nothing_else_is_on_stdout() -> None:
    result = bench("--bars", "2", "--profile", "--sessions", "2", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["model"], report["threads"], report["performance"]["bars"]) == ("embedded", 1, 2)
    assert report["performance"]["notes_per_second"] > 0
    assert set(report["performance"]["gaps"]) == {"median", "late", "longest"}
    assert report["profile"]["draw"] > 0
    assert report["bandwidth"] > 0
    assert report["sessions"]["streams"] == 2
    assert report["sessions"]["ratio"] > 0


def test_sessions_are_compared_with_one() -> None:
    result = bench("--bars", "1", "--sessions", "2")
    assert re.search(r"2 sessions: +\d+ notes/s in lockstep behind 500 tokens, [\d.]+ times as many", result.stdout)


def test_ctrl_c_ends_it_without_a_traceback() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        assert process.stderr.read(9) == "composing"  # the label: from now on bars are composed
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1
    assert "Aborted!" in errors
    assert "Traceback" not in errors


def test_a_band_that_pauses_is_one_clear_line() -> None:
    result = bench("--instruments", "piano", "--mute", "piano")
    assert result.exit_code == 2
    assert "name instruments that play" in result.stderr


def test_a_missing_model_is_exit_code_2() -> None:
    result = bench("--model", "nobody/nothing")
    assert result.exit_code == 2
    assert "pull nobody/nothing" in result.output


def test_wrong_numbers_are_refused_with_what_is_right() -> None:
    assert "2<=x<=64" in bench("--sessions", "1").stderr
    assert "1<=x<=4096" in bench("--bars", "0").stderr


def test_help_has_examples() -> None:
    assert "midinfinite-osc bench --profile --threads 2" in bench("--help").output
