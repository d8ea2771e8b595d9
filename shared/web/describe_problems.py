"""Adds the problem details that any operation can answer to an app's OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

MEDIA_TYPE = "application/problem+json"
REFERENCE = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}}
FASTAPI_SCHEMAS = ("HTTPValidationError", "ValidationError")


class FieldProblem(BaseModel):
    """One wrong field and how to correct it."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldProblem] | None = None


def describe_problems(app: FastAPI) -> None:
    """Add the errors that any operation can answer to the app's OpenAPI document.

    A route's own entries win.
    """
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for path, operation in _operations(document):
                own = operation["responses"]
                if "HTTPValidationError" in str(own.get("422")):
                    del own["422"]
                operation["responses"] = own | {
                    status: answer
                    for status, answer in _answers(path, operation).items()
                    if status not in own
                }
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name in FASTAPI_SCHEMAS:
                schemas.pop(name, None)
            shape = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= {**shape.pop("$defs"), "ProblemDetails": shape}
        return app.openapi_schema or {}

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for operation in item.values():
            yield path, operation


def _answers(path: str, operation: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    answers = {"default": "Any other error"}
    if operation.get("security"):
        answers |= {"401": "No access token, or one that does not hold", "403": "The token lacks the scope"}
    if "{" in path:
        answers["404"] = "Unknown"
    if "requestBody" in operation:
        answers |= {
            "413": "The body is too long",
            "415": "The body is compressed, or not of a type that is read",
        }
    if "requestBody" in operation or operation.get("parameters"):
        answers["422"] = "A parameter or field is missing or wrong; `errors` names each"
    return {status: {"description": text, **REFERENCE} for status, text in answers.items()}
