"""How a template becomes an answer, and the pages for whatever goes wrong."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from services.tracker.console import words
from services.tracker.console.operator import NotSignedIn
from shared.logs import get_log
from shared.look.look import build_environment, versioned
from shared.problems import Problem

log = get_log(__name__)

FOLDER = Path(__file__).parent
PREFIX = "/console"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
HSTS = {"Strict-Transport-Security": "max-age=31536000"}


class Pages:
    """The console's templates, and the headers that guard every page."""

    def __init__(self, *, secure: bool, demonstration: bool) -> None:
        self._headers = HEADERS | (HSTS if secure else {})
        self._templates = build_environment(FOLDER / "templates", mounted_at=f"{PREFIX}/look", demonstration=demonstration)
        self._templates.globals.update(
            static_url=versioned(FOLDER / "static", f"{PREFIX}/static"),
            language="fi",
            site_name="Asiointi · käsittely",
            skip_text="Siirry sisältöön",
            home=f"{PREFIX}/",
            words=words,
            form_id=lambda: secrets.token_urlsafe(12),
        )
        self._templates.filters.update(words.FILTERS)

    def render(self, template: str, status: int, context: Mapping[str, Any]) -> HTMLResponse:
        """Render a page; `now` is at hand in every one."""
        html = self._templates.get_template(template).render({"now": datetime.now(timezone.utc), **context})
        return HTMLResponse(html, status, self._headers)


def show_message(request: Request, kind: str, *, status: int = 200, typed: str = "") -> HTMLResponse:
    """Say one thing of `words.MESSAGES`, without rail; `typed` is given back to whoever typed it."""
    pages: Pages = request.app.state.console_pages
    return pages.render("message.html", status, {"message": words.MESSAGES[kind], "typed": typed})


def install_error_pages(console: FastAPI) -> None:
    """Show every error as a page; who is not signed in is led to the login."""
    console.add_exception_handler(NotSignedIn, _on_not_signed_in)
    console.add_exception_handler(Problem, _on_problem)
    console.add_exception_handler(RequestValidationError, _on_invalid)
    console.add_exception_handler(HTTPException, _on_http)
    console.add_exception_handler(Exception, _on_surprise)


async def _on_not_signed_in(request: Request, _: Exception) -> Response:
    if request.method != "GET":
        text = (await request.form()).get("text")
        return show_message(request, "session_ended", status=401, typed=text if isinstance(text, str) else "")
    request.session.clear()
    path = request.url.path.removeprefix(PREFIX)
    request.session["after"] = f"{path}?{request.url.query}"[:500] if request.url.query else path[:500]
    return RedirectResponse(f"{PREFIX}/login", status_code=303, headers=HEADERS)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101  for the type checker: registered for this class only
    kind = error.slug if error.slug in words.MESSAGES else {404: "not-found", 503: "unavailable"}.get(error.status, "not-found")
    return show_message(request, kind, status=int(error.status))


async def _on_invalid(request: Request, _: Exception) -> Response:
    return show_message(request, "not-found", status=404)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  as above
    return show_message(request, "not-found", status=error.status_code)


async def _on_surprise(request: Request, error: Exception) -> Response:
    log.error("unexpected_error", method=request.method, error=type(error).__name__, exc_info=error)
    return show_message(request, "surprise", status=500)
