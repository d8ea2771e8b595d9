"""Wraps an app so that HEAD, `Allow`, redirects and headers are right in every response."""

from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any, TypeAlias, cast

from fastapi import FastAPI, Request
from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web.problems import BodyTooLong

OWN_TYPES = ("application/problem+json", "text/html")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

AddHeaders: TypeAlias = Callable[[ASGIApp], ASGIApp]


def install_edge(app: FastAPI, add_headers: AddHeaders) -> None:
    """Wrap an app, its responses to unexpected errors included.

    `add_headers` adds the default headers.
    """
    inner = app.build_middleware_stack
    # Middleware that is added in the usual way does not see unexpected errors and over-long bodies.
    app.build_middleware_stack = lambda: HeadAsGet(add_headers(BodyTooLongAsProblem(inner(), app)), app)  # type: ignore[method-assign]


class HeadAsGet:
    """ASGI middleware: answers HEAD as GET without the body (RFC 9110, 9.3.2), and completes `Allow`."""

    def __init__(self, app: ASGIApp, owner: FastAPI) -> None:
        self.app, self._owner = app, owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request, HEAD as GET."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        head, asked = scope["method"] == "HEAD", {**scope}
        if head:
            asked["method"] = "GET"

        async def send_on(message: Message) -> None:
            starts = message["type"] == "http.response.start"
            if starts and message["status"] == HTTPStatus.METHOD_NOT_ALLOWED:
                MutableHeaders(scope=message)["Allow"] = ", ".join(allowed_methods(self._owner.routes, scope))
            if starts and HTTPStatus.MULTIPLE_CHOICES <= message["status"] < HTTPStatus.BAD_REQUEST:
                _make_redirect_relative(MutableHeaders(scope=message), scope)
            if starts or not head:
                await send(message)
            if starts and head:  # what follows is left out, also where it would never end
                await send({"type": "http.response.body", "body": b""})

        await self.app(asked, receive, send_on)


def _make_redirect_relative(headers: MutableHeaders, scope: Scope) -> None:
    """Make a redirect to this host relative, because the client chose the `Host` header."""
    here = str(URL(scope={**scope, "path": "/", "root_path": "", "query_string": b""}))
    if (location := headers.get("location", "")).startswith(here):
        headers["location"] = "/" + location.removeprefix(here).lstrip("/\\")


def allowed_methods(routes: Iterable[BaseRoute], scope: Scope) -> list[str]:
    """Return the methods that the routes accept at the address of a scope; HEAD goes with GET."""
    place = {name: scope[name] for name in ("type", "path", "root_path", "headers") if name in scope}
    found = [
        method for method in METHODS if any(_takes(route, {**place, "method": method}) for route in routes)
    ]
    return [*found[:1], "HEAD", *found[1:]] if found[:1] == ["GET"] else found


def _takes(route: BaseRoute, scope: dict[str, Any]) -> bool:
    match, inside = route.matches(scope)
    if match is not Match.FULL or not isinstance(route, Mount):
        return match is Match.FULL
    # Files have no routes of their own.
    return (
        any(_takes(each, {**scope, **inside}) for each in route.routes)
        if route.routes
        else scope["method"] == "GET"
    )


class BodyTooLongAsProblem:
    """ASGI middleware: answers a body over the app's limit with problem details like every other error."""

    def __init__(self, app: ASGIApp, owner: FastAPI) -> None:
        self.app, self._owner = app, owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Replace Starlette's plain response by the app's own."""
        replaced = False

        async def send_on(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                ours = Headers(raw=message["headers"]).get("content-type", "").startswith(OWN_TYPES)
                replaced = message["status"] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and not ours
            if not replaced:
                await send(message)

        await self.app(scope, receive, send_on)
        if replaced:
            request = Request(scope)
            answer = cast(
                "Callable[[Request, Exception], Awaitable[Response]]",
                self._owner.exception_handlers[BodyTooLong],
            )
            response = await answer(request, BodyTooLong())
            await response(scope, receive, send)
