"""Renders a page of the site: its language, texts, person and template."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment

from services.intake.citizen.identity import Identity
from services.intake.resources import Resources
from services.intake.settings import Settings
from services.intake.site.draft import BrowserDrafts
from services.intake.site.form_token import FormTokens
from services.intake.site.opening_hours import phone_hours
from shared.auth.session import SESSION_SECONDS
from shared.events.vocabulary import LANGUAGES, Language
from shared.text.texts import Texts, breakable, plural

PHONE = "020\N{NO-BREAK SPACE}6399\N{NO-BREAK SPACE}400"

DEFAULT_LANGUAGE: Language = "fi"

MAX_IDENTIFICATION_SECONDS = 4 * 60 * 60
REFRESH_SECONDS = 60

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
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
    texts: Mapping[Language, Texts]
    form_tokens: FormTokens
    headers: dict[str, str] = field(default_factory=lambda: dict(PAGE_HEADERS))


class View:
    """One request's page, in its language."""

    def __init__(self, site: Site, request: Request, language: Language | None = None) -> None:
        self.site = site
        self.request = request
        self.language: Language = language or language_of(request.url.path)
        self.texts = site.texts[self.language]

    @property
    def resources(self) -> Resources:
        """The process's resources."""
        resources: Resources = self.request.app.state.resources
        return resources

    def to(self, path: str = "") -> str:
        """Return the address of a page in this language."""
        return f"/{self.language}/{path}"

    def redirect(self, path: str = "") -> RedirectResponse:
        """Redirect to another page, to be fetched with GET."""
        return RedirectResponse(self.to(path), status_code=303, headers={"Cache-Control": "no-store"})

    def title_of(self, service: str, otherwise: str) -> str:
        """Return a service's title in this language.

        `otherwise` is the title as it was sent, for a service that is no longer offered.
        """
        offered = self.resources.catalogue.get(service)
        return offered.title.in_language(self.language) if offered else otherwise

    @cached_property
    def drafts(self) -> BrowserDrafts:
        """The drafts of this browser."""
        secure = self.site.settings.public_url.startswith("https://")
        return BrowserDrafts(
            self.request,
            self.resources.drafts,
            self.site.form_tokens,
            self.resources.caller_limits,
            secure=secure,
        )

    def identity(self) -> Identity | None:
        """Return the identified person while the identification is valid."""
        return (
            Identity.model_validate(self.request.session["identity"]["facts"])
            if self.identified_until() > time.time()
            else None
        )

    def identified_until(self) -> int:
        """Return the end of the identification in seconds since 1970.

        It is half an hour after the last use, and at most four hours after its beginning.
        """
        held = self.request.session.get("identity")
        return (
            min(held.get("used", held["since"]) + SESSION_SECONDS, held["since"] + MAX_IDENTIFICATION_SECONDS)
            if held
            else 0
        )

    def use_identity(self) -> None:
        """Extend the identification by half an hour from now."""
        if (
            self.identity() is not None
            and (now := int(time.time())) - self.request.session["identity"].get("used", 0) > REFRESH_SECONDS
        ):
            self.request.session["identity"] = self.request.session["identity"] | {"used": now}

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **context: Any,  # noqa: ANN401  a template's own
    ) -> HTMLResponse:
        """Return a rendered page."""
        html = self.site.templates.get_template(template).render(self._common() | context)
        return HTMLResponse(html, status, self.site.headers | (headers or {}))

    def _common(self) -> dict[str, Any]:
        now = datetime.now(timezone.utc)
        return {
            "t": self.texts,
            "language": self.language,
            "languages": [
                (code, self.site.texts[code].language_name, self._in_language(code)) for code in LANGUAGES
            ],
            "to": self.to,
            "plural": lambda text, number: plural(text, self.language, number),
            "breakable": lambda text: breakable(text, self.texts.breaks),
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
    """Return the language that an address begins with; Finnish if it names none."""
    for language in LANGUAGES:
        if path == f"/{language}" or path.startswith(f"/{language}/"):
            return language
    return DEFAULT_LANGUAGE


def view_of(request: Request) -> View:
    """Return the view of a request, in the language of its address."""
    return View(request.app.state.site, request)


Page = Annotated[View, Depends(view_of)]
