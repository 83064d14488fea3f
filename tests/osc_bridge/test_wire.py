import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from osc_bridge.wire import MAX_RECEIVED, MAX_SENT, Received, Unsupported, WireError, decode, encode

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)
floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
values = st.lists(st.one_of(st.integers(-(2**31), 2**31 - 1), floats, texts), max_size=20)


def message(tags: str, body: bytes = b"", address: bytes = b"/a\0\0") -> bytes:
    text = ("," + tags).encode()
    return address + text + bytes(4 - len(text) % 4) + body


def bundle(*elements: bytes) -> bytes:
    return b"#bundle\0" + bytes(7) + b"\1" + b"".join(struct.pack(">i", len(each)) + each for each in elements)


@given(values)
def test_what_is_encoded_comes_back_here_and_in_python_osc(sent):
    data = encode("/amt/x", sent)
    assert decode(data) == [Received("/amt/x", tuple(sent))]
    assert list(OscMessage(data)) == sent


@given(values)
def test_what_python_osc_encodes_is_understood(sent):
    builder = OscMessageBuilder("/amt/x")
    for value in sent:
        builder.add_arg(value)
    assert decode(builder.build().dgram) == [Received("/amt/x", tuple(sent))]


@given(st.binary(max_size=300))
def test_random_bytes_raise_one_error_only(data):
    for start in (b"", b"/a\0\0", b"/a\0\0,", b"#bundle\0", b"#bundle\0" + bytes(8)):
        with contextlib.suppress(WireError):
            decode(start + data)


@given(st.text("ifsSbhdtmTFNIcr[]", max_size=12), st.binary(max_size=60))
def test_random_arguments_raise_one_error_only(tags, body):
    with contextlib.suppress(WireError):
        decode(message(tags, body))


@given(values.filter(bool), st.data())
def test_every_truncation_of_a_message_is_refused(sent, data):
    whole = encode("/amt/x", sent)
    cut = data.draw(st.integers(0, len(whole) - 1))
    if cut == 8:  # the address alone is a message without arguments
        return
    with pytest.raises(WireError):
        decode(whole[:cut])


def test_lenient_types():
    assert decode(message("TF"))[0].values == (1, 0)
    assert decode(message("hd", struct.pack(">qd", 5, 0.1)))[0].values == (5, 0.1)
    assert decode(message("i[ii]", struct.pack(">iii", 1, 2, 3)))[0].values == (1, 2, 3)
    assert decode(b"/a\0\0")[0] == Received("/a", ())
    body = struct.pack(">i", 1) + b"x\0\0\0" + bytes(16)
    assert decode(message("bNtc", body[:8] + bytes(12)))[0].values == tuple(
        map(Unsupported, ("a blob", "nil", "a time tag", "a character"))
    )


def test_bundles_are_unpacked_in_order():
    one, two, three = (encode("/x", [number]) for number in (1, 2, 3))
    assert [each.values for each in decode(bundle(one, bundle(two), three))] == [(1,), (2,), (3,)]
    assert decode(bundle()) == []


@pytest.mark.parametrize("size", [-1, -4, -(2**31), 0, 3, 24, 2**31 - 1])
def test_sizes_that_lie_are_refused(size):
    element = encode("/x", [1])
    with pytest.raises(WireError):
        decode(b"#bundle\0" + bytes(8) + struct.pack(">i", size) + element)
    with pytest.raises(WireError):
        decode(message("b", struct.pack(">i", size) + element))


def test_bundles_nested_without_end_are_refused():
    nested = b""
    while len(nested) < MAX_RECEIVED - 20:
        nested = bundle(nested) if nested else bundle()
    with pytest.raises(WireError, match="deep"):
        decode(nested)


def test_the_largest_packets_are_decoded():
    count = (MAX_RECEIVED - 8) // 5 - 4
    assert len(decode(message("i" * count, bytes(4 * count)))[0].values) == count
    assert decode(message("N" * 60_000))[0].values == (Unsupported("nil"),) * 60_000
    assert len(decode(message("s", b"x" * 65_000 + bytes(4)))[0].values[0]) == 65_000
    assert len(decode(bundle(*[encode("/x", [])] * 4_000))) == 4_000


@pytest.mark.parametrize(
    "value",
    [True, None, b"blob", [1], 2**31, -(2**31) - 1, float("nan"), float("inf"), 1e300, "a\0b", "\ud800", object()],
)
def test_what_must_not_be_sent_is_refused(value):
    with pytest.raises(WireError):
        encode("/amt/x", [value])


def test_no_datagram_is_larger_than_both_programs_take():
    fits = (MAX_SENT - len(encode("/amt/x", []))) // 5 - 1
    assert len(encode("/amt/x", [1] * fits)) <= MAX_SENT
    with pytest.raises(WireError, match="8192"):
        encode("/amt/x", ["x" * MAX_SENT])
