from benchmarks import report
from benchmarks.report import OWN, Result, Row


def test_a_peer_that_is_not_installed_is_left_out_by_name() -> None:
    row = Row(OWN, "grid", "1", "", 1.0, {"0": [10.0, 30.0, 20.0]}, [0.1])
    peer = Row("Hugging Face bfloat16", "grid", "1", "", 1.0, {"0": [5.0, 5.0, 5.0]}, [0.2])
    result = Result("tiny", "some", 2, [0], [6e9], 10**8, {"CTranslate2 int8": "pip install it"}, [row, peer])
    lines = list(report.table(result))
    assert f"| {OWN}, grid | 20 (10–30) | 100 ms (100–100) |" in lines
    assert f"| {OWN}, grid ÷ Hugging Face bfloat16 | 4 × (2–6) | 2 × (2–2) |" in lines
    assert "CTranslate2 int8 is not installed and was left out: pip install it" in lines
