"""The henkilötunnus in texts that people typed: is it one, does a text hold one, and the text without it. One rule for every service."""

import re
import unicodedata
from collections.abc import Iterator

from stdnum.fi import hetu

from shared.text.typed_text import plain

HIDDEN = "••••••-••••"
SIGN = "[-+\u2010-\u2015\u2212\ufe58\ufe63\uff0dA-FU-Ya-fu-y]"
LOOKALIKE = re.compile(rf"\b\d{{6}}{SIGN}?\d{{3}}[0-9A-Za-z]\b")
GAP = r"[\s._/\u00ad\u200b-\u200d\u2060\ufeff]{0,3}"
BIRTH_DATE = rf"\d(?:{GAP}\d){{5}}"
SERIAL = rf"\d(?:{GAP}\d){{2}}"
# Without a sign only one whose check character is a letter counts: too many telephone numbers would pass otherwise.
WRITTEN = rf"{BIRTH_DATE}(?:{GAP}{SIGN}{GAP}{SERIAL}{GAP}(?:[A-Za-z]|\d(?!\d))|{GAP}{SERIAL}[A-Za-z](?![0-9A-Za-z]))"
CANDIDATE = re.compile(rf"(?<!\d)(?=({WRITTEN}))")
"""Looks ahead, so that digits in front of a code do not take it along."""
BIRTH_DATE_DIGITS, BIRTH_DATE_AND_SIGN = 6, 7


def is_personal_code(text: str) -> bool:
    """Say whether a text is a henkilötunnus and nothing else."""
    return bool(hetu.is_valid("".join(plain(text).split()), allow_temporary=True))


def holds_personal_code(text: str) -> bool:
    """Say whether a valid henkilötunnus stands somewhere in a text, whatever dash or blanks it is written with."""
    return any(_places(text))


def hide_personal_codes(text: str) -> str:
    """Cover every valid henkilötunnus of a text; numbers that only look like one stay."""
    kept, covered_to = [], 0
    for start, end in _places(text):
        if start >= covered_to:
            kept.append(text[covered_to:start])
            covered_to = end
    return HIDDEN.join([*kept, text[covered_to:]])


def hide_lookalikes(text: str) -> str:
    """Cover whatever looks like a henkilötunnus, mistyped ones too; ten digits of another kind may be covered with them."""
    return LOOKALIKE.sub(HIDDEN, hide_personal_codes(text))


def mask(code: str) -> str:
    """Give a henkilötunnus with what only its owner has covered: `131052-****`."""
    return code[:BIRTH_DATE_AND_SIGN] + "*" * len(code[BIRTH_DATE_AND_SIGN:])


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Give where each valid code begins and ends, in order."""
    return (found.span(1) for found in CANDIDATE.finditer(text) if _is_valid(found[1]))


def _is_valid(written: str) -> bool:
    code = unicodedata.normalize("NFKC", re.sub(r"[\s._/\u00ad\u200b-\u200d\u2060\ufeff]", "", written))
    signed = (
        code
        if not code[BIRTH_DATE_DIGITS : BIRTH_DATE_DIGITS + 1].isdigit()
        else f"{code[:BIRTH_DATE_DIGITS]}-{code[BIRTH_DATE_DIGITS:]}"
    )
    return is_personal_code(signed)
