"""A whole form: every field cleaned, what the bank told put in, every fault named in the citizen's language. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.intake.catalogue import PERSON_FIELDS, Field, Service
from services.intake.clean_values import NAMES, Wrong, clean_value
from services.intake.form_messages import message
from services.intake.identity import Identity
from shared.events.event import Language
from shared.typed_text import plain, visible

PERSON = (*PERSON_FIELDS, "business_id")
UNKNOWN_FIELDS_NAMED = 20
FIELD_NAME_SHOWN = 60


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field and what to do about it."""

    field: str
    message: str


class FormErrors(Exception):
    """Everything that is wrong with a form, in the order of its fields."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(", ".join(error.field for error in errors))
        self.errors = list(errors)


@dataclass(frozen=True, slots=True)
class ValidForm:
    """The cleaned values by field name, in the order of the form; fields that were not given are left out."""

    values: dict[str, str]

    @property
    def first_name(self) -> str:
        """Give the first name; empty where the bank told one name only."""
        return self.values.get("first_name", "")

    @property
    def email(self) -> str:
        """Give the e-mail address, its domain in ASCII."""
        return self.values["email"]

    def person(self) -> dict[str, str]:
        """Give who asks: the common five, and the business id of a company. Both names are always there, an empty one where the bank told none."""
        return {name: self.values.get(name, "") for name in PERSON if name in self.values or name in NAMES}

    def answers(self, service: Service) -> list[dict[str, str]]:
        """Give the other fields for the handler: labels and the texts of choices in Finnish."""
        return [
            {"field": name, "label": service.by_name[name].label.fi, "value": _readable(service.by_name[name], value)}
            for name, value in self.values.items()
            if name not in PERSON
        ]


def validate_form(service: Service, form: Mapping[str, str], language: Language, identity: Identity | None) -> ValidForm:
    """Check a form against its service; raises `FormErrors` naming every field that is wrong or unknown.

    Facts of `identity` are put in where nothing was typed, and win: a differing typed value is an error.
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
            errors.append(FieldError(field.name, message(wrong.slug, field, language)))
            continue
        if value:
            values[field.name] = value
    unknown = [name for name in form if name not in service.by_name]
    errors += [FieldError(name[:FIELD_NAME_SHOWN] or "form", message("unknown", None, language)) for name in unknown[:UNKNOWN_FIELDS_NAMED]]
    if errors:
        raise FormErrors(errors)
    return ValidForm(values)


def _clean(field: Field, typed: str) -> str:
    value = clean_value(field, typed)
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
    """Give what two spellings of one name or code have in common."""
    return "".join(plain(text).casefold().split())


def _readable(field: Field, value: str) -> str:
    if field.kind == "choice":
        return next(choice.label.fi for choice in field.choices if choice.value == value)
    if field.kind == "checkbox":
        return "kyllä" if value == "true" else "ei"
    return value
