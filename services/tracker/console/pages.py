"""Renders the console's templates, and shows every error of the console as a page."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime, timezone
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from services.tracker.console.carried_text import carry_text
from services.tracker.console.earlier_sign_in import EarlierSignIns
from services.tracker.console.operator import NotSignedIn
from services.tracker.console.template_filters import template_filters
from services.tracker.console.texts import LANGUAGE, read_console_texts
from shared.database.engine import DATABASE_ERRORS
from shared.events.vocabulary import MEANINGS
from shared.look.look import build_environment, versioned
from shared.process.logs import get_log
from shared.web.problems import Problem, ignore_lost_clients

log = get_log(__name__)

FOLDER = Path(__file__).parent
PREFIX = "/console"
TYPED = ("text", "note", "email", "words")
"""The form fields that people type into; the page fills in all others."""
WITH_TEXT = "/requests/"
PAGE_ABOVE = {"search": "", "sign-out": "", "skipped": "ledger", "unsendable": "ledger"}
"""The page that shows a form, by the first part of the form's address, where the two differ."""
CARRY_SECONDS = 2.0
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; font-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
HSTS = {"Strict-Transport-Security": "max-age=31536000"}


class Pages:
    """The console's templates with their `texts`, and the security headers of every page."""

    def __init__(self, *, secure: bool, demonstration: bool) -> None:
        self.texts = read_console_texts()
        self._headers = HEADERS | (HSTS if secure else {})
        self._templates = build_environment(
            FOLDER / "templates", mounted_at=f"{PREFIX}/look", demonstration=demonstration
        )
        self._templates.globals.update(
            static_url=versioned(FOLDER / "static", f"{PREFIX}/static"),
            language=LANGUAGE,
            t=self.texts,
            site_name=self.texts.site.name,
            skip_text=self.texts.site.skip,
            home=f"{PREFIX}/",
            meanings=MEANINGS,
            form_id=lambda: secrets.token_urlsafe(12),
        )
        self._templates.filters.update(template_filters(self.texts))

    def render(self, template: str, status: int, context: Mapping[str, Any]) -> HTMLResponse:
        """Render a page; every template knows `now`."""
        html = self._templates.get_template(template).render({"now": datetime.now(timezone.utc), **context})
        return HTMLResponse(html, status, self._headers)


def show_message(
    request: Request, kind: str, *, status: int = 200, typed: str = "", to: str = f"{PREFIX}/"
) -> HTMLResponse:
    """Show one of the texts' `messages` on a page of its own, with a button that leads to `to`.

    `typed` is what the operator had typed, so that it is not lost.
    """
    pages: Pages = request.app.state.console_pages
    return pages.render(
        "message.html", status, {"message": pages.texts.messages[kind], "typed": typed, "to": to}
    )


def install_error_pages(console: FastAPI) -> None:
    """Show every error as a page; redirect to the login if nobody is signed in."""
    console.add_exception_handler(NotSignedIn, _on_not_signed_in)
    console.add_exception_handler(Problem, _on_problem)
    console.add_exception_handler(RequestValidationError, _on_invalid)
    console.add_exception_handler(HTTPException, _on_http)
    console.add_exception_handler(Exception, _on_surprise)
    ignore_lost_clients(console)


async def _on_not_signed_in(request: Request, _: Exception) -> Response:
    request.session.clear()
    if request.method != "GET":
        typed = await _typed(request)
        request.session["after"] = page = _page_of(request)
        kept = typed and page.startswith(WITH_TEXT) and await _is_from_earlier_sign_in(request)
        if kept and (found_by := await _carried(request, typed)):
            request.session["after"] = f"{page}?typed={found_by}"
        return show_message(request, "session_ended", status=401, typed=typed, to=f"{PREFIX}/login")
    path = request.url.path.removeprefix(PREFIX)
    request.session["after"] = f"{path}?{request.url.query}"[:500] if request.url.query else path[:500]
    return RedirectResponse(f"{PREFIX}/login", status_code=303, headers=HEADERS)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101  for the type checker: registered for this class only
    pages: Pages = request.app.state.console_pages
    kind = error.slug
    if kind not in pages.texts.messages:
        kind = "unavailable" if error.status == HTTPStatus.SERVICE_UNAVAILABLE else "not-found"
    return show_message(request, kind, status=int(error.status), typed=await _typed(request))


async def _on_invalid(request: Request, _: Exception) -> Response:
    return show_message(request, "not-found", status=404, typed=await _typed(request))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  as above
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and request.method == "GET":
        return RedirectResponse(
            PREFIX + _page_above(request.url.path.removeprefix(PREFIX)), status_code=303, headers=HEADERS
        )
    return show_message(request, "no-such-page", status=error.status_code)


async def _on_surprise(request: Request, error: Exception) -> Response:
    log.error("unexpected_error", method=request.method, error=type(error).__name__, exc_info=error)
    return show_message(request, "surprise", status=500)


async def _typed(request: Request) -> str:
    """Return the text of the first form field that was typed into; empty if there is none."""
    if request.method != "POST":
        return ""
    form = await request.form()
    return next((text for name in TYPED if isinstance(text := form.get(name), str) and text.strip()), "")


async def _is_from_earlier_sign_in(request: Request) -> bool:
    earlier: EarlierSignIns = request.app.state.console_earlier
    csrf = (await request.form()).get("csrf")
    return isinstance(csrf, str) and earlier.is_from(request, csrf)


async def _carried(request: Request, typed: str) -> str:
    """Keep a text over the login, and return its key.

    The key is empty while the database is away; the text is still on the page.
    """
    try:
        async with asyncio.timeout(CARRY_SECONDS), request.app.state.sessions.begin() as session:
            return await carry_text(session, typed.replace("\r\n", "\n"))
    except DATABASE_ERRORS as error:
        log.warning("typed_text_not_carried", error=type(error).__name__)
        return ""


def _page_above(path: str) -> str:
    """Return the page whose form is sent to `path`: a reload of that address is redirected there."""
    place, *rest = path.strip("/").split("/")
    if place == "requests":
        return f"/requests/{quote(rest[0])}"
    return f"/{PAGE_ABOVE.get(place, place)}"


def _page_of(request: Request) -> str:
    """Return the page that a form was sent from, by its `Referer`; the front page if it is not valid."""
    try:
        path = urlsplit(request.headers.get("referer", "")).path
    except ValueError:
        return "/"
    return path.removeprefix(PREFIX)[:500] if path.startswith(f"{PREFIX}/") else "/"
