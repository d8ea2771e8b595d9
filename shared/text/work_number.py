"""Parses and writes work numbers: nine digits or ten, the last a Damm check digit. Pure."""

import re

from stdnum import damm

from shared.text.typed_text import plain

PATTERN = r"^[0-9]{9,10}$"
SEPARATORS = re.compile(r"[\s.-]")
DIGITS = re.compile(PATTERN)
GROUP = 3


class InvalidWorkNumber(ValueError):
    """Not a work number; `reason` is a fixed slug, the message is for people."""

    reason = "invalid-work-number"


class WrongLength(InvalidWorkNumber):
    """Neither nine nor ten digits."""

    reason = "wrong-length"

    def __init__(self) -> None:
        super().__init__("A work number has nine or ten digits")


class WrongCheckDigit(InvalidWorkNumber):
    """Nine or ten digits that cannot be a work number."""

    reason = "wrong-check-digit"

    def __init__(self) -> None:
        super().__init__("A digit is wrong or two are swapped")


def parse(text: str) -> str:
    """Return the digits of a work number; raises `WrongLength` or `WrongCheckDigit`.

    Separators are allowed.
    """
    digits = SEPARATORS.sub("", plain(text))
    if not DIGITS.fullmatch(digits):
        raise WrongLength
    # A leading zero does not change a Damm digit. Ten digits never begin with one, so it is found too.
    if not damm.is_valid(digits) or (digits[0] == "0" and len(digits) > 3 * GROUP):
        raise WrongCheckDigit
    return digits


def grouped(number: str) -> str:
    """Write a number in groups: `482 913 057`, `482 913 0577`; no number is an empty text.

    The spaces are ordinary ones, which people type too.
    """
    return f"{number[:GROUP]} {number[GROUP : 2 * GROUP]} {number[2 * GROUP :]}".rstrip()
