"""Which of the three languages a caller reads best. Pure."""

from typing import get_args

from shared.events.event import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
OTHERWISE: Language = "en"
MOST_HEADER = 500


def as_language(value: object) -> Language | None:
    """Give a value as a language of ours, or `None`."""
    return next((language for language in LANGUAGES if language == value), None)


def preferred_language(accept_language: str) -> Language:
    """Give the language of ours that an `Accept-Language` header likes best; English where it names none, for programmers read it."""
    best, weight = OTHERWISE, 0.0
    for part in accept_language[:MOST_HEADER].split(","):
        tag, _, parameter = part.strip().partition(";")
        language = as_language(tag.strip()[:2].lower())
        quality = _quality(parameter)
        if language and quality > weight:
            best, weight = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
