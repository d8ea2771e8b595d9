"""Renders the HTML pages of identity in the reader's language, and sets their security headers."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.identity.banks import Bank, colour_sheet
from services.identity.keys import digest
from shared.events.vocabulary import Language
from shared.look.look import build_environment, versioned
from shared.text.texts import Texts, read_texts
from shared.web.languages import preferred_language

FOLDER = Path(__file__).parent
STATIC_URL = "/static"
DEFAULT_LANGUAGE: Language = "fi"


class Pages:
    """Templates and texts, read once; `home` is the address that the logo links to."""

    def __init__(self, banks: Mapping[str, Bank], home: str, *, demonstration: bool) -> None:
        self.bank_colours = colour_sheet(dict(banks))
        self.texts: dict[str, Texts] = dict(read_texts(FOLDER / "texts").items())
        self._environment = build_environment(FOLDER / "templates", demonstration=demonstration)
        self._environment.globals["home"] = home
        self._environment.globals["static_url"] = versioned(FOLDER / "static", STATIC_URL)
        self._environment.globals["bank_colours_url"] = (
            f"/bank-colours.css?v={digest(self.bank_colours).hex()[:10]}"
        )

    def render(self, template: str, language: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401  a template's own
        """Render a page; the template reads its texts from `t`."""
        page = self._environment.get_template(template)
        return HTMLResponse(page.render(language=language, t=self.texts[language], **context), status)

    def problem(self, kind: str, language: str, *, status: int = 400, back: str = "") -> HTMLResponse:
        """Render the error page `problems.<kind>` of the texts; `back` is an address to return to."""
        page = self.texts[language].problems[kind]
        return self.render(
            "problem.html",
            language,
            status=status,
            title=page.title,
            text=page.text,
            back=back,
        )


def language_of(request: Request) -> Language:
    """Return the language that the browser prefers; Finnish if we support none of its languages."""
    return preferred_language(request.headers.get("Accept-Language", ""), DEFAULT_LANGUAGE)


class GuardPages:
    """ASGI middleware for security headers: no page is stored, framed, or sent as a referrer.

    Forms may be sent to the issuer and to the origins of `form_targets` only; browsers apply that to the
    redirects that follow a form as well.
    """

    def __init__(self, app: ASGIApp, issuer: str, form_targets: Iterable[str]) -> None:
        self.app = app
        targets = sorted(
            {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, [issuer, *form_targets])}
        )
        self._headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; "
            "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {' '.join(targets)}",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
        if issuer.startswith("https://"):
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to every answer; an answer without a `Cache-Control` of its own gets `no-store`."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_guarded if scope["type"] == "http" else send)
