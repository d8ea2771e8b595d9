"""What the API takes and gives, as its OpenAPI description shows it."""

from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake.catalogue import Group, Role, Text
from shared.events.event import Language

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


class NewRequest(BaseModel):
    """One request for a service."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    service: str = Field(description="The service's code, from `GET /api/v1/services`")
    language: Language = Field(description="The citizen's language; errors and mails are written in it")
    form: dict[str, str] = Field(description="Field names and values, all strings; see the service's `form_schema`")


class AcceptedRequest(BaseModel):
    """The request is kept; its number follows, here and by e-mail."""

    request_id: UUID
    work_number: str | None = Field(description="Nine or ten digits, or null while the request has none", examples=[None, "482913057"])
    state: str = Field(
        description="`accepted` until there is a number, then `received`, `in_progress`, …; `under_investigation` where it does not come by itself",
        examples=["accepted"],
    )


class ServiceSummary(BaseModel):
    """One service on offer."""

    code: str
    title: Text
    summary: Text
    roles: list[Role]
    group: Group
    authentication: Literal["none", "strong"] = Field(description="`strong`: send the citizen's access token as bearer token")
    url: str = Field(description="The form on the public site")


class ServiceDescription(ServiceSummary):
    """One service with the JSON Schema (2020-12) of its form, in the language asked for."""

    minutes: int
    due_days: int = Field(description="Working days until it is handled")
    form_schema: dict[str, Any]


class FieldProblem(BaseModel):
    """One wrong field and what to do about it, in the language of the request."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldProblem] | None = None


Responses: TypeAlias = dict[int | str, dict[str, Any]]


def problem(description: str, **headers: str) -> dict[str, Any]:
    """Describe one error answer for OpenAPI; `headers` name those it comes with."""
    shown = {name.replace("_", "-"): {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}
    content = {"application/problem+json": {"schema": _problem_schema()}}
    return {"description": description, "content": content, "headers": shown}


def _problem_schema() -> dict[str, Any]:
    """Give the schema whole: a reference to its own definitions would lead nowhere inside an OpenAPI document."""
    schema = ProblemDetails.model_json_schema()
    field = schema.pop("$defs")["FieldProblem"]
    schema["properties"]["errors"]["anyOf"][0]["items"] = field
    return schema


def header(name: str, description: str, **limits: int | str) -> dict[str, Any]:
    """Describe one optional request header for OpenAPI; `limits` are JSON Schema's."""
    return {"name": name, "in": "header", "required": False, "description": description, "schema": {"type": "string", **limits}}
