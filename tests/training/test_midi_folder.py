from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patterns import midi
from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import DRUMS, Note
from tests.training.tiny import riff
from training import excerpt, midi_folder
from training.midi_folder import MidiFolderError, hold_back, read

SEVEN = Meter(7, 8)


def test_files_of_all_folders_are_read_and_of_any_spelling(tmp_path: Path) -> None:
    for number, name in enumerate(("b.mid", "a/c.MIDI", "a/d/E.MID")):
        riff(tmp_path / name, shift=number)
    riff(tmp_path / "._b.mid", shift=9)
    (tmp_path / "notes.txt").write_text("no music")
    files, skipped = read(tmp_path)
    assert [file.name for file in files] == ["a/c.MIDI", "a/d/E.MID", "b.mid"]
    assert skipped == []


def test_a_piece_is_what_the_file_says(tmp_path: Path) -> None:
    riff(tmp_path / "riff.mid", bars=4, meter=SEVEN, tempo=97.0)
    (piece,) = read(tmp_path)[0][0].pieces
    assert piece.meter == SEVEN
    assert piece.tempo == pytest.approx(97, abs=0.01)
    assert piece.onsets.tolist() == [
        index * SEVEN.bar_ticks + beat * 240 for index in range(4) for beat in range(7) for _ in "ab"
    ]
    assert set(piece.programs.tolist()) == {33, DRUMS}
    assert set(piece.durations[piece.programs == DRUMS].tolist()) == {60}


def test_each_stretch_of_a_meter_is_a_piece_from_its_first_note(tmp_path: Path) -> None:
    notes = tuple(Note(240 * beat, 0, 60 + beat, 100) for beat in range(6))
    bars = [Bar(0, Meter()), *(Bar(index, Meter(), notes) for index in range(1, 5))]
    bars += [Bar(index, Meter(3, 4), notes) for index in range(5, 8)]
    midi.write(tmp_path / "two.mid", bars, [100.0] * 5 + [140.0] * 3)
    pieces = read(tmp_path)[0][0].pieces
    assert [(piece.meter, len(piece.onsets), round(piece.tempo)) for piece in pieces] == [
        (Meter(), 24, 100),
        (Meter(3, 4), 18, 140),
    ]
    assert [int(piece.onsets[0]) for piece in pieces] == [0, 0]


def test_what_cannot_be_used_is_named_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midi_folder, "LARGEST", 20_000)
    riff(tmp_path / "good.mid")
    riff(tmp_path / "good too.mid")
    (tmp_path / "text.mid").write_text("no music at all")
    (tmp_path / "cut.mid").write_bytes((tmp_path / "good.mid").read_bytes()[:200])
    (tmp_path / "nothing.mid").touch()
    (tmp_path / "huge.mid").write_bytes(bytes(20_001))
    (tmp_path / "lost.mid").symlink_to(tmp_path / "gone.mid")
    (tmp_path / "folder.mid").mkdir()
    midi.write(tmp_path / "silent.mid", [Bar(0, Meter())], [120])
    midi.write(tmp_path / "beats.mid", [Bar(0, Meter(), tuple(Note(240 * i, DRUMS, 36, 60) for i in range(7)))], [120])
    far = [Bar(i, Meter(), (Note(0, 0, 60, 100),) if i % 40 == 0 else ()) for i in range(321)]
    midi.write(tmp_path / "sparse.mid", far, [60] * len(far))
    files, skipped = read(tmp_path)
    assert [file.name for file in files] == ["good too.mid"]
    reasons = {file.name: file.why for file in skipped}
    assert reasons.pop("cut.mid").startswith("is damaged")
    assert reasons.pop("text.mid").startswith("is no MIDI file")
    assert reasons.pop("nothing.mid").startswith("is damaged")
    assert reasons == {
        "beats.mid": "too short: 7 notes, and 8 are the fewest",
        "good.mid": "the same music as good too.mid",
        "huge.mid": "larger than 20,000 bytes",
        "lost.mid": "a link that leads nowhere",
        "silent.mid": "too short: no notes, and 8 are the fewest",
        "sparse.mid": "too sparse: no 8 notes of one meter within a minute",
    }
    assert all(len(str(file).splitlines()) == 1 for file in skipped)


def test_a_folder_without_music_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(MidiFolderError, match=r"nowhere: no such folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(MidiFolderError, match=r"files that end in \.mid or \.midi"):
        read(tmp_path)
    (tmp_path / "x.mid").touch()
    with pytest.raises(MidiFolderError, match=r"all 1 were skipped, the first is x\.mid: is damaged"):
        read(tmp_path)


def test_of_many_files_whole_ones_are_held_back(tmp_path: Path) -> None:
    for number in range(14):
        riff(tmp_path / f"{number}.mid", bars=4 + number)
    files, _ = read(tmp_path)
    learnt, held = hold_back(files, seed=3)
    assert (len(learnt), len(held)) == (12, 2)
    assert {len(piece.onsets) for piece in (*learnt, *held)} == {file.notes for file in files}
    assert hold_back(files, seed=3)[1] == held


def test_of_few_files_the_last_bars_are_held_back(tmp_path: Path) -> None:
    riff(tmp_path / "long.mid", bars=20)
    riff(tmp_path / "short.mid", bars=2, shift=1)
    files, _ = read(tmp_path)
    learnt, held = hold_back(files)
    assert [len(piece.onsets) for piece in learnt] == [16 * 16, 2 * 16]
    assert [len(piece.onsets) for piece in held] == [4 * 16]
    assert held[0].onsets[0] == 0
    assert hold_back(files[1:])[1] == []


@settings(max_examples=60, deadline=None)
@given(
    onsets=st.lists(st.integers(0, 200_000), min_size=8, max_size=80),
    meter=st.sampled_from([Meter(), Meter(3, 4), SEVEN, Meter(1, 32)]),
    tempo=st.floats(20, 300),
)
def test_a_split_loses_and_moves_nothing(onsets: list[int], meter: Meter, tempo: float) -> None:
    sorted_onsets = np.sort(np.array(onsets, np.int64))
    sorted_onsets -= sorted_onsets[0]
    ones = np.ones(len(onsets), np.int64)
    piece = midi_folder.Piece("midi", sorted_onsets, ones, 0 * ones, 60 * ones, tempo, meter)
    (learnt,), held = hold_back([midi_folder.File("x", (piece,))])
    if not held:
        assert learnt is piece
        return
    start = int(sorted_onsets[len(learnt.onsets)] - held[0].onsets[0])
    assert start % meter.bar_ticks == 0
    assert [*learnt.onsets.tolist(), *(held[0].onsets + start).tolist()] == sorted_onsets.tolist()
    assert min(len(learnt.onsets), len(held[0].onsets)) >= midi_folder.FEWEST_HELD
    assert len(excerpt.events(excerpt.cut(held[0], 0))) >= excerpt.FEWEST
