from pathlib import Path

import pytest

from training.arranger import styles
from training.arranger.styles import ROLES, STYLES

GOOD = """
[shanty]
tempo = [90, 120]
modes = ["dorian"]
forms = ["song"]
chords = ["i bVII"]
bass = ["r---5---"]
comp = ["..x-..x-"]
lead = ["x---x-x-"]
drums = [{ kick = "x...", hat = "..o." }]
[shanty.band]
bass = [32]
comp = [21]
"""


def test_the_styles_live_coders_ask_for_are_there() -> None:
    assert {"house", "techno", "drum and bass", "dub", "funk", "bossa", "ambient", "minimal", "chiptune"} <= set(STYLES)
    assert {(4, 4), (3, 4), (6, 8), (12, 8), (5, 4), (7, 8), (2, 4), (9, 8)} <= {
        style.meter for style in STYLES.values()
    }


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_style_has_a_bass_a_comp_and_programs_of_general_midi(style: styles.Style) -> None:
    assert {"bass", "comp", "lead"} <= set(style.band) <= set(ROLES)
    assert all(0 <= program < 128 for programs in style.band.values() for program in programs)
    assert 60 <= style.tempo[0] < style.tempo[1] <= 180


def test_a_table_is_a_style(tmp_path: Path) -> None:
    (tmp_path / "sea.toml").write_text(GOOD)
    shanty = styles.read(tmp_path)["shanty"]
    assert shanty.tempo == (90, 120)
    assert shanty.meter == (4, 4)
    assert shanty.drums == ({"kick": "x...", "hat": "..o."},)


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('"dorian"', '"doric"', "'doric' is none of major"),
        ('"song"', '"opera"', "'opera' is none of song"),
        ("kick =", "gong =", "drum 'gong' is none of kick"),
        ('"r---5---"', '"r---z---"', "'r---z---' may hold only"),
        ('"r---5---"', '"r---5--"', "7 steps"),
        ('"i bVII"', '"i H"', "'H' is no chord"),
        ("comp = [21]", "viola = [21]", "'viola' is none of drums"),
        ('chords = ["i bVII"]', "", "chords"),
    ],
)
def test_a_wrong_table_says_where_and_what(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    (tmp_path / "sea.toml").write_text(GOOD.replace(right, wrong))
    with pytest.raises(ValueError, match=r"sea.toml: \[shanty\].*" + complaint.replace("[", r"\[")):
        styles.read(tmp_path)
