"""Validates a form: cleans every field, adds what the bank said, and collects all errors. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.intake.citizen.identity import Identity
from services.intake.form.catalogue import PERSON_FIELDS, Field, Service
from services.intake.form.clean_values import NAMES, Wrong, clean_value
from services.intake.form.messages import message
from services.intake.texts import texts_in
from shared.events.vocabulary import Language
from shared.text.moments import HELSINKI
from shared.text.typed_text import plain, visible

PERSON = (*PERSON_FIELDS, "business_id")
UNKNOWN_FIELDS_NAMED = 20
FIELD_NAME_SHOWN = 60
FINNISH_DAY, FINNISH_MONTH = ".", "/"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field, and a sentence that says what to do about it."""

    field: str
    message: str


class FormErrors(Exception):
    """All errors of a form, in the order of its fields."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(", ".join(error.field for error in errors))
        self.errors = list(errors)


@dataclass(frozen=True, slots=True)
class ValidForm:
    """The cleaned values by field name, in the order of the form; fields that were not given are left out."""

    values: dict[str, str]

    @property
    def email(self) -> str:
        """The e-mail address, its domain in ASCII."""
        return self.values["email"]

    def person(self) -> dict[str, str]:
        """Return the common five fields, and the business id of a company.

        Both names are always there, empty if the bank has none.
        """
        return {name: self.values.get(name, "") for name in PERSON if name in self.values or name in NAMES}

    def answers(self, service: Service) -> list[dict[str, str]]:
        """Return the other fields as the handler reads them, in Finnish: labels, texts of choices, dates."""
        return [
            {
                "field": name,
                "label": service.by_name[name].label.fi,
                "value": _readable(service.by_name[name], value),
            }
            for name, value in self.values.items()
            if name not in PERSON
        ]


def validate_form(
    service: Service, form: Mapping[str, str], language: Language, identity: Identity | None
) -> ValidForm:
    """Check a form against its service; raises `FormErrors` that names every wrong or unknown field.

    What `identity` says fills fields that are empty. A typed value that differs from it is an error.
    """
    errors: list[FieldError] = []
    values: dict[str, str] = {}
    facts = _facts(identity)
    for field in service.fields:
        typed = form.get(field.name, "")
        try:
            fact = facts.get(field.name)
            value = _clean(field, typed) if fact is None else _agree(typed, fact)
        except Wrong as wrong:
            errors.append(FieldError(field.name, message(wrong.slug, field, language, wrong.over)))
            continue
        if value:
            values[field.name] = value
    errors += _out_of_order(service, values, language)
    unknown = [name for name in form if name not in service.by_name]
    errors += [
        FieldError(name[:FIELD_NAME_SHOWN] or "form", message("unknown", None, language))
        for name in unknown[:UNKNOWN_FIELDS_NAMED]
    ]
    if errors:
        raise FormErrors(errors)
    return ValidForm(values)


def _out_of_order(service: Service, values: Mapping[str, str], language: Language) -> list[FieldError]:
    """Return an error for each date or month that is before the one that it must follow.

    The canonical forms sort as text in the order of time.
    """
    pairs = [(field, service.by_name[field.not_before]) for field in service.fields if field.not_before]
    wrong = [
        (field, other)
        for field, other in pairs
        if values.get(field.name, "") < values.get(other.name, "") and field.name in values
    ]
    return [
        FieldError(field.name, message("before-other", field, language, other=other.label))
        for field, other in wrong
    ]


def _clean(field: Field, typed: str) -> str:
    value = clean_value(field, typed)
    if field.not_after and value > datetime.now(HELSINKI).date().isoformat()[: len(value)]:
        raise Wrong("in-future")
    if field.required and not value:
        raise Wrong({"choice": "not-chosen", "checkbox": "not-ticked"}.get(field.kind, "missing"))
    if field.required and field.kind == "checkbox" and value != "true":
        raise Wrong("not-ticked")
    return value


def _facts(identity: Identity | None) -> dict[str, str]:
    if identity is None:
        return {}
    return {
        "first_name": identity.given_name,
        "last_name": identity.family_name,
        "personal_identity_code": identity.personal_identity_code,
    }


def _agree(typed: str, fact: str) -> str:
    if visible(typed) and _folded(typed) != _folded(fact):
        raise Wrong("not-identity")
    return fact


def _folded(text: str) -> str:
    """Return a form that is the same for all spellings of one name or code."""
    return "".join(plain(text).casefold().split())


def _readable(field: Field, value: str) -> str:
    if field.kind == "choice":
        return next(choice.label.fi for choice in field.choices if choice.value == value)
    if field.kind == "checkbox":
        return str(texts_in("fi").checked[value])
    if field.kind in {"date", "month"}:
        parts = [str(int(part)) for part in reversed(value.split("-"))]
        return (FINNISH_DAY if field.kind == "date" else FINNISH_MONTH).join(parts)
    return value
