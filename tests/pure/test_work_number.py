"""Work numbers are unique and catch what people get wrong when they type them."""

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.tracker.work_number import HOW_MANY, InvalidWorkNumber, NotNineDigits, WrongCheckDigit, read, show, work_number

KEY = bytes(range(32))
keys = st.binary(min_size=32, max_size=32)
numbers = st.builds(work_number, st.integers(0, HOW_MANY - 1), st.just(KEY))
separators = st.sampled_from([" ", "-", ".", "\u00a0", "\u202f", "\u2013", "\t", "\u200b", ""])


def test_the_same_request_always_gets_the_same_number() -> None:
    assert [work_number(n, KEY) for n in (0, 1, 2, HOW_MANY - 1)] == ["844250666", "657077174", "104857086", "911759365"]


@given(st.lists(st.integers(0, HOW_MANY - 1), unique=True, min_size=2, max_size=50), keys)
def test_two_requests_never_share_a_number(ns: list[int], key: bytes) -> None:
    made = {work_number(n, key) for n in ns}
    assert len(made) == len(ns)
    assert all(read(number) == number for number in made)


def test_neighbours_in_time_are_strangers_in_number() -> None:
    made = [int(work_number(n, KEY)[:8]) for n in range(2000)]
    assert len(set(made)) == 2000
    assert sum(abs(one - other) < 1000 for one, other in itertools.pairwise(made)) < 3


@given(st.integers(0, HOW_MANY - 1))
def test_another_key_gives_another_order(n: int) -> None:
    assert [work_number((n + i) % HOW_MANY, KEY) for i in range(3)] != [work_number((n + i) % HOW_MANY, bytes(32)) for i in range(3)]


@pytest.mark.parametrize("n", [-1, HOW_MANY])
def test_there_is_no_number_beyond_the_last(n: int) -> None:
    with pytest.raises(ValueError, match="no work number"):
        work_number(n, KEY)


@given(numbers, st.integers(0, 8), st.integers(1, 9))
def test_each_single_wrong_digit_is_found(number: str, place: int, shift: int) -> None:
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(WrongCheckDigit, match="A digit is wrong or two are swapped"):
        read(wrong)


@given(numbers, st.integers(0, 7))
def test_each_swap_of_neighbours_is_found(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        with pytest.raises(WrongCheckDigit):
            read(swapped)


@given(numbers, st.lists(separators, min_size=10, max_size=10))
def test_separators_do_not_matter(number: str, between: list[str]) -> None:
    assert read("".join(part for pair in zip(between, f"{number} ", strict=True) for part in pair)) == number


def test_is_shown_in_groups_and_read_back() -> None:
    assert show("482913057") == "482 913 057"
    assert read(show(work_number(5, KEY))) == work_number(5, KEY)


@pytest.mark.parametrize("text", ["", "48291305", "4829130577", "48291305x", "٤٨٢٩١٣٠٥٧", "482,913,057"])
def test_what_is_not_nine_digits_is_told_as_such(text: str) -> None:
    with pytest.raises(NotNineDigits, match="nine digits"):
        read(text)


@given(st.text(max_size=40))
def test_any_other_text_is_a_told_error(text: str) -> None:
    assume(sum(letter.isdigit() for letter in text) != 9)
    with pytest.raises(InvalidWorkNumber):
        read(text)
