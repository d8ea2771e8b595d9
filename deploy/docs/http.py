"""Generates docs/http.md: the routes of the APIs, from the apps and their OpenAPI documents."""

from collections.abc import Iterator, Mapping
from inspect import getclosurevars
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from deploy.docs.example_apps import example_apps
from deploy.docs.markdown import code, document, first_paragraph, section, table
from shared.auth.authorize import require_scope

INTRODUCTION = """What `/openapi.json` of intake, tracker and notifier says, in short; `/docs` of each
shows it in full. How the routes are used, and those of identity, are in
[using-the-api.md](using-the-api.md). A field in brackets may be left out. A scope is one of the access
token that is sent as `Authorization: Bearer`. Errors are RFC 9457 problem details."""
HEAD = ("route", "scope", "what", "takes", "answers")
AUTHORIZE = require_scope.__qualname__ + ".<locals>.authorize"
METHODS = ("get", "post", "put", "patch", "delete")
Described = Mapping[str, Any]


def describe_http() -> str:
    """Return the document."""
    return document(
        "HTTP",
        INTRODUCTION,
        *(section(name.capitalize(), _routes(app)) for name, app in example_apps().items()),
    )


def _routes(app: FastAPI) -> str:
    described, scopes = app.openapi(), dict(_scopes(app))
    rows = (
        (
            code(f"{method.upper()} {path}"),
            scopes.get((method.upper(), path), ""),
            _what(operation),
            _takes(operation, described),
            _answers(operation),
        )
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    )
    return table(HEAD, rows)


def _scopes(app: FastAPI) -> Iterator[tuple[tuple[str, str], str]]:
    for path, route in _walk(app.routes):
        dependant = getattr(route, "dependant", None)
        for scope in _asked(dependant) if dependant else ():
            yield from (((method, path), code(scope)) for method in route.methods)


def _walk(routes: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  FastAPI's own, of several kinds
    for route in routes:
        if isinstance(route, APIRoute) or hasattr(route, "dependant"):
            yield route.path, route
        elif included := getattr(route, "effective_candidates", None):
            yield from _walk(included())


def _asked(dependant: Dependant) -> Iterator[str]:
    if getattr(dependant.call, "__qualname__", "") == AUTHORIZE and dependant.call:
        yield str(getclosurevars(dependant.call).nonlocals["scope"])
    for each in dependant.dependencies:
        yield from _asked(each)


def _what(operation: Described) -> str:
    return first_paragraph(operation.get("description")) or str(operation.get("summary", ""))


def _takes(operation: Described, described: Described) -> str:
    parameters = operation.get("parameters", [])
    places = []
    for each in parameters:
        choices = " or ".join(code(value) for value in _resolved(each["schema"], described).get("enum", ()))
        if choices or each["in"] in {"query", "header"}:
            name = _name(each["name"], each.get("required", False))
            places.append(f"{name}: {choices}" if choices else name)
    body = operation.get("requestBody", {})
    for content in body.get("content", {}).values():
        shape = _resolved(content.get("schema", {}), described)
        places += [_name(name, name in shape.get("required", ())) for name in shape.get("properties", {})]
    return ", ".join(places)


def _resolved(shape: Described, described: Described) -> Described:
    options = [each for each in shape.get("anyOf", ()) if each.get("type") != "null"]
    shape = options[0] if options else shape
    reference = shape.get("$ref")
    return described["components"]["schemas"][reference.rpartition("/")[2]] if reference else shape


def _name(name: str, needed: bool) -> str:  # noqa: FBT001  what the field says
    return code(name) if needed else f"[{code(name)}]"


def _answers(operation: Described) -> str:
    return ", ".join(sorted(status for status in operation["responses"] if status != "default"))
