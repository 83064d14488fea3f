"""Notes make way for others, the oldest first; what was promised before stays."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from amt.polyphony import Ringing, make_way, still_ringing, to_end
from amt.steering import Limit, Steering
from patterns.note import DRUMS, Note

BAR = 1920
ALL_TWO = (Limit(None, 2),)


def limits(*settings: tuple[str, int] | tuple[int]) -> tuple[Limit, ...]:
    steering = Steering()
    for setting in settings:
        steering = steering.set("polyphony", *setting)
    return steering.limits


def test_where_there_is_room_nobody_makes_way() -> None:
    notes = [Note(0, 0, 60, 960)]
    assert make_way(notes, [], Note(480, 0, 64, 480), ALL_TWO) == ()
    assert make_way(notes, [], Note(480, 0, 64, 480), ()) == ()


def test_the_oldest_that_still_sounds_makes_way() -> None:
    notes = [Note(0, 0, 60, 240), Note(0, 0, 62, 960), Note(240, 0, 64, 960)]
    assert make_way(notes, [], Note(480, 0, 65, 480), ALL_TWO) == (1,)


def test_a_note_that_ends_there_is_not_in_the_way() -> None:
    notes = [Note(0, 0, 60, 480), Note(0, 0, 62, 960)]
    assert make_way(notes, [], Note(480, 0, 65, 480), ALL_TWO) == ()


def test_a_chord_is_full_when_its_own_notes_fill_it() -> None:
    notes = [Note(0, 0, 60, 960), Note(480, 0, 60, 480), Note(480, 0, 64, 480)]
    assert make_way(notes, [], Note(480, 0, 67, 480), ALL_TWO) is None


def test_an_instruments_limit_binds_that_instrument() -> None:
    mono = limits(("bass", 1))
    notes = [Note(0, 0, 60, 960), Note(0, 33, 36, 960), Note(0, DRUMS, 36, 960)]
    assert make_way(notes, [], Note(480, 33, 40, 480), mono) == (1,)
    assert make_way(notes, [], Note(480, 0, 64, 480), mono) == ()


def test_who_makes_way_for_their_own_makes_way_for_all() -> None:
    notes = [Note(0, 0, 60, 960), Note(0, 33, 36, 960)]
    assert make_way(notes, [], Note(480, 33, 40, 480), limits((2,), ("bass", 1))) == (1,)


def test_a_piece_of_the_kit_has_a_limit_of_its_own() -> None:
    assert Limit(Steering().set("instruments", "kick").instruments[0], 1).binds(DRUMS, 36)
    assert not Limit(Steering().set("instruments", "kick").instruments[0], 1).binds(DRUMS, 42)


def test_notes_of_earlier_bars_hold_their_places() -> None:
    held = [Ringing(960, 0, 60)]
    assert make_way([], held, Note(480, 0, 64, 480), ALL_TWO) == ()
    assert make_way([Note(480, 0, 62, 480)], held, Note(480, 0, 64, 480), ALL_TWO) is None


def test_what_rings_since_a_limit_was_higher_leaves_room_for_a_full_bar() -> None:
    held = [Ringing(960, 33, 40), Ringing(960, 33, 45), Ringing(BAR, 33, 47)]
    new = Note(0, 33, 36, 480)
    assert make_way([], held, new, limits(("bass", 1))) == ()
    assert make_way([new], held, Note(480, 33, 38, 480), limits(("bass", 1))) == ()
    assert make_way([replace(new, duration=960)], held, Note(480, 33, 38, 480), limits(("bass", 2))) == (0,)


def test_a_bar_leaves_half_the_places_to_the_next() -> None:
    notes = [Note(number, 0, 60 + number, 2 * BAR) for number in range(4)]
    assert to_end(notes, [], BAR, (Limit(None, 4),)) == (0, 1)
    assert to_end(notes, [Ringing(2 * BAR, 0, 40)], BAR, (Limit(None, 4),)) == (0, 1, 2)
    assert to_end(notes, [], BAR, limits(("piano", 1))) == (0, 1, 2, 3)
    assert to_end(notes, [], BAR, ()) == ()


def test_what_rings_on_is_counted_from_the_next_bar_line() -> None:
    notes = [Note(0, 0, 60, BAR), Note(960, 0, 62, BAR)]
    assert still_ringing(notes, [Ringing(BAR, 33, 40), Ringing(BAR + 7, 33, 41)], BAR) == ((7, 33, 41), (960, 0, 62))


@given(
    st.lists(st.tuples(st.integers(0, 15), st.integers(1, 32), st.sampled_from([0, 33, DRUMS])), max_size=40),
    st.lists(st.tuples(st.integers(1, 2000), st.sampled_from([0, 33])), max_size=3),
    st.integers(3, 6),
    st.integers(2, 3),
)
def test_never_more_sound_than_allowed(
    struck: list[tuple[int, int, int]], ringing: list[tuple[int, int]], of_all: int, of_bass: int
) -> None:
    bound = limits((of_all,), ("bass", of_bass))
    past = [Ringing(end, instrument, 50) for end, instrument in ringing][: of_bass // 2]
    notes: list[Note] = []
    for step, length, instrument in sorted(struck):
        new = Note(120 * step, instrument, 60, 120 * length)
        held = [each for each in past if each.end > new.onset]
        stolen = make_way(notes, held, new, bound)
        if stolen is not None:
            notes = [
                replace(note, duration=new.onset - note.onset) if number in stolen else note
                for number, note in enumerate(notes)
            ]
            notes.append(new)
    for tick in range(0, BAR, 60):
        sounding = sounds_at(notes, past, tick)
        assert len(sounding) <= of_all
        assert sounding.count(33) <= of_bass


def sounds_at(notes: Sequence[Note], past: Sequence[Ringing], tick: int) -> list[int]:
    """The instruments of what sounds at a tick, once for each note."""
    struck = [note.instrument for note in notes if note.onset <= tick < note.onset + note.duration]
    return struck + [each.instrument for each in past if each.end > tick]
