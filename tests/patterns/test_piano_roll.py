import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from patterns.bar import Bar
from patterns.meter import Meter
from patterns.note import DRUMS, Note
from patterns.piano_roll import _BACKGROUND, _DRUM_COLOUR, _PALETTE, _colours, _Page, draw, render

LOUD = 127


def pixel(picture, page, tick, note):
    """The picture's colour in a note's row, just after a tick; it has two pixels to a unit of length."""
    top, height = page.y(note)
    return picture.getpixel((round(2 * (page.x(tick) + 3)), round(2 * (top + height / 2))))


def near(colour, wanted):
    return all(abs(a - b) <= 8 for a, b in zip(colour, wanted, strict=True))


def test_notes_are_where_and_what_they_are():
    piano, bass, kick = Note(0, 0, 72, 960, LOUD), Note(960, 33, 40, 480, LOUD), Note(480, DRUMS, 36, 60, LOUD)
    bars = [Bar(0, Meter(), (piano, bass, kick))]
    picture, page = render(bars), _Page.of(bars)
    assert near(pixel(picture, page, 0, piano), _PALETTE[0])
    assert near(pixel(picture, page, 900, piano), _PALETTE[0])
    assert not near(pixel(picture, page, 1000, piano), _PALETTE[0])
    assert near(pixel(picture, page, 960, bass), _PALETTE[1])
    assert near(pixel(picture, page, 480, kick), _DRUM_COLOUR)
    assert not near(pixel(picture, page, 600, kick), _DRUM_COLOUR)


def test_velocity_is_opacity():
    loud, soft = Note(0, 0, 60, 480, LOUD), Note(480, 0, 60, 480, 1)
    bars = [Bar(0, Meter(), (loud, soft))]
    picture, page = render(bars), _Page.of(bars)
    assert sum(pixel(picture, page, 0, loud)) > sum(pixel(picture, page, 480, soft)) > sum(_BACKGROUND)


def test_a_second_bar_stands_after_the_first():
    note = Note(0, 0, 60, 480, LOUD)
    bars = [Bar(4, Meter(3, 4)), Bar(5, Meter(4, 4), (note,))]
    assert near(pixel(render(bars), _Page.of(bars), 1440, note), _PALETTE[0])


def test_drums_lie_below_the_pitches_low_keys_at_the_bottom():
    piano, kick, hat = Note(0, 0, 0, 10), Note(0, DRUMS, 36, 10), Note(0, DRUMS, 42, 10)
    page = _Page.of([Bar(0, Meter(), (piano, kick, hat))])
    assert page.y(piano)[0] < page.y(hat)[0] < page.y(kick)[0] < page.height


def test_every_instrument_has_a_colour_of_its_own():
    colours = list(_colours(range(DRUMS + 1)))
    assert len(set(colours)) == DRUMS + 1


def test_all_instruments_at_once_have_a_legend_inside_the_picture():
    page = _Page.of([Bar(0, Meter(), tuple(Note(0, program, 60, 100) for program in range(DRUMS + 1)))])
    entries = [entry for row in page.legend for entry in row]
    assert [instrument for instrument, _ in entries] == list(range(DRUMS + 1))
    assert all(x < page.width for _, x in entries)


notes_anywhere = st.builds(
    Note,
    onset=st.integers(0, 59),
    instrument=st.integers(0, DRUMS),
    pitch=st.integers(0, 127),
    duration=st.integers(1, 9999),
    velocity=st.integers(1, 127),
)


@given(
    st.lists(notes_anywhere, max_size=12), st.sampled_from([Meter(1, 32), Meter(4, 4), Meter(32, 1)]), st.integers(1, 6)
)
@settings(deadline=None, max_examples=25)
def test_any_bars_can_be_drawn(notes, meter, count):
    picture = render([Bar(i, meter, tuple(notes)) for i in range(count)])
    assert picture.mode == "RGB"
    assert picture.width >= 300


def test_long_pieces_stay_a_picture_of_sane_size():
    bars = [Bar(i, Meter(), (Note(0, 0, 60, 480),)) for i in range(3000)]
    picture = render(bars)
    assert picture.width < 9000
    assert picture.height < 2000


def test_draw_writes_a_png_whatever_the_path_is_called(tmp_path):
    draw(tmp_path / "roll", [Bar(0, Meter())])
    with Image.open(tmp_path / "roll") as picture:
        assert picture.format == "PNG"
    assert [path.name for path in tmp_path.iterdir()] == ["roll"]


def test_no_bars_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one bar"):
        draw(tmp_path / "roll.png", [])
