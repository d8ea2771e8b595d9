"""The bodies of the submission API and their OpenAPI descriptions."""

from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.intake.form.catalogue import Group, Role, Text
from shared.events.vocabulary import Language
from shared.web.describe_problems import REFERENCE

DESCRIPTION = """
Send a citizen's or a company's request for a service, and ask for its work number.

1. `GET /api/v1/services` lists the services; `GET /api/v1/services/{code}` has the JSON Schema of one form.
2. `POST /api/v1/requests` with an `Idempotency-Key` sends a request. It is stored before the
   answer is sent.
3. `GET /api/v1/requests/{request_id}` has the work number as soon as there is one; the citizen gets it by
   e-mail.

Errors are problem details (RFC 9457). Personal data is sealed before it leaves this service.
"""
EXAMPLE: dict[str, Any] = {
    "service": "pyyda-laskukopio",
    "language": "fi",
    "form": {
        "first_name": "Anna",
        "last_name": "Mallikas",
        "personal_identity_code": "131052-308T",
        "email": "anna.mallikas@example.com",
        "phone": "040 123 4567",
        "invoice_subject": "Päivähoitomaksu, huhtikuu",
        "delivery": "sahkoposti",
    },
}


def _without_nulls(form: object) -> object:
    """Leave out null values: many callers send every field, with null for what was not given."""
    return (
        {name: value for name, value in form.items() if value is not None} if isinstance(form, dict) else form
    )


class NewRequest(BaseModel):
    """One request for a service."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    service: str = Field(description="The service's code, from `GET /api/v1/services`")
    language: Language = Field(description="The citizen's language; errors and mails are written in it")
    form: Annotated[dict[str, str], BeforeValidator(_without_nulls)] = Field(
        description="Field names and values; see the service's `form_schema`"
    )


class AcceptedRequest(BaseModel):
    """The request is kept; its number follows, here and by e-mail."""

    request_id: UUID
    work_number: str | None = Field(
        description="Nine or ten digits, or null while the request has none", examples=[None, "482913057"]
    )
    state: str = Field(
        description="`accepted` until there is a number, then `received`, `in_progress`, …; "
        "`under_investigation` if an operator must act before there is one",
        examples=["accepted"],
    )


class ServiceSummary(BaseModel):
    """One service on offer."""

    code: str
    title: Text
    summary: Text
    roles: list[Role]
    group: Group
    authentication: Literal["none", "strong"] = Field(
        description="`strong`: send the citizen's access token as bearer token"
    )
    url: str = Field(description="The form on the public site")


class ServiceDescription(ServiceSummary):
    """One service with the JSON Schema (2020-12) of its form, in the language asked for."""

    minutes: int
    due_days: int = Field(description="Working days until it is handled")
    form_schema: dict[str, Any]


Responses: TypeAlias = dict[int | str, dict[str, Any]]


def problem(description: str, **headers: str) -> dict[str, Any]:
    """Return the OpenAPI description of one error answer; `headers` are those that it has."""
    shown = {
        name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
        for name, text in headers.items()
    }
    return {"description": description, **REFERENCE, "headers": shown}


def header(name: str, description: str, **limits: int | str) -> dict[str, Any]:
    """Return the OpenAPI description of one optional request header; `limits` are JSON Schema's."""
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", **limits},
    }
