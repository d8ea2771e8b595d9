"""Error pages of the site, in the reader's language; the API keeps its problem details."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.intake.site.view import view_of
from shared.process.logs import get_log
from shared.web.problems import BodyTooLong, Problem

log = get_log(__name__)

Handler: TypeAlias = Callable[[Request, Exception], Awaitable[Response]]
NOT_PAGES = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json")


def install_error_pages(app: FastAPI) -> None:
    """Answer with pages instead of problem details outside the API; called after `install_problems`."""
    for kind in (Problem, BodyTooLong, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _page_or(cast("Handler", app.exception_handlers[kind])))


def _page_or(for_machines: Handler) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        if request.url.path.startswith(NOT_PAGES):
            return await for_machines(request, error)
        status = _status_of(error)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            route = getattr(request.scope.get("route"), "path", None)
            log.error(
                "unexpected_error",
                method=request.method,
                route=route,
                error=type(error).__name__,
                exc_info=error,
            )
        return error_page(request, status, getattr(error, "headers", None))

    return handle


def _status_of(error: Exception) -> int:
    if isinstance(error, RequestValidationError):  # an invalid request id in the address
        return HTTPStatus.NOT_FOUND
    return int(getattr(error, "status", 0) or getattr(error, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR))


def error_page(request: Request, status: int, headers: dict[str, str] | None = None) -> Response:
    """Answer with the page of a status, or of the nearest one that has texts."""
    view = view_of(request)
    otherwise = "500" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "405"
    page = view.texts.errors.pages.get(str(status), view.texts.errors.pages[otherwise])
    kept = {
        name: value for name, value in (headers or {}).items() if name.lower() in {"retry-after", "allow"}
    }
    return view.render("error.html", status=status, headers=kept, page=page)
