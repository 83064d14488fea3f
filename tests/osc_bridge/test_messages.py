from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt.keys import Argument
from osc_bridge.messages import ANSWERS, CODES, MESSAGES, REQUESTS, ProtocolError, request
from osc_bridge.protocol_document import render

DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol.md"


def valid(argument: Argument) -> st.SearchStrategy:
    if argument.choices:
        return st.sampled_from(argument.choices)
    if argument.kind is int:
        return st.integers(int(argument.low), int(argument.high))
    if argument.kind is float:
        return st.floats(argument.low, argument.high)
    return st.text(min_size=int(argument.low), max_size=min(8, int(argument.high)))


def filled(message) -> st.SearchStrategy:
    fixed = st.tuples(*map(valid, message.arguments))
    if not message.group:
        return fixed

    def grouped(values):
        n = values[-1] % 4
        return st.tuples(*map(valid, message.group * n)).map(lambda notes: (*values[:-1], n, *notes))

    return fixed.flatmap(grouped)


def wrong_types(argument: Argument) -> list:
    return [1, 0.5, b"x", None] if argument.kind is str else ["x", b"x", None, float("nan"), float("inf")]


def outside(argument: Argument) -> list:
    if argument.kind is str:
        return ["x" * int(argument.high + 1)] + ([""] if argument.low else [])
    return [argument.low - 1, argument.high + 1, -(2**63), 2**63 - 1]


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
@given(st.data())
def test_valid_values_pass_in_the_types_of_the_table(message, data):
    values = data.draw(filled(message))
    checked = message.check(values)
    assert checked == values
    assert [type(value) for value in checked[: len(message.arguments)]] == [each.kind for each in message.arguments]


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
@given(st.data())
def test_each_argument_is_checked_for_type_and_range(message, data):
    values = list(data.draw(filled(message)))
    for place, argument in enumerate(message.arguments + message.group):
        if place >= len(values):
            continue
        for wrong, code in [(each, {"type", "range"}) for each in wrong_types(argument)] + [
            (each, {"range"}) for each in outside(argument)
        ]:
            with pytest.raises(ProtocolError) as caught:
                message.check([*values[:place], wrong, *values[place + 1 :]])
            assert caught.value.code in code
            assert message.address in str(caught.value)


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
@given(st.data())
def test_too_few_and_too_many(message, data):
    values = data.draw(filled(message))
    for count in range(len(message.arguments) - message.optional):
        with pytest.raises(ProtocolError, match="takes"):
            message.check(values[:count])
    if not message.pairs:
        with pytest.raises(ProtocolError, match="takes"):
            message.check((*values, 1))
    message.check(values[: len(message.arguments) - message.optional] if not message.group else values)


def test_clients_that_differ_in_types_are_met():
    assert request("/amt/next").check([1.0, 4.0]) == (1, 4)
    with pytest.raises(ProtocolError, match="whole number"):
        request("/amt/next").check([1, 4.5])


def test_an_error_echoes_the_id():
    for values in ([9, 0], [9], [9, "x"], [9, 1, 1]):
        with pytest.raises(ProtocolError) as caught:
            request("/amt/next").check(values)
        assert caught.value.id == 9
    for none in ("x", -1, 2**31):
        with pytest.raises(ProtocolError) as caught:
            request("/amt/next").check([none, 1])
        assert caught.value.id == 0, "an id that an answer may have"


def test_an_unknown_request_names_the_nearest():
    with pytest.raises(ProtocolError, match="/amt/want"):
        request("/amt/wnat")
    with pytest.raises(ProtocolError, match="/amt/hello"):
        request("/something/else")


def test_the_table_is_whole():
    named = {"hello", "next", "want", "set", "get", "part", "prompt", "save", "vary", "keep", "loop", "chords"}
    assert set(REQUESTS) == {f"/amt/{name}" for name in named | {"reset", "status", "bye"}}
    assert {address for message in REQUESTS.values() for address in message.answer} <= set(ANSWERS)
    assert not set(REQUESTS) & set(ANSWERS)
    assert all(len(message.text) > 10 for message in MESSAGES.values())
    assert all(CODES.values())


def test_the_document_is_up_to_date():
    assert DOCUMENT.read_text() == render(), "run: python -m osc_bridge.protocol_document > docs/protocol.md"


def test_the_document_holds_every_message_key_and_code():
    text = render()
    assert all(f"`{message.usage}`" in text for message in MESSAGES.values())
    assert all(f"| `{code}` |" in text for code in CODES)
