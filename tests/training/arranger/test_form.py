import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.arranger import form
from training.arranger.form import FORMS, Section


def test_words_spell_sections() -> None:
    assert form.sections("A4< B8+2 C8~") == [
        Section("A", 4, "intro", 0),
        Section("B", 8, "full", 2),
        Section("C", 8, "break", 0),
    ]


def test_what_is_no_section_is_refused() -> None:
    with pytest.raises(ValueError, match="'8A' is no section"):
        form.sections("A8 8A")


@pytest.mark.parametrize("group", sorted(FORMS))
@given(seed=st.integers(0, 999))
def test_forms_last_sixteen_bars_or_more_and_not_for_ever(group: str, seed: int) -> None:
    bars = sum(section.bars for section in form.chosen(random.Random(seed), [group]))
    assert 16 <= bars <= 80


@given(
    seed=st.integers(0, 9999),
    kind=st.sampled_from(["full", "intro", "ending", "break", "build"]),
    bars=st.integers(2, 16),
    roles=st.lists(st.sampled_from(["drums", "bass", "lead", "comp"]), min_size=1, max_size=8),
    rest=st.floats(0, 1),
)
def test_somebody_plays_from_the_start_and_nobody_enters_too_late(
    seed: int, kind: str, bars: int, roles: list[str], rest: float
) -> None:
    entries = form.entries(random.Random(seed), Section("A", bars, kind, 0), roles, rest)
    assert len(entries) == len(roles)
    assert 0 in entries
    assert all(entry is None or 0 <= entry < bars for entry in entries)


def test_a_break_that_lets_the_drums_rest_does() -> None:
    entered = [
        form.entries(random.Random(seed), Section("A", 8, "break", 0), ["drums", "bass", "lead"], 0.0)[0]
        for seed in range(100)
    ]
    assert 50 < entered.count(None) < 100


def test_a_letter_is_written_for_its_longest_section() -> None:
    assert form.lengths(form.sections("A4< A8 B8 A8")) == {"A": 8, "B": 8}
