"""The model of the catalogue: services, the fields of their forms, and the rules that a file must keep."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Limits

from shared.events.vocabulary import Language

Kind: TypeAlias = Literal[
    "text",
    "textarea",
    "email",
    "phone",
    "personal_identity_code",
    "business_id",
    "date",
    "month",
    "choice",
    "number",
    "checkbox",
]
Role: TypeAlias = Literal["person", "company"]
Group: TypeAlias = Literal["invoices", "employment", "online"]
GROUPS: tuple[Group, ...] = get_args(Group)
Slug: TypeAlias = Annotated[str, Limits(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Sentence: TypeAlias = Annotated[str, Limits(min_length=1)]

PERSON_FIELDS = ("first_name", "last_name", "personal_identity_code", "email", "phone")
"""The names of the five fields that every form begins with."""


class Part(BaseModel):
    """A frozen part of a catalogue file; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Part):
    """One text in all languages.

    The texts of a form are here and not in `texts/`: a form is one unit, which one person writes and checks
    with its languages side by side.
    """

    fi: Sentence
    sv: Sentence
    en: Sentence

    def in_language(self, language: Language) -> str:
        """Return the text in a language."""
        text: str = getattr(self, language)
        return text


class Choice(Part):
    """One option of a `choice` field."""

    value: Slug
    label: Text


TIMES: tuple[Kind, ...] = ("date", "month")


class Field(Part):
    """One field of a form.

    `example` is a value that is accepted, `hint` is under the label, `info` behind the ⓘ, whose name is
    `info_title`. `missing` is the sentence for a required field that was left empty. A date or month is
    `not_before` that of another field, and `not_after` today.
    """

    name: str = Limits(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    kind: Kind
    label: Text
    hint: Text | None = None
    info_title: Text | None = None
    info: Text | None = None
    missing: Text | None = None
    required: bool = True
    choices: list[Choice] = []
    max_length: int = Limits(default=200, ge=1, le=10_000)
    minimum: int = 0
    maximum: int = 1_000_000
    autocomplete: str | None = None
    not_before: str | None = None
    not_after: Literal["today"] | None = None
    example: str = ""

    @model_validator(mode="after")
    def _choices_belong_to_choice(self) -> "Field":
        if (self.kind == "choice") != bool(self.choices):
            message = "choices are needed by the kind `choice`, and only by it"
            raise ValueError(message)
        if not self.example and self.kind != "choice":
            message = "an example is needed"
            raise ValueError(message)
        if (self.not_before or self.not_after) and self.kind not in TIMES:
            message = "not_before and not_after are for dates and months"
            raise ValueError(message)
        return self

    @property
    def sample(self) -> str:
        """A value that is accepted."""
        return self.example or self.choices[0].value


class Service(Part):
    """One service for one role, with all fields of its form: the common, the company's, its own.

    A file with both roles makes two services; the company's code ends in `-yritys`. `quick_link` is the place
    on the front page, `minutes` the time that the form takes. `due_days` are working days, `retention_days`
    how long tracker keeps a closed request. A `hidden` service is not listed. If `answered_if` names a
    checkbox, an answer is promised only to those who tick it. `leaves_out` names common fields that the form
    does not ask. A henkilötunnus is asked only if the person must be known, so never of a company's contact.
    """

    code: Slug
    title: Text
    summary: Text
    roles: list[Role] = Limits(min_length=1)
    group: Group
    authentication: Literal["none", "strong"]
    quick_link: int | None = Limits(default=None, ge=1)
    quick_link_title: Text | None = None
    order: int = Limits(ge=1, description="Place in its group")
    minutes: int = Limits(ge=1, le=60)
    queue: Slug
    due_days: int = Limits(ge=1, le=90)
    retention_days: int = Limits(ge=1, le=3650)
    fields: list[Field]
    aside: Text | None = None
    hidden: bool = False
    answered_if: str | None = None
    leaves_out: list[Literal["personal_identity_code", "phone"]] = []

    @model_validator(mode="after")
    def _what_is_named_is_there(self) -> "Service":
        if self.answered_if and (
            self.answered_if not in self.by_name or self.by_name[self.answered_if].kind != "checkbox"
        ):
            message = f"answered_if: there is no checkbox {self.answered_if}"
            raise ValueError(message)
        if self.leaves_out and self.authentication == "strong":
            message = "leaves_out: what the bank provides cannot be left out"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _times_are_of_one_kind(self) -> "Service":
        for field in self.fields:
            if field.not_before and (
                field.not_before not in self.by_name or self.by_name[field.not_before].kind != field.kind
            ):
                message = f"{field.name}: not_before: there is no {field.kind} {field.not_before}"
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Service":
        names = [field.name for field in self.fields]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"fields declared twice: {', '.join(twice)}"
            raise ValueError(message)
        return self

    @property
    def role(self) -> Role:
        """The role that the form is for."""
        return self.roles[0]

    def promises_answer(self, form: Mapping[str, str]) -> bool:
        """True if the sender of a form is promised an answer; `form` holds its cleaned values."""
        return self.answered_if is None or form.get(self.answered_if) == "true"

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by name."""
        return {field.name: field for field in self.fields}


class Catalogue(Part):
    """Every service, ordered by role, group and place."""

    services: list[Service]
    hidden: list[Service] = []

    @cached_property
    def by_code(self) -> dict[str, Service]:
        """The services by code."""
        return {service.code: service for service in self.services}

    def get(self, code: str) -> Service | None:
        """Return a service, `None` if the code is unknown."""
        return self.by_code.get(code)

    def get_even_hidden(self, code: str) -> Service | None:
        """Return a service, also a hidden one."""
        return self.get(code) or next((service for service in self.hidden if service.code == code), None)

    @property
    def groups(self) -> list[Group]:
        """The groups in the order of the site."""
        return list(GROUPS)

    def for_role(self, role: Role, group: Group | None = None) -> list[Service]:
        """Return the services for a role, of one group if it is given."""
        return [
            service for service in self.services if role in service.roles and group in {None, service.group}
        ]

    def quick_links(self) -> list[Service]:
        """Return the services of the front page, in their order."""
        linked = [service for service in self.services if service.quick_link]
        return sorted(linked, key=lambda service: service.quick_link or 0)
