"""Identification with a bank: to the identity service and back, by OpenID Connect."""

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from fastapi import APIRouter, Request, Response
from joserfc.errors import JoseError
from starlette.exceptions import HTTPException

from services.intake.catalogue import Service
from services.intake.identity import Identity
from services.intake.settings import Settings
from services.intake.site.same_site import is_from_our_pages
from services.intake.site.texts import DEFAULT_LANGUAGE, LANGUAGES, Language
from services.intake.site.view import Page, View
from shared.logs import get_log
from shared.oidc_client import BackChannelClient, make_oidc_client

log = get_log(__name__)
routes = APIRouter()
callback_routes = APIRouter()

CALLBACK = "/auth/callback"
SCOPE = "openid profile"
PERSONAL_IDENTITY_CODE = "urn:oid:1.2.246.21"
"""The claim by which Finnish brokers tell the henkilötunnus."""
PROBLEMS = {"keskeytyi": "cancelled", "epaonnistui": "failed", "poissa": "away"}
CANCELLED = "access_denied"


def identity_client(settings: Settings) -> BackChannelClient:
    """Make the client of the identity service, or of a real broker in its place."""
    secret = settings.oidc_client_secret.get_secret_value()
    return make_oidc_client(settings.oidc_issuer, settings.oidc_backchannel_url, settings.oidc_client_id, secret, SCOPE)


@dataclass(frozen=True)
class Destination:
    """The form that somebody identifies for; it travels in OpenID Connect's `state`, so that each tab finds back to its own."""

    language: Language
    code: str

    def as_state(self) -> str:
        """Make a fresh state."""
        return f"{secrets.token_urlsafe(18)}.{self.language}.{self.code}"

    @classmethod
    def from_state(cls, state: str) -> "Destination":
        """Read a state; what cannot be read leads to the front page."""
        _, language, code = [*state.split("."), "", ""][:3]
        return cls(next((known for known in LANGUAGES if known == language), DEFAULT_LANGUAGE), code)


@routes.get("/tunnistaudu/{code}")
async def identify(view: Page, code: str) -> Response:
    """Lead to the bank by way of the identity service."""
    _strong_service_or_404(view, code)
    state = Destination(view.language, code).as_state()
    try:
        response: Response = await _client(view.request).authorize_redirect(  # type: ignore[no-untyped-call]  # Authlib has no types
            view.request, view.site.settings.public_url.rstrip("/") + CALLBACK, state=state, ui_locales=view.language
        )
    except (httpx2.HTTPError, RuntimeError, ValueError) as error:
        log.warning("identity_away", error=type(error).__name__)
        return view.redirect(f"tunnistaudu/{code}/poissa")
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.get("/tunnistaudu/{code}/{problem}")
async def problem_page(view: Page, code: str, problem: str) -> Response:
    """Say why the identification did not succeed, and how to try again."""
    service = _strong_service_or_404(view, code)
    if problem not in PROBLEMS:
        raise HTTPException(404)
    return view.render("identify.html", service=service, problem=PROBLEMS[problem], status=503 if problem == "poissa" else 200)


@routes.post("/lopeta")
async def end_visit(view: Page) -> Response:
    """Forget who identified and what was sent; another site may not do that to somebody who is filling in a form."""
    if not is_from_our_pages(view.request, view.site.settings.public_url):
        return view.render("error.html", status=403, texts=view.texts.not_ended)
    view.request.session.clear()
    return view.redirect("lopetettu")


@routes.get("/lopetettu")
async def visit_ended(view: Page) -> Response:
    """Say that nothing of the visit is left on the device."""
    return view.render("visit_ended.html")


@callback_routes.get(CALLBACK, include_in_schema=False)
async def callback(request: Request) -> Response:
    """Take the identity service's answer and lead on to the form, or to a page that says what went wrong."""
    destination = Destination.from_state(request.query_params.get("state", ""))
    view = View(request.app.state.site, request, destination.language)
    if view.intake.catalogue.get(destination.code) is None:
        return view.redirect()
    try:
        token = await _client(request).authorize_access_token(request)  # type: ignore[no-untyped-call]  # Authlib has no types
        identity = identity_of(token["userinfo"])
    except OAuthError as error:
        if view.identity() and error.error != CANCELLED:  # identified in another tab meanwhile
            return view.redirect(f"pyynto/{destination.code}")
        return _ended(view, destination, "keskeytyi" if error.error == CANCELLED else "epaonnistui", error.error)
    except httpx2.HTTPError as error:
        return _ended(view, destination, "poissa", type(error).__name__)
    except (JoseError, KeyError, ValueError, RuntimeError) as error:
        return _ended(view, destination, "epaonnistui", type(error).__name__)
    request.session["identity"] = {"facts": identity.model_dump(mode="json"), "since": int(time.time())}
    return view.redirect(f"pyynto/{destination.code}")


def _ended(view: View, destination: Destination, problem: str, reason: str) -> Response:
    log.info("identification_ended", outcome=problem, reason=reason)
    return view.redirect(f"tunnistaudu/{destination.code}/{problem}")


def identity_of(claims: dict[str, Any]) -> Identity:
    """Read the person out of an ID token's claims; `KeyError` or `ValueError` where something is missing."""
    code = claims.get("personal_identity_code") or claims[PERSONAL_IDENTITY_CODE]
    return Identity(
        given_name=claims["given_name"],
        family_name=claims["family_name"],
        personal_identity_code=code,
        authenticated_at=datetime.fromtimestamp(claims.get("auth_time") or time.time(), timezone.utc),
        bank=claims.get("bank"),
    )


def _client(request: Request) -> BackChannelClient:
    client: BackChannelClient = request.app.state.identity_client
    return client


def _strong_service_or_404(view: View, code: str) -> Service:
    service = view.intake.catalogue.get(code)
    if service is None or service.authentication != "strong":
        raise HTTPException(404)
    return service
