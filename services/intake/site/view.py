"""What a page needs: its language, texts and services; and how a template becomes an answer."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment

from services.intake.identity import Identity
from services.intake.resources import Intake
from services.intake.settings import Settings
from services.intake.site.opening_hours import phone_hours
from services.intake.site.texts import DEFAULT_LANGUAGE, LANGUAGES, Language, Texts
from shared.session import SESSION_SECONDS

PHONE = "020\N{NO-BREAK SPACE}6399\N{NO-BREAK SPACE}400"

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Site:
    """What every page of this process shares."""

    settings: Settings
    templates: Environment
    texts: dict[str, Texts]
    headers: dict[str, str] = field(default_factory=lambda: dict(PAGE_HEADERS))


class View:
    """One request's page, in its language."""

    def __init__(self, site: Site, request: Request, language: Language | None = None) -> None:
        self.site = site
        self.request = request
        self.language: Language = language or language_of(request.url.path)
        self.texts = site.texts[self.language]

    @property
    def intake(self) -> Intake:
        """Give the process's resources."""
        intake: Intake = self.request.app.state.intake
        return intake

    def to(self, path: str = "") -> str:
        """Give the address of a page in this language."""
        return f"/{self.language}/{path}"

    def redirect(self, path: str = "") -> RedirectResponse:
        """Lead to another page, to be fetched with GET."""
        return RedirectResponse(self.to(path), status_code=303, headers={"Cache-Control": "no-store"})

    def identity(self) -> Identity | None:
        """Give who has identified, at most half an hour ago."""
        held = self.request.session.get("identity")
        if not held or time.time() - held["since"] > SESSION_SECONDS:
            return None
        return Identity.model_validate(held["facts"])

    def render(self, template: str, *, status: int = 200, headers: dict[str, str] | None = None, **context: Any) -> HTMLResponse:  # noqa: ANN401  a template's own
        """Answer with a page."""
        html = self.site.templates.get_template(template).render(self._common() | context)
        return HTMLResponse(html, status, self.site.headers | (headers or {}))

    def _common(self) -> dict[str, Any]:
        now = datetime.now(timezone.utc)
        return {
            "t": self.texts,
            "language": self.language,
            "languages": [(code, self.site.texts[code].language_name, self._in_language(code)) for code in LANGUAGES],
            "to": self.to,
            "here": self.request.url.path.removeprefix(f"/{self.language}/"),
            "site_name": self.texts.name,
            "skip_text": self.texts.skip,
            "home": self.to(),
            "phone": PHONE,
            "chat": self.site.settings.chat_url,
            "phone_hours": phone_hours(now),
            "now": now,
        }

    def _in_language(self, code: str) -> str:
        path = self.request.url.path
        known = path.startswith(tuple(f"/{language}/" for language in LANGUAGES))
        return f"/{code}/{path[4:]}" if known else f"/{code}/"


def language_of(path: str) -> Language:
    """Give the language that an address begins with; Finnish where it names none."""
    for language in LANGUAGES:
        if path == f"/{language}" or path.startswith(f"/{language}/"):
            return language
    return DEFAULT_LANGUAGE


def view_of(request: Request) -> View:
    """Give the view of a request, in the language of its address."""
    return View(request.app.state.site, request)


Page = Annotated[View, Depends(view_of)]
