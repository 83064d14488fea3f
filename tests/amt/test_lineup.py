"""What the model is told of a bar follows from the steering."""

from amt.lineup import UNTOLD, Lineup, controls, lineup
from amt.metronome import ANY, STRAIGHT, TRIPLETS
from amt.steering import Steering
from amt.vocabulary import PITCHES
from patterns.note import DRUMS

BAND = Steering().set("instruments", "drums", "piano", "bass")


def test_the_players_are_those_that_are_heard() -> None:
    assert lineup(BAND) == Lineup((0, 33, DRUMS), STRAIGHT)
    assert lineup(BAND.set("mute", "piano")).players == (33, DRUMS)
    assert lineup(BAND.set("solo", "bass")).players == (33,)
    assert lineup(BAND.set("instruments", "snare", "kick")).players == (DRUMS,)


def test_of_a_family_one_is_named() -> None:
    assert lineup(BAND.set("instruments", "drums", "strings")).players == (40, DRUMS)


def test_a_lone_player_is_one_of_a_band() -> None:
    assert lineup(BAND.set("solo", "piano")).players == (0, 33)
    assert lineup(BAND.set("instruments", "strings")).players == (33, 40)
    assert lineup(BAND.set("instruments", "slap bass")).players == (36,)
    assert lineup(BAND.set("solo", "drums")).players == (DRUMS,)


def test_nobody_named_nothing_said() -> None:
    assert lineup(BAND.set("instruments")).players == ()
    assert Lineup((), ANY) == UNTOLD


def test_the_grid_is_told() -> None:
    assert lineup(BAND.set("subdivision", 3)).click == TRIPLETS
    assert lineup(BAND.set("subdivision", 0)).click == ANY


def test_players_are_controls_of_no_length() -> None:
    assert controls(700, (0, DRUMS)).tolist() == [[700, 0, 0], [700, 0, DRUMS * PITCHES]]
    assert controls(700, ()).shape == (0, 3)
