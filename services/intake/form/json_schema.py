"""The JSON Schema (draft 2020-12) of a service's form, in one language. Pure.

It accepts at least what `clean_values.py` accepts: what violates the schema, invisible characters aside, is
refused there too. It does not check check digits or calendars.
"""

from typing import Any

from services.intake.form.catalogue import Field, Kind, Service
from shared.events.vocabulary import Language

DRAFT = "https://json-schema.org/draft/2020-12/schema"
DASHES = "-‐‑‒–—―−﹣－"

PATTERNS: dict[Kind, str] = {
    "text": r"\S",
    "textarea": r"\S",
    "email": r"^\s*\S+@\S+\s*$",
    "phone": rf"^\s*\+?[0-9\s().{DASHES[1:]}/\-]{{5,}}\s*$",
    "personal_identity_code": rf"^\s*([0-9]\s*){{6}}[-+{DASHES[1:]}A-FU-Ya-fu-y]"
    r"\s*([0-9]\s*){3}[0-9A-Ya-y]\s*$",
    "business_id": rf"^\s*([Ff]\s*[Ii]\s*([{DASHES}]\s*)?)?([0-9]\s*){{6,7}}([{DASHES}]\s*)?[0-9]\s*$",
    "date": rf"^\s*([0-9]{{4}}\s*[{DASHES}]\s*[0-9]{{1,2}}\s*[{DASHES}]\s*[0-9]{{1,2}}"
    r"|[0-9]{1,2}\s*[./]\s*[0-9]{1,2}\s*[./]\s*[0-9]{4})\s*$",
    "month": rf"^\s*([0-9]{{4}}\s*[/{DASHES[1:]}\-]\s*[0-9]{{1,2}}|[0-9]{{1,2}}\s*[/.]\s*[0-9]{{4}})\s*$",
    "number": r"^\s*[0-9]{1,9}\s*$",
}
EMPTY = r"^\s*$"


def form_schema(service: Service, language: Language) -> dict[str, Any]:
    """Return the schema of `form` for one service.

    Every value is a string, as in a form. `examples` holds a form that is accepted.
    """
    return {
        "$schema": DRAFT,
        "title": service.title.in_language(language),
        "description": service.summary.in_language(language),
        "type": "object",
        "properties": {field.name: _property(field, language) for field in service.fields},
        "required": [field.name for field in service.fields if _must_be_given(field, service)],
        "additionalProperties": False,
        "examples": [{field.name: field.sample for field in service.fields}],
    }


def _must_be_given(field: Field, service: Service) -> bool:
    """True if the caller must give the field; what comes from the bank may be left out."""
    from_bank = service.authentication == "strong" and field.name in {
        "first_name",
        "last_name",
        "personal_identity_code",
    }
    return field.required and not from_bank


def _property(field: Field, language: Language) -> dict[str, Any]:
    texts = [_as_sentence(text.in_language(language)) for text in (field.hint, field.info) if text]
    described = {"description": " ".join(texts)} if texts else {}
    return {
        "title": field.label.in_language(language),
        **described,
        "type": "string",
        "maxLength": field.max_length,
        **_limits(field),
    }


def _as_sentence(text: str) -> str:
    """Add a full stop: a hint has none, because on the form it is on a line of its own."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _limits(field: Field) -> dict[str, Any]:
    """Return the limits of a value; an optional field may be empty as well."""
    if field.kind == "choice":
        values = [choice.value for choice in field.choices]
        return {"enum": values if field.required else [*values, ""]}
    if field.kind == "checkbox":
        return {"enum": ["true"] if field.required else ["true", "false", ""]}
    pattern = PATTERNS[field.kind]
    if field.required:
        return {"minLength": 1, "pattern": pattern}
    return {} if pattern == PATTERNS["text"] else {"pattern": f"{EMPTY}|{pattern}"}
