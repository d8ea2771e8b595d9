"""Work numbers are unique and catch what people get wrong when they type them."""

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.tracker.work_number import NINE_DIGITS, TEN_DIGITS, work_number
from shared.text.work_number import InvalidWorkNumber, WrongCheckDigit, WrongLength, grouped, parse

KEY = bytes(range(32))
TEN = ["2673248458", "1667470568", "2258306913"]
keys = st.binary(min_size=32, max_size=32)
draws = st.integers(0, NINE_DIGITS - 1) | st.integers(NINE_DIGITS, TEN_DIGITS - 1)
numbers = st.builds(work_number, draws, st.just(KEY))
separators = st.sampled_from(
    [" ", "-", ".", "\u00a0", "\u202f", "\u2013", "\t", "\u200b", "\u00ad", "\u2212", ""]
)


def test_the_same_request_always_gets_the_same_number() -> None:
    assert [work_number(n, KEY) for n in (0, 1, 2, NINE_DIGITS - 1)] == [
        "844250666",
        "657077174",
        "104857086",
        "911759365",
    ]
    assert [work_number(n, KEY) for n in (NINE_DIGITS, NINE_DIGITS + 1, TEN_DIGITS - 1)] == TEN


@given(st.lists(draws, unique=True, min_size=2, max_size=50), keys)
def test_two_requests_never_share_a_number(ns: list[int], key: bytes) -> None:
    made = {work_number(n, key) for n in ns}
    assert len(made) == len(ns)
    assert all(parse(number) == number for number in made)


@pytest.mark.parametrize("first", [0, NINE_DIGITS])
def test_neighbours_in_time_are_strangers_in_number(first: int) -> None:
    made = [int(work_number(first + n, KEY)[:8]) for n in range(2000)]
    assert len(set(made)) == 2000
    assert sum(abs(one - other) < 1000 for one, other in itertools.pairwise(made)) < 3


@given(draws)
def test_another_key_gives_another_order(n: int) -> None:
    assert [work_number((n + i) % TEN_DIGITS, KEY) for i in range(3)] != [
        work_number((n + i) % TEN_DIGITS, bytes(32)) for i in range(3)
    ]


@pytest.mark.parametrize("n", [-1, TEN_DIGITS])
def test_there_is_no_number_beyond_the_last(n: int) -> None:
    with pytest.raises(ValueError, match="no work number"):
        work_number(n, KEY)


@given(numbers, st.integers(0, 9), st.integers(1, 9))
def test_each_single_wrong_digit_is_found(number: str, place: int, shift: int) -> None:
    place %= len(number)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(WrongCheckDigit, match="A digit is wrong or two are swapped"):
        parse(wrong)


@given(numbers, st.integers(0, 8))
def test_each_swap_of_neighbours_is_found(number: str, place: int) -> None:
    place %= len(number) - 1
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        with pytest.raises(WrongCheckDigit):
            parse(swapped)


@given(numbers, st.lists(separators, min_size=11, max_size=11))
def test_separators_do_not_matter(number: str, between: list[str]) -> None:
    assert (
        parse("".join(part for pair in zip(between, f"{number}  ", strict=False) for part in pair)) == number
    )


def test_is_shown_in_groups_and_read_back() -> None:
    assert (grouped("482913057"), grouped("4829130577"), grouped("")) == ("482 913 057", "482 913 0577", "")
    assert parse(grouped(work_number(5, KEY))) == work_number(5, KEY)


@pytest.mark.parametrize("text", ["", "48291305", "48291305770", "48291305x", "٤٨٢٩١٣٠٥٧", "482,913,057"])
def test_what_has_neither_nine_nor_ten_digits_is_told_as_such(text: str) -> None:
    with pytest.raises(WrongLength, match="nine or ten digits"):
        parse(text)


@given(st.integers(0, NINE_DIGITS - 1))
def test_a_zero_too_many_in_front_is_found(n: int) -> None:
    with pytest.raises(WrongCheckDigit):
        parse(f"0{work_number(n, KEY)}")


@given(st.integers(NINE_DIGITS, TEN_DIGITS - 1))
def test_beyond_nine_digits_come_ten(n: int) -> None:
    assert len(work_number(n, KEY)) == 10
    assert work_number(n, KEY)[0] != "0"


@given(st.text(max_size=40))
def test_any_other_text_is_a_told_error(text: str) -> None:
    assume(sum(letter.isdigit() for letter in text) not in {9, 10})
    with pytest.raises(InvalidWorkNumber):
        parse(text)
