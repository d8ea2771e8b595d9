"""Errors on the site's pages: in the look, in the language, saying what to do. The API keeps its problem details."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.intake.site.view import view_of
from shared.logs import get_log
from shared.problems import Problem

log = get_log(__name__)

Handler: TypeAlias = Callable[[Request, Exception], Awaitable[Response]]
NOT_PAGES = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json")


def install_error_pages(app: FastAPI) -> None:
    """Put a page in place of the problem details wherever a person is reading; called after `install_problems`."""
    for kind, status_of in ((Problem, _own_status), (HTTPException, _own_status), (RequestValidationError, _not_found), (Exception, _surprise)):
        app.add_exception_handler(kind, _page_or(app.exception_handlers[kind], status_of))


def _page_or(for_machines: Handler, status_of: Callable[[Request, Exception], int]) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        if request.url.path.startswith(NOT_PAGES):
            return await for_machines(request, error)
        return error_page(request, status_of(request, error), getattr(error, "headers", None))

    return handle


def error_page(request: Request, status: int, headers: dict[str, str] | None = None) -> Response:
    """Answer with the page of one status."""
    view = view_of(request)
    texts = getattr(view.texts.errors, str(status), None) or getattr(view.texts.errors, "500" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "405")
    kept = {name: value for name, value in (headers or {}).items() if name.lower() in {"retry-after", "allow"}}
    return view.render("error.html", status=status, headers=kept, texts=texts)


def _own_status(_: Request, error: Exception) -> int:
    return int(getattr(error, "status", 0) or getattr(error, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR))


def _not_found(_: Request, __: Exception) -> int:
    return HTTPStatus.NOT_FOUND


def _surprise(request: Request, error: Exception) -> int:
    log.error("unexpected_error", method=request.method, route=getattr(request.scope.get("route"), "path", None), error=type(error).__name__, exc_info=error)
    return HTTPStatus.INTERNAL_SERVER_ERROR
