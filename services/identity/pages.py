"""The pages of this service: templates over the shared look, texts in three languages, and the headers that guard them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.identity.bank.directory import Bank, colour_sheet
from services.identity.keys import digest
from shared.events.vocabulary import LANGUAGES, Language
from shared.look.look import build_environment, versioned
from shared.web.languages import preferred_language

FOLDER = Path(__file__).parent
STATIC_URL = "/static"
OTHERWISE: Language = "fi"


class Pages:
    """Renders a template in a language: `pages.render("problem.html", "sv", title=…)`; `home` is where the mark leads."""

    def __init__(self, banks: Mapping[str, Bank], home: str, *, demonstration: bool) -> None:
        self.bank_colours = colour_sheet(dict(banks))
        self.texts = load_texts()
        self._environment = build_environment(FOLDER / "templates", demonstration=demonstration)
        self._environment.globals["home"] = home
        self._environment.globals["static_url"] = versioned(FOLDER / "static", STATIC_URL)
        self._environment.globals["bank_colours_url"] = (
            f"/bank-colours.css?v={digest(self.bank_colours).hex()[:10]}"
        )

    def render(self, template: str, language: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401  what a template takes
        """Render a page; its texts are at hand as `t`."""
        page = self._environment.get_template(template)
        return HTMLResponse(page.render(language=language, t=self.texts[language], **context), status)

    def problem(self, kind: str, language: str, *, status: int = 400, back: str = "") -> HTMLResponse:
        """Render what went wrong (`problem_<kind>_title` and `_text` of the texts) and, where there is one, the way back."""
        texts = self.texts[language]
        return self.render(
            "problem.html",
            language,
            status=status,
            title=texts[f"problem_{kind}_title"],
            text=texts[f"problem_{kind}_text"],
            back=back,
        )


def load_texts() -> dict[str, dict[str, str]]:
    """Read `texts.yaml`: language → name → text; `KeyError` when a text lacks a language."""
    texts: dict[str, dict[str, str]] = yaml.safe_load((FOLDER / "texts.yaml").read_text("utf-8"))
    return {language: {name: text[language] for name, text in texts.items()} for language in LANGUAGES}


def language_of(request: Request) -> Language:
    """Give the language that a browser asks for; Finnish where it asks for none of ours."""
    return preferred_language(request.headers.get("Accept-Language", ""), OTHERWISE)


class GuardPages:
    """ASGI: no page is kept, framed, or named to another site; forms lead to the banks and back to the clients."""

    def __init__(self, app: ASGIApp, issuer: str, led_to: Iterable[str]) -> None:
        self.app = app
        targets = sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, [issuer, *led_to])})
        self._headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; base-uri 'none'; "
            f"frame-ancestors 'none'; form-action 'self' {' '.join(targets)}",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
        if issuer.startswith("https://"):
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to every answer; what has no rule of its own is not to be stored."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_guarded if scope["type"] == "http" else send)
