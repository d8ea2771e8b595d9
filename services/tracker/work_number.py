"""Work numbers (työnumero): unique, not to be guessed, easy to say on the phone.

The n-th request's number is n put through a keyed permutation of the eight-digit numbers, and a Damm check digit, which finds every wrong
digit and every swap of two neighbours.
"""

import hashlib
import re

from stdnum import damm

HOW_MANY = 10**8
HALF = 10**4
ROUNDS = 10
SEPARATORS = re.compile(r"[\s.\u00ad\u200b\u2060\u2010-\u2015\u2212-]")
"""Whitespace of every width, dots, hyphens and dashes, and what text editors put in between unseen."""
NINE_DIGITS = re.compile(r"[0-9]{9}")


class InvalidWorkNumber(ValueError):
    """No work number; `reason` is a constant slug, the message is for people."""

    reason = "invalid-work-number"


class NotNineDigits(InvalidWorkNumber):
    """Something is missing or too much."""

    reason = "not-nine-digits"

    def __init__(self) -> None:
        super().__init__("A work number has nine digits")


class WrongCheckDigit(InvalidWorkNumber):
    """Nine digits that cannot be a work number."""

    reason = "wrong-check-digit"

    def __init__(self) -> None:
        super().__init__("A digit is wrong or two are swapped")


def work_number(n: int, key: bytes) -> str:
    """Give the nine digits of the `n`-th request (0 ≤ n < 10⁸); `ValueError` beyond.

    A Feistel network on two halves of four decimal digits: a permutation of exactly the 10⁸ numbers for every 32-byte key.
    """
    if not 0 <= n < HOW_MANY:
        message = f"there is no work number for {n}"
        raise ValueError(message)
    left, right = divmod(n, HALF)
    for number in range(ROUNDS):
        left, right = right, (left + _round(right, number, key)) % HALF
    digits = f"{left:04}{right:04}"
    return digits + damm.calc_check_digit(digits)


def show(number: str) -> str:
    """Write nine digits in groups: `482 913 057`."""
    return f"{number[:3]} {number[3:6]} {number[6:]}"


def read(text: str) -> str:
    """Give the nine digits that somebody typed, with or without separators; raises `NotNineDigits` or `WrongCheckDigit`."""
    digits = SEPARATORS.sub("", text)
    if not NINE_DIGITS.fullmatch(digits):
        raise NotNineDigits
    if not damm.is_valid(digits):
        raise WrongCheckDigit
    return digits


def _round(half: int, number: int, key: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(b"%d/%d" % (number, half), key=key, digest_size=8).digest())
