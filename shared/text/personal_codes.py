"""Finds and masks the henkilötunnus in typed texts; one rule for every service. Pure."""

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
# Without a sign the check character must be a letter, or too many phone numbers would match.
WRITTEN = (
    rf"{BIRTH_DATE}(?:{GAP}{SIGN}{GAP}{SERIAL}{GAP}(?:[A-Za-z]|\d(?!\d))"
    rf"|{GAP}{SERIAL}[A-Za-z](?![0-9A-Za-z]))"
)
CANDIDATE = re.compile(rf"(?<!\d)(?=({WRITTEN}))")
"""A lookahead, so that digits before a code do not become part of a match."""
BIRTH_DATE_DIGITS, BIRTH_DATE_AND_SIGN = 6, 7


def is_personal_code(text: str) -> bool:
    """True if a text is a henkilötunnus and nothing else."""
    return bool(hetu.is_valid("".join(plain(text).split()), allow_temporary=True))


def holds_personal_code(text: str) -> bool:
    """True if a text contains a valid henkilötunnus, with any dash or blanks in it."""
    return any(_places(text))


def hide_personal_codes(text: str) -> str:
    """Mask every valid henkilötunnus of a text; other numbers stay."""
    kept, covered_to = [], 0
    for start, end in _places(text):
        if start >= covered_to:
            kept.append(text[covered_to:start])
            covered_to = end
    return HIDDEN.join([*kept, text[covered_to:]])


def hide_lookalikes(text: str) -> str:
    """Mask all that looks like a henkilötunnus, also a mistyped one.

    Other numbers of ten digits may be masked too.
    """
    return LOOKALIKE.sub(HIDDEN, hide_personal_codes(text))


def mask(code: str) -> str:
    """Return a henkilötunnus with the part that only its owner knows masked: `131052-****`."""
    return code[:BIRTH_DATE_AND_SIGN] + "*" * len(code[BIRTH_DATE_AND_SIGN:])


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Yield the beginning and end of each valid code, in order."""
    return (found.span(1) for found in CANDIDATE.finditer(text) if _is_valid(found[1]))


def _is_valid(written: str) -> bool:
    code = unicodedata.normalize("NFKC", re.sub(r"[\s._/\u00ad\u200b-\u200d\u2060\ufeff]", "", written))
    signed = (
        code
        if not code[BIRTH_DATE_DIGITS : BIRTH_DATE_DIGITS + 1].isdigit()
        else f"{code[:BIRTH_DATE_DIGITS]}-{code[BIRTH_DATE_DIGITS:]}"
    )
    return is_personal_code(signed)
