"""The routes of an app, with the places in which a caller can put something."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import _IncludedRouter
from starlette.routing import BaseRoute


@dataclass(frozen=True)
class Route:
    """A method and a path, and the names of what it reads besides; `json` where its body is JSON."""

    method: str
    path: str
    query: tuple[str, ...]
    headers: tuple[str, ...]
    body: tuple[str, ...]
    json: bool


def routes_of(app: FastAPI) -> list[Route]:
    """Return every route of an app and of what is mounted in it."""
    return [
        Route(method, prefix + path, *_places(route))
        for prefix, route in _walk(app.routes, "")
        if (path := getattr(route, "path", None)) is not None
        for method in sorted(getattr(route, "methods", None) or {"GET"})
    ]


def _walk(routes: list[BaseRoute], prefix: str) -> Iterator[tuple[str, Any]]:
    for route in routes:
        if isinstance(route, _IncludedRouter):
            yield from ((prefix, each) for each in _included(route))
        elif inside := getattr(route, "routes", None):
            yield from _walk(inside, prefix + getattr(route, "path", ""))
        else:
            yield prefix, route


def _included(router: _IncludedRouter) -> Iterator[Any]:
    for each in router.effective_candidates():
        if isinstance(each, _IncludedRouter):
            yield from _included(each)
        else:
            yield each


def _places(route: Any) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], bool]:  # noqa: ANN401  routes of several kinds
    dependant = getattr(route, "dependant", None)
    if dependant is None:
        return (), (), (), False
    query, headers, body = (
        list(_fields(dependant, f"{kind}_params")) for kind in ("query", "header", "body")
    )
    names = tuple(name for each in body for name in _names(each))
    json = any(type(each.field_info).__name__ == "Body" for each in body)
    return tuple(each.alias for each in query), tuple(each.alias for each in headers), names, json


def _fields(dependant: Any, kind: str) -> Iterator[Any]:  # noqa: ANN401  FastAPI's own
    yield from getattr(dependant, kind)
    for each in dependant.dependencies:
        yield from _fields(each, kind)


def _names(field: Any) -> list[str]:  # noqa: ANN401  FastAPI's own
    """Return the fields of a model that is a whole body, or the field's own name."""
    kinds = [field.field_info.annotation, *getattr(field.field_info.annotation, "__args__", ())]
    models = [kind for kind in kinds if hasattr(kind, "model_fields")]
    return [info.alias or name for kind in models for name, info in kind.model_fields.items()] or [
        field.alias
    ]
