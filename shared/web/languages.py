"""Chooses one of the three languages from what a browser or client asks for. Pure."""

import re

from shared.events.vocabulary import LANGUAGES, Language

MAX_HEADER_LENGTH = 500
RANGE = re.compile(
    r"([a-z]{1,8}|\*)(?:-[a-z0-9-]*)?\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.ASCII | re.IGNORECASE,
)


def as_language(value: object) -> Language | None:
    """Return a value as a supported language, or `None`."""
    return next((language for language in LANGUAGES if language == value), None)


def preferred_language(accept_language: str, otherwise: Language) -> Language:
    """Return the supported language that an `Accept-Language` header prefers (RFC 9110, 12.5.4).

    The first of equals wins. A tag counts by its whole first subtag: `fil` is not Finnish. `otherwise` where
    the header names no supported language.
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
    """Return the first supported language in a blank-separated list such as OpenID Connect's `ui_locales`."""
    return preferred_language(",".join(ui_locales.split()), otherwise)
