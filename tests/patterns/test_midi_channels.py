import pytest

from patterns.midi_channels import DRUM_CHANNEL, PORTS, ChannelAllocator
from patterns.note import DRUMS


def test_an_instrument_keeps_its_channel():
    allocator = ChannelAllocator()
    first, changes = allocator.channel(0, 60, 0, 480)
    again, changes_again = allocator.channel(0, 64, 0, 480)
    assert (first, changes, changes_again) == (again, True, False)


def test_drums_have_channel_ten_and_no_program():
    channel, changes = ChannelAllocator().channel(DRUMS, 36, 0, 10)
    assert (channel.port, channel.number, changes) == (0, DRUM_CHANNEL, False)


def test_instruments_in_turn_share_the_first_port():
    allocator = ChannelAllocator()
    channels = [allocator.channel(program, 60, program * 480, program * 480 + 400)[0] for program in range(128)]
    assert {channel.port for channel in channels} == {0}
    assert DRUM_CHANNEL not in {channel.number for channel in channels}


def test_a_channel_changes_hands_only_after_a_silence():
    allocator = ChannelAllocator()
    for program in range(15):
        allocator.channel(program, 60, 0, 480)
    assert allocator.channel(15, 60, 480, 960)[0].port == 1
    assert allocator.channel(16, 60, 481, 960)[0].port == 0


def test_overlapping_notes_of_one_pitch_part_ways():
    allocator = ChannelAllocator()
    whole, inner, after = (allocator.channel(0, 60, *span)[0] for span in ((0, 100), (50, 60), (100, 110)))
    assert whole is not inner
    assert after is whole


def test_all_ports_full_is_said():
    allocator = ChannelAllocator()
    for _ in range(PORTS):
        allocator.channel(DRUMS, 36, 0, 100)
    with pytest.raises(ValueError, match="more notes sound at once"):
        allocator.channel(DRUMS, 36, 0, 100)
