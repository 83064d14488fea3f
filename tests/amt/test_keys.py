"""The table of keys checks what clients send, and says what would be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt.keys import KEYS, Argument, check_values

WHOLE = Argument("steps", int, 1, 8)
NUMBER = Argument("tempo", float, 40, 240)
TEXT = Argument("name", str, 1, 4)


@given(st.integers(1, 8))
def test_a_whole_float_passes_for_an_int(value: int) -> None:
    assert WHOLE.check(float(value)) == value
    assert type(WHOLE.check(float(value))) is int


@given(st.integers(40, 240))
def test_an_int_passes_for_a_float(value: int) -> None:
    assert type(NUMBER.check(value)) is float


@pytest.mark.parametrize("value", ["4", 1.5, True, None, b"4", [4], float("nan"), float("inf"), -float("inf")])
def test_other_types_are_refused_for_an_int(value: object) -> None:
    with pytest.raises(TypeError, match="steps is a whole number"):
        WHOLE.check(value)


@pytest.mark.parametrize("value", ["x", True, None, float("nan")])
def test_other_types_are_refused_for_a_float(value: object) -> None:
    with pytest.raises(TypeError, match="tempo is a number"):
        NUMBER.check(value)


@pytest.mark.parametrize("value", [39.9, 241, float("inf"), -1])
def test_the_limits_are_named(value: float) -> None:
    with pytest.raises(ValueError, match="tempo is 40 to 240, not"):
        NUMBER.check(value)


@pytest.mark.parametrize("value", ["", "abcde"])
def test_strings_have_limits_too(value: str) -> None:
    with pytest.raises(ValueError, match="name is 1 to 4 characters"):
        TEXT.check(value)


def test_choices_are_named() -> None:
    with pytest.raises(ValueError, match="one of 2, 4, 8, not 3"):
        Argument("unit", int, choices=(2, 4, 8)).check(3)


def test_one_sided_limits_read_well() -> None:
    assert Argument("x", int, 1).limits == "1 or more"
    assert Argument("x", int, None, 9).limits == "at most 9"
    assert Argument("x", int).limits == "any"


def test_the_number_of_values_is_checked() -> None:
    with pytest.raises(TypeError, match="meter takes steps tempo; 1 came"):
        check_values((WHOLE, NUMBER), (1,), "meter")
    with pytest.raises(TypeError, match="3 came"):
        check_values((WHOLE, NUMBER), (1, 60, 2), "meter")


def test_where_nothing_is_taken_nothing_may_come() -> None:
    assert check_values((), (), "x") == ()
    with pytest.raises(TypeError, match="takes no values; 1 came"):
        check_values((), (1,), "x")


@given(st.lists(st.sampled_from(["a", "bc"])))
def test_a_repeated_argument_takes_any_number(names: list[str]) -> None:
    repeated = Argument("name", str, 1, 4, repeated=True)
    assert check_values((WHOLE, repeated), (2, *names), "x") == (2, *names)


PAIR = (Argument("name", str, 1, 4, optional=True), WHOLE)


def test_an_optional_argument_may_be_left_out() -> None:
    assert check_values(PAIR, (3,), "x") == (3,)
    assert check_values(PAIR, ("ab", 3), "x") == ("ab", 3)
    for values in ((), ("ab", 3, 4)):
        with pytest.raises(TypeError, match=r"x takes \[name\] steps"):
            check_values(PAIR, values, "x")
    with pytest.raises(TypeError, match="steps is a whole number"):
        check_values(PAIR, ("ab",), "x")


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_every_example_is_valid(key: object) -> None:
    values = [float(word) if word.replace(".", "").isdigit() else word for word in key.example.split()]  # type: ignore[attr-defined]
    check_values(key.arguments, values, key.name)  # type: ignore[attr-defined]


def test_only_the_last_argument_is_repeated() -> None:
    assert not any(argument.repeated for key in KEYS.values() for argument in key.arguments[:-1])
