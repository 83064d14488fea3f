"""Bars from the real model: on the grid, by the named, the same again from the same beginnings."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from amt.composer import Composer
from amt.decoder import Decoder, load
from amt.draft import MOST_NOTES, Draft
from amt.ensemble import CHORD
from amt.lockstep import PROMPT
from amt.passage import Passage
from amt.polyphony import Ringing
from amt.quantization import quantization
from amt.reader import Reader, Reading
from amt.steering import Steering
from amt.weights import write
from patterns.bar import Bar
from patterns.groove import swung
from patterns.meter import Meter
from patterns.note import DRUMS
from tests.amt import checkpoints

BAND = Steering().set("instruments", "piano", "bass", "drums").set("seed", 11)


def play(
    composer: Composer, steering: Steering, bars: int, passage: Passage | None = None
) -> tuple[list[Bar], Passage]:
    passage = passage or composer.begin()
    music = []
    for _ in range(bars):
        bar, passage = composer.compose(passage, steering)
        music.append(bar)
    return music, passage


@pytest.fixture(scope="module")
def composer(decoder: object) -> Composer:
    return Composer(decoder)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Decoder:
    """A model of random weights, which composes as many notes in a fraction of the time: for what holds whatever
    the music."""
    folder = tmp_path_factory.mktemp("models") / "small"
    write(folder, checkpoints.COMPOSER, quantization("q4f32_1"), checkpoints.weights(checkpoints.COMPOSER))
    return load(folder)


@pytest.mark.parametrize(
    ("tempo", "beats", "unit", "subdivision"),
    [(120, 4, 4, 4), (174, 4, 4, 4), (61.7, 3, 4, 3), (96, 7, 8, 4), (140, 6, 8, 8), (60, 5, 4, 1)],
)
def test_every_onset_is_on_the_grid(composer: Composer, tempo: float, beats: int, unit: int, subdivision: int) -> None:
    steering = BAND.set("tempo", tempo).set("meter", beats, unit).set("subdivision", subdivision)
    music, _ = play(composer, steering, 4)
    grid = set(steering.grid.onsets.tolist())
    assert all(bar.meter == Meter(beats, unit) for bar in music)
    assert [bar.index for bar in music] == [0, 1, 2, 3]
    assert all(bar.notes for bar in music)
    assert {note.onset for bar in music for note in bar.notes} <= grid
    assert all(note.duration % (480 // subdivision) == 0 for bar in music for note in bar.notes)


def test_a_session_begins_on_its_first_beat(composer: Composer) -> None:
    for seed in range(4):
        (bar,), _ = play(composer, BAND.set("seed", seed), 1)
        assert bar.notes[0].onset == 0


def test_the_band_plays_and_nobody_else(composer: Composer) -> None:
    heard: Counter[int] = Counter()
    for seed in range(6):
        music, _ = play(composer, BAND.set("seed", seed), 4)
        instruments = {note.instrument for bar in music for note in bar.notes}
        assert instruments <= {0, 33, DRUMS}
        heard.update(instruments)
    assert all(heard[program] >= 5 for program in (0, 33, DRUMS))


def test_the_key_and_a_range_hold_for_every_note(composer: Composer) -> None:
    music, _ = play(composer, BAND.set("key", "d", "dorian").set("range", "bass", 28, 52), 4)
    pitched = [note for bar in music for note in bar.notes if not note.is_drum]
    assert {note.pitch % 12 for note in pitched} <= {0, 2, 4, 5, 7, 9, 11}
    assert all(28 <= note.pitch <= 52 for note in pitched if note.instrument == 33)


def test_nothing_is_struck_twice_at_once(composer: Composer) -> None:
    music, _ = play(composer, BAND.set("instruments", "kick").set("top_p", 1), 3)
    for bar in music:
        struck = Counter((note.onset, note.instrument, note.pitch) for note in bar.notes)
        assert max(struck.values()) == 1


def test_chords_are_what_a_player_can_hold(composer: Composer) -> None:
    for seed in (3, 5, 9):
        music, _ = play(composer, BAND.set("seed", seed), 3)
        chords = Counter((bar.index, note.onset, note.instrument) for bar in music for note in bar.notes)
        assert max(chords.values()) <= CHORD


def notes_of(composer: Composer, steering: Steering) -> int:
    """How many notes there are in some bars of several seeds."""
    several = [play(composer, steering.set("seed", seed), 3)[0] for seed in range(2)]
    assert all(bar.notes for music in several for bar in music)
    return sum(len(bar.notes) for music in several for bar in music)


@pytest.mark.parametrize(
    ("band", "tempo"), [(("piano", "bass", "drums"), 150), (("bass",), 72), (("pad", "strings"), 120)]
)
def test_density_makes_the_music_sparser_and_denser(composer: Composer, band: tuple[str, ...], tempo: float) -> None:
    steering = BAND.set("instruments", *band).set("tempo", tempo)
    sparse, own, dense = (notes_of(composer, steering.set("density", density)) for density in (0.2, 0.5, 0.8))
    assert sparse < own < dense
    assert 4 * sparse < dense


def test_a_free_ensemble_has_a_density_too(composer: Composer) -> None:
    free = BAND.set("instruments")
    assert 2 * notes_of(composer, free.set("density", 0.2)) < notes_of(composer, free.set("density", 0.8))


@pytest.mark.parametrize("density", [0, 1])
def test_at_the_ends_all_are_heard_and_nothing_overflows(composer: Composer, density: float) -> None:
    music, _ = play(composer, BAND.set("density", density), 5)
    assert all(0 < len(bar.notes) < MOST_NOTES for bar in music)
    assert {note.instrument for bar in music[:4] for note in bar.notes} == {0, 33, DRUMS}


def most_at_once(music: Sequence[Bar], instruments: set[int] | None = None) -> int:
    """The most notes that sound at any tick from the first bar line of `music` on."""
    changes: list[tuple[int, int]] = []
    line = 0
    for bar in music:
        for note in bar.notes:
            if instruments is None or note.instrument in instruments:
                changes += [(line + note.onset, 1), (line + note.onset + note.duration, -1)]
        line += bar.meter.bar_ticks
    return max(itertools.accumulate(change for _, change in sorted(changes)))


def test_no_more_notes_sound_than_allowed(composer: Composer) -> None:
    for seed in range(2):
        few = DENSE.set("seed", seed).set("polyphony", 5).set("polyphony", "bass", 1)
        music, _ = play(composer, few.set("swing", 0.7).set("humanize", 1), 4)
        assert most_at_once(music) <= 5
        assert most_at_once(music, {33}) == 1
        assert all(bar.notes for bar in music)


def test_polyphony_holds_from_the_next_bar_which_is_full_whatever_still_rings(composer: Composer) -> None:
    for seed in range(2):
        organ = BAND.set("instruments", "organ", "pad").set("seed", seed).set("swing", 0.9)
        _, passage = play(composer, organ, 2)
        held = replace(passage, ringing=tuple(Ringing(4 * 1920, 88, pitch) for pitch in range(60, 68)))
        after, _ = play(composer, organ.set("polyphony", 2).set("swing", 0.1), 3, held)
        assert most_at_once(after) <= 2
        assert all(bar.notes for bar in after)
        assert after[0].notes[0].onset < 960


def test_the_model_hears_what_makes_way(composer: Composer) -> None:
    steering = DENSE.set("tempo", 125).set("polyphony", 2)  # a sixteenth is 12 steps
    bar, passage = composer.compose(composer.begin(), steering)
    grid = steering.grid
    heard = [(event.time, event.duration) for event in passage.past[0].events]
    assert sorted(heard) == sorted(
        (grid.to_step(note.onset), grid.to_step(note.onset + note.duration) - grid.to_step(note.onset))
        for note in bar.notes
    )


def test_swing_and_humanize_change_how_notes_are_played_and_not_which(composer: Composer) -> None:
    exact, after = play(composer, BAND, 3)
    late, passage = play(composer, BAND.set("swing", 0.6), 3)
    assert [bar.notes for bar in late] == [tuple(sorted(swung(bar.notes, bar.meter, 4, 0.6))) for bar in exact]
    assert passage.past == after.past
    human, passage = play(composer, BAND.set("humanize", 0.5), 3)
    assert human != exact
    assert passage.past == after.past
    assert human == play(composer, BAND.set("humanize", 0.5), 3)[0]
    for one, other in zip(exact, human, strict=True):
        assert Counter((n.instrument, n.pitch) for n in one.notes) == Counter(
            (n.instrument, n.pitch) for n in other.notes
        )


def test_the_same_seed_gives_the_same_music_and_another_does_not(composer: Composer) -> None:
    first, _ = play(composer, BAND, 3)
    assert play(composer, BAND, 3)[0] == first
    assert play(composer, BAND.set("seed", 12), 3)[0] != first
    assert play(composer, BAND.set("horizon", 1), 3)[0] == first


def test_a_bar_does_not_depend_on_what_was_composed_in_between(composer: Composer) -> None:
    _, passage = play(composer, BAND, 2)
    steered = BAND.set("instruments", "organ", "drums")
    bar, after = composer.compose(passage, steered)
    play(composer, BAND.set("seed", 99).set("tempo", 90), 5)
    composer.compose(passage, BAND)
    assert composer.compose(passage, steered) == (bar, after)
    assert composer.compose(passage, steered, variation=1)[0] != bar


def test_a_change_is_heard_in_the_very_next_bar(composer: Composer) -> None:
    _, passage = play(composer, BAND, 3)
    bar, _ = composer.compose(passage, BAND.set("instruments", "violin").set("meter", 3, 4))
    assert {note.instrument for note in bar.notes} == {40}
    assert bar.meter == Meter(3, 4)


def test_all_muted_is_an_empty_bar_and_music_comes_back(composer: Composer) -> None:
    _, passage = play(composer, BAND, 1)
    silent = BAND.set("mute", "piano", "bass", "drums")
    for _ in range(3):
        bar, passage = composer.compose(passage, silent)
        assert bar.notes == ()
    bar, _ = composer.compose(passage, BAND)
    assert bar.notes


def test_music_goes_on_when_the_window_moves(composer: Composer) -> None:
    passage = composer.begin()
    kept = []
    for index in range(24):
        bar, passage = composer.compose(passage, BAND)
        assert bar.index == index
        assert bar.notes
        kept.append(len(passage.past))
    assert any(after < before for before, after in itertools.pairwise(kept))
    assert passage.start == Fraction(24 * 200)


class Forgetful(Reader):
    """Reads every window anew."""

    def give_back(self, readings: Sequence[Reading]) -> None:
        super().give_back(readings)
        self._kept.clear()


class Unprepared(Draft):
    """Never reads the next window before it is needed."""

    def _read_ahead(self) -> None:
        super()._read_ahead()
        for line in self.lines[1:]:
            self._reader.give_back([line.reading])
        del self.lines[1:]


DENSE = Steering().set("instruments", "piano", "guitar", "bass", "drums").set("seed", 2)


@pytest.mark.parametrize(
    ("model", "steering"),
    [
        ("decoder", DENSE),
        ("small", DENSE),
        ("small", DENSE.set("tempo", 61.7).set("meter", 7, 8)),
        ("small", DENSE.set("density", 0.6).set("polyphony", 6).set("polyphony", "bass", 1)),
    ],
)
def test_readings_kept_and_windows_read_ahead_change_no_note(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, model: str, steering: Steering
) -> None:
    bars, decoder = 10, request.getfixturevalue(model)
    music, passage = play(Composer(decoder), steering, bars)
    assert len(passage.past) < bars - 1, "the window has moved"
    forgetful, unprepared = Composer(decoder), Composer(decoder)
    monkeypatch.setattr(forgetful, "_reader", Forgetful(decoder))
    assert play(forgetful, steering, bars) == (music, passage)
    monkeypatch.setattr("amt.composer.Draft", Unprepared)
    assert play(unprepared, steering, bars) == (music, passage)


class Counting:
    """A decoder that writes down the tokens of each pass."""

    def __init__(self, decoder: Any) -> None:
        self._decoder, self.config = decoder, decoder.config
        self.new_cache = decoder.new_cache
        self.passes: list[int] = []

    def step(self, parts: Any, draws: Any) -> list[int]:
        self.passes.append(sum(len(tokens) for _, tokens in parts))
        drawn: list[int] = self._decoder.step(parts, draws)
        return drawn


def test_a_move_of_the_window_makes_no_pass_longer(small: Decoder) -> None:
    counting: Any = Counting(small)
    composer = Composer(counting)
    passage = composer.begin()
    moves = 0
    for _ in range(20):
        before = passage
        _, passage = composer.compose(passage, DENSE)
        moves += len(passage.past) <= len(before.past)
    assert moves >= 3
    first, *others = counting.passes
    assert first > max(others)
    assert max(others) <= PROMPT
    assert counting.passes.count(1) > len(counting.passes) / 2
    assert len(composer._reader) <= 3


def together(composer: Composer, steerings: Sequence[Steering], bars: int) -> list[list[Bar]]:
    """Sessions in lockstep, each going on as soon as its bar is done."""
    music: list[list[Bar]] = [[] for _ in steerings]
    drafts = {number: composer.begin_bar(composer.begin(), steering) for number, steering in enumerate(steerings)}
    while drafts:
        composer.advance(list(drafts.values()))
        for number, draft in list(drafts.items()):
            if draft.outcome is None:
                continue
            assert not isinstance(draft.outcome, Exception)
            bar, passage = draft.outcome
            music[number].append(bar)
            if len(music[number]) < bars:
                drafts[number] = composer.begin_bar(passage, steerings[number])
            else:
                del drafts[number]
    return music


def test_sessions_in_lockstep_sound_as_each_alone(small: Decoder) -> None:
    steerings = [
        DENSE,
        DENSE.set("seed", 5).set("tempo", 174),
        BAND.set("key", "d", "dorian").set("top_p", 0.9),
        BAND.set("meter", 3, 4).set("temperature", 1.2),
        BAND.set("mute", "piano", "bass", "drums"),
        BAND.set("density", 0.2).set("polyphony", 3).set("humanize", 1),
    ]
    alone = [play(Composer(small), steering, 9)[0] for steering in steerings]
    assert together(Composer(small), steerings, 9) == alone


def test_variations_in_lockstep_are_those_composed_alone(composer: Composer) -> None:
    _, passage = play(composer, BAND, 1)
    several = composer.compose_all(passage, BAND, range(4))
    assert several == [composer.compose(passage, BAND, variation) for variation in range(4)]
    assert len({bar for bar, _ in several}) == 4
    assert composer.compose_all(passage, BAND, []) == []


class Ill:
    """A decoder that cannot draw for one cache."""

    def __init__(self, decoder: Any) -> None:
        self._decoder, self.config = decoder, decoder.config
        self.new_cache = decoder.new_cache
        self.bad: object = None

    def step(self, parts: Any, draws: Any) -> list[int]:
        if any(cache is self.bad for cache, _, _ in draws):
            raise RuntimeError("the model is ill")
        drawn: list[int] = self._decoder.step(parts, draws)
        return drawn


def test_what_goes_wrong_with_one_bar_spoils_no_other(decoder: Any, composer: Composer) -> None:
    ill: Any = Ill(decoder)
    patient = Composer(ill)
    drafts = [patient.begin_bar(patient.begin(), BAND.set("seed", seed)) for seed in range(3)]
    ill.bad = drafts[1].lines[0].reading.cache
    while any(draft.outcome is None for draft in drafts):
        patient.advance(drafts)
    expected = [composer.compose(composer.begin(), BAND.set("seed", seed)) for seed in (0, 2)]
    assert [drafts[0].outcome, drafts[2].outcome] == expected
    assert str(drafts[1].outcome) == "the model is ill"
    ill.bad = None
    assert patient.compose(patient.begin(), BAND.set("seed", 1)) == composer.compose(
        composer.begin(), BAND.set("seed", 1)
    )


def test_a_bar_that_cannot_be_begun_is_a_failure_of_its_own(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> None:
        raise ValueError("not to be read")

    monkeypatch.setattr(Passage, "window", unreadable)
    draft = composer.begin_bar(composer.begin(), BAND)
    composer.advance([draft])
    assert str(draft.outcome) == "not to be read"
    with pytest.raises(ValueError, match="not to be read"):
        composer.compose(composer.begin(), BAND)
