"""The services on offer: one YAML file each, read and checked at start."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic import Field as Limits

from shared.events.vocabulary import Language

FOLDER = Path(__file__).parents[1] / "catalogue"
COMMON_FIELDS = "_common_fields.yaml"
COMPANY_SUFFIX = "-yritys"

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
Slug: TypeAlias = Annotated[str, Limits(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Sentence: TypeAlias = Annotated[str, Limits(min_length=1)]

PERSON_FIELDS = ("first_name", "last_name", "personal_identity_code", "email", "phone")
"""The names of the five fields that a form begins with."""


class InvalidCatalogue(Exception):
    """A catalogue file is wrong; the message names each file and place."""


class Part(BaseModel):
    """A frozen piece of a catalogue file that bears no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Part):
    """One text in the three languages."""

    fi: Sentence
    sv: Sentence
    en: Sentence

    def in_language(self, language: Language) -> str:
        """Give the text in one language."""
        text: str = getattr(self, language)
        return text


class Choice(Part):
    """One option of a `choice` field."""

    value: Slug
    label: Text


TIMES: tuple[Kind, ...] = ("date", "month")


class Field(Part):
    """One field of a form.

    `example` is a value that is accepted, `hint` stands under the label, `info` behind the ⓘ, which `info_title` names. `missing` is the
    sentence for a required field that was left empty. A date or month is `not_before` that of another field, and `not_after` today.
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
        """Give a value that is accepted."""
        return self.example or self.choices[0].value


class Service(Part):
    """One service for one role, with all fields of its form: the common ones first, then the company's, then its own.

    A file with both roles makes two services; the company's code ends in `-yritys`. `quick_link` is the place on the front page, `minutes` how
    long the form takes, `due_days` counts working days, `retention_days` is how long tracker keeps a closed request. One that is
    `hidden` is listed nowhere. Where `answered_if` names a checkbox, an answer is promised only to who ticks it. `leaves_out` names common fields
    that the form does not ask; a henkilötunnus is asked only where the person must be known, and so of no company's contact.
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
            message = "leaves_out: what the bank tells cannot be left out"
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
        """Give the one role that the form is for."""
        return self.roles[0]

    def promises_answer(self, form: Mapping[str, str]) -> bool:
        """Say whether who sent a form is promised an answer; `form` holds its cleaned values."""
        return self.answered_if is None or form.get(self.answered_if) == "true"

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Give the fields by their names."""
        return {field.name: field for field in self.fields}


class Catalogue(Part):
    """Every service, ordered by role, group and place."""

    services: list[Service]
    hidden: list[Service] = []

    @cached_property
    def by_code(self) -> dict[str, Service]:
        """Give the services by their codes."""
        return {service.code: service for service in self.services}

    def get(self, code: str) -> Service | None:
        """Give one service, or `None` where there is none of that code."""
        return self.by_code.get(code)

    def get_even_hidden(self, code: str) -> Service | None:
        """Give one service, also one that is on offer nowhere."""
        return self.get(code) or next((service for service in self.hidden if service.code == code), None)

    @property
    def groups(self) -> list[Group]:
        """Give the groups in the order of the site."""
        return ["invoices", "employment", "online"]

    def for_role(self, role: Role, group: Group | None = None) -> list[Service]:
        """Give the services for one role, and of one group where asked."""
        return [
            service for service in self.services if role in service.roles and group in {None, service.group}
        ]

    def quick_links(self) -> list[Service]:
        """Give the services of the front page, in their order."""
        linked = [service for service in self.services if service.quick_link]
        return sorted(linked, key=lambda service: service.quick_link or 0)


def load_catalogue(folder: Path = FOLDER) -> Catalogue:
    """Read every file of a folder; raises `InvalidCatalogue` naming file and field of everything that is wrong."""
    errors: list[str] = []
    common = _read(folder / COMMON_FIELDS)
    services: list[Service] = []
    for file in sorted(folder.glob("[!_]*.yaml")):
        try:
            services += _services_of(_read(file), common, file.stem)
        except ValidationError as error:
            errors += [
                f"{file.name}: {'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}"
                for fault in error.errors()
            ]
        except InvalidCatalogue as error:
            errors.append(str(error))
    if not services and not errors:
        errors.append(f"{folder}: no services")
    if errors:
        raise InvalidCatalogue("\n".join(errors))
    shown = sorted((service for service in services if not service.hidden), key=_place)
    catalogue = Catalogue(services=shown, hidden=[service for service in services if service.hidden])
    _check_quick_links(catalogue)
    return catalogue


def _services_of(content: dict[str, Any], common: dict[str, Any], code: str) -> Iterator[Service]:
    """Make a service for each role; the file's own fields come after the common ones."""
    roles: Sequence[Any] = content.get("roles") or [None]
    for role in roles:
        company = role == "company"
        unasked = {
            *content.get("leaves_out", []),
            *(["personal_identity_code"] if company and content.get("authentication") != "strong" else []),
        }
        person = [field for field in common["person"] if field["name"] not in unasked]
        fields = [*person, *(common["company"] if company else []), *content.get("fields", [])]
        variant = (
            {"quick_link": None, "code": code + COMPANY_SUFFIX}
            if company and len(roles) > 1
            else {"code": code}
        )
        yield Service.model_validate({**content, **variant, "roles": [role], "fields": fields})


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidCatalogue(f"{file.name}: {error}") from error
    if not isinstance(content, dict):
        raise InvalidCatalogue(f"{file.name}: a mapping is needed")
    return content


def _place(service: Service) -> tuple[bool, int, int]:
    return service.role == "company", ["invoices", "employment", "online"].index(service.group), service.order


def _check_quick_links(catalogue: Catalogue) -> None:
    numbers = [service.quick_link for service in catalogue.quick_links()]
    if len(set(numbers)) != len(numbers):
        raise InvalidCatalogue(f"quick_link: a number is given twice: {numbers}")
