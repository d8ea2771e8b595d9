"""Turns errors of pydantic and FastAPI into messages that name the field and what to send instead. Pure.

A message never quotes the input.
"""

from collections.abc import Mapping
from typing import Any

Fault = Mapping[str, Any]
"""One entry of `ValidationError.errors()`."""

PLACES = frozenset({"body", "query", "path", "header", "cookie"})
MAX_FIELD_LENGTH = 60
NUMBER = "Give a whole number, in digits"
TEXT = "Give this as a string"
OBJECT = "Give this as a JSON object"
UUID_WANTED = "Give a UUID, such as 0190163d-8694-739b-aea5-966c26f8ad91"
TIME_WANTED = "Give a time with its zone, such as 2026-11-24T12:00:00+02:00"
YES_OR_NO = "Give true or false"
NOT_JSON = "The body is not JSON"
WRONG = "This is not acceptable"

SENTENCES: dict[str, str] = {
    "missing": "This is missing",
    "extra_forbidden": "There is no such field",
    "json_invalid": NOT_JSON,
    "uuid_parsing": UUID_WANTED,
    "uuid_type": UUID_WANTED,
    "uuid_version": UUID_WANTED,
    "int_parsing": NUMBER,
    "int_type": NUMBER,
    "int_from_float": NUMBER,
    "int_parsing_size": NUMBER,
    "bool_parsing": YES_OR_NO,
    "bool_type": YES_OR_NO,
    "string_type": TEXT,
    "string_unicode": TEXT,
    "list_type": "Give this as a JSON array",
    "dict_type": OBJECT,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "datetime_type": TIME_WANTED,
    "datetime_parsing": TIME_WANTED,
    "datetime_object_invalid": TIME_WANTED,
    "datetime_from_date_parsing": TIME_WANTED,
    "timezone_aware": TIME_WANTED,
    "string_too_short": "Give at least {min_length} characters",
    "string_too_long": "Give at most {max_length} characters",
    "string_pattern_mismatch": (
        "This is not of the form that is asked for, or holds a character that may not be there"
    ),
    "greater_than_equal": "Give {ge} or more",
    "less_than_equal": "Give {le} or less",
    "greater_than": "Give more than {gt}",
    "less_than": "Give less than {lt}",
    "literal_error": "Give one of: {expected}",
    "enum": "Give one of: {expected}",
}


def field_of(fault: Fault) -> str:
    """Return the field: its path inside the body (`form.phone`), or the parameter.

    The body itself is `body`.
    """
    place, *path = fault["loc"] or ("body",)
    if fault["type"] == "json_invalid":
        return "body"
    if place not in PLACES:
        path = [place, *path]
    return ".".join(str(part) for part in path if part != "[key]")[:MAX_FIELD_LENGTH] or str(place) or "body"


def sentence_for(fault: Fault) -> str:
    """Return what to send instead; the `ValueError` of our own validators already says it."""
    facts = fault.get("ctx", {})
    if fault["type"] == "value_error" and isinstance(facts.get("error"), ValueError):
        words = str(facts["error"])
        return words[:1].upper() + words[1:]
    shown = {name: _plain(str(value)) if name == "expected" else value for name, value in facts.items()}
    return SENTENCES.get(fault["type"], WRONG).format_map(shown)


def _plain(expected: str) -> str:
    """Turn pydantic's `'a', 'b' or 'c'` into `a, b, c`."""
    return expected.replace("'", "").replace(" or ", ", ")
