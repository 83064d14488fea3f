import pytest

from benchmarks import report
from benchmarks.report import OWN, Result, Row


def test_a_peer_that_is_not_installed_is_left_out_by_name() -> None:
    row = Row(OWN, "grid", "1", "", 1.0, {"0": [10.0, 30.0, 20.0]}, [0.1])
    peer = Row("Hugging Face bfloat16", "grid", "1", "", 1.0, {"0": [5.0, 5.0, 5.0]}, [0.2])
    result = Result("tiny", "some", 2, [0], [6e9], 10**8, 10**5, {"CTranslate2 int8": "pip install it"}, [row, peer])
    lines = list(report.table(result))
    assert f"| {OWN}, grid | 20 (10–30) | 100 ms (100–100) |" in lines
    assert f"| {OWN}, grid ÷ Hugging Face bfloat16 | 4 × (2–6) | 2 × (2–2) |" in lines
    assert "CTranslate2 int8 is not installed and was left out: pip install it" in lines


def test_the_limit_counts_keys_and_values_where_they_are_read() -> None:
    row = Row(OWN, "grid", "1", "", 1.0, {"0": [10.0], "988": [5.0, 5.0, 8.0]}, [])
    result = Result("tiny", "some", 2, [0, 988], [3e9, 6e9], 10**8, 10**5, {}, [row])
    assert result.streaming_limit() == pytest.approx(20)
    assert result.streaming_limit(1_000) == pytest.approx(10)
    lines = list(report.table(result))
    assert "| 100.0 MB of weights | 20: 50% (50%) | 20: 25% (40%) |" in lines
    # the run's own 24 tokens stand behind one another: 12 on average
    assert "| 100.0 KB a position as well | 20: 51% (51%) | 10: 50% (80%) |" in lines


def test_streams_of_one_batch_are_compared_with_one_stream_and_with_peers() -> None:
    row = Row(OWN, "grid", "1", "", 1.0, {"500": [10.0, 20.0]}, [], [40.0, 60.0])
    peer = Row("llama.cpp q4_0", "grid", "1", "", 1.0, {"500": [5.0, 5.0]}, [], [20.0, 20.0])
    lines = list(report.table(Result("tiny", "some", 2, [500], [6e9], 10**8, 10**5, {}, [row, peer])))
    assert f"| {OWN}, grid | 50 (40–60) | 3.5 × (3–4) |  |" in lines
    assert "| llama.cpp q4_0 | 20 (20–20) | 4 × (4–4) | 2.5 × (2–3) |" in lines


def test_gaps_are_ratios_to_their_own_rounds_median() -> None:
    composed = [
        {"notes": 300.0, "moves": 5, "median": 0.001, "late": 0.002, "moving": 0.003, "longest": 0.01},
        {"notes": 200.0, "moves": 5, "median": 0.002, "late": 0.006, "moving": 0.002, "longest": 0.01},
    ]
    lines = list(report.table(Result("embedded", "some", 2, [], [6e9], 10**8, 10**5, {}, [], composed)))
    (line,) = [line for line in lines if "the window moved" in line]
    assert "250 (200–300) notes/s, the window moved 5 times" in line
    assert (
        "99th percentile 2.5 × (2–3) the median, of those while a window moves 2 × (1–3), longest 7.5 × (5–10)" in line
    )
