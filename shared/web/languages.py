"""Which of the three languages somebody reads best. Pure."""

import re

from shared.events.vocabulary import LANGUAGES, Language

MAX_HEADER_LENGTH = 500
RANGE = re.compile(
    r"([a-z]{1,8}|\*)(?:-[a-z0-9-]*)?\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.ASCII | re.IGNORECASE,
)


def as_language(value: object) -> Language | None:
    """Give a value as a language of ours, or `None`."""
    return next((language for language in LANGUAGES if language == value), None)


def preferred_language(accept_language: str, otherwise: Language) -> Language:
    """Give the language of ours that an `Accept-Language` header likes best (RFC 9110, 12.5.4), the first of equals.

    A tag counts by its first subtag as a whole: `fil` is not Finnish. `otherwise` where the header names none of ours.
    """
    best, weight = otherwise, 0.0
    for part in accept_language[:MAX_HEADER_LENGTH].split(","):
        wanted = RANGE.fullmatch(part.strip())
        if wanted is None:
            continue
        language = otherwise if wanted[1] == "*" else as_language(wanted[1].lower())
        quality = float(wanted[2] or 1)
        if language and quality > weight:
            best, weight = language, quality
    return best


def first_of_ours(ui_locales: str, otherwise: Language) -> Language:
    """Give the first language of ours in a list with blanks, as OpenID Connect's `ui_locales` is."""
    return preferred_language(",".join(ui_locales.split()), otherwise)
