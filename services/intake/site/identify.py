"""Identifies a citizen by a bank, over OpenID Connect: redirects to the provider, and reads its answer."""

import secrets
import time
from dataclasses import dataclass

import httpx2
from authlib.integrations.base_client import OAuthError
from fastapi import APIRouter, Request, Response
from joserfc.errors import JoseError
from starlette.exceptions import HTTPException

from services.intake.citizen.identity import NotProven
from services.intake.citizen.identity_client import proof_by
from services.intake.form.catalogue import Service
from services.intake.settings import Settings
from services.intake.site.same_site import is_from_our_pages
from services.intake.site.view import DEFAULT_LANGUAGE, Page, View
from shared.auth.ended_sessions import ended_sessions
from shared.auth.oidc_client import BackChannelClient, make_oidc_client
from shared.auth.sign_in_attempts import SignInAttempts
from shared.events.vocabulary import LANGUAGES, Language
from shared.process.logs import get_log
from shared.settings import all_key_bytes

log = get_log(__name__)
routes = APIRouter()
callback_routes = APIRouter()

CALLBACK = "/auth/callback"
SCOPE = "openid profile"
PROBLEMS = {
    "peruit": "cancelled",
    "keskeytyi": "unfinished",
    "ei-tunnistettu": "rejected",
    "ei-henkilotunnusta": "unknown",
    "yritys": "company",
    "epaonnistui": "failed",
    "poissa": "away",
}
"""The last part of a page's address, and the key of its texts."""
DENIED = "access_denied"
WHY_DENIED = {
    "cancelled": "peruit",
    "rejected": "ei-tunnistettu",
    "no-identifier": "ei-henkilotunnusta",
    "nothing-found": "ei-henkilotunnusta",
    "user-without-code": "ei-henkilotunnusta",
    "company-without-id": "yritys",
}
"""Our identity service's `error_description` when nobody was identified; other providers' are unknown."""
KNOWN_ERRORS = frozenset(
    (
        *(
            DENIED,
            "interaction_required",
            "invalid_grant",
            "invalid_request",
            "invalid_scope",
            "login_required",
            "mismatching_state",
        ),
        *(
            "missing_token",
            "server_error",
            "temporarily_unavailable",
            "token_expired",
            "token_invalid",
            "unauthorized_client",
        ),
        *("unsupported_response_type", "unsupported_token_type"),
    )
)
"""Errors of OpenID Connect and of its client library that may be logged as they are."""


def identity_client(settings: Settings) -> BackChannelClient:
    """Return the client of the identity service, or of a real broker in its place."""
    secret = settings.oidc_client_secret.get_secret_value()
    attempts = SignInAttempts(
        all_key_bytes(settings.session_key), "asiointi", secure=settings.public_url.startswith("https://")
    )
    return make_oidc_client(
        settings.oidc_issuer, settings.oidc_backchannel_url, settings.oidc_client_id, secret, SCOPE, attempts
    )


@dataclass(frozen=True)
class Destination:
    """The form that the citizen identifies for.

    It is part of OpenID Connect's `state`, so that every tab returns to its own form.
    """

    language: Language
    code: str

    def as_state(self) -> str:
        """Return a new state."""
        return f"{secrets.token_urlsafe(18)}.{self.language}.{self.code}"

    @classmethod
    def from_state(cls, state: str) -> "Destination":
        """Read a state; an unreadable one leads to the front page."""
        _, language, code = [*state.split("."), "", ""][:3]
        return cls(next((known for known in LANGUAGES if known == language), DEFAULT_LANGUAGE), code)


@routes.get("/tunnistaudu/{code}")
async def identify(view: Page, code: str) -> Response:
    """Redirect to the identity service, which leads to the bank."""
    service = _strong_service_or_404(view, code)
    view.resources.caller_limits.identification(view.request)
    state = Destination(view.language, code).as_state()
    try:
        back, asked = (
            view.site.settings.public_url.rstrip("/") + CALLBACK,
            proof_by(view.site.settings).asked(),
        )
        return await _client(view.request).begin(
            view.request, back, state=state, ui_locales=view.language, **asked
        )
    except (httpx2.HTTPError, RuntimeError, ValueError) as error:
        log.warning("identity_away", error=type(error).__name__)
        return view.render(
            "identify.html",
            service=service,
            problem=PROBLEMS["poissa"],
            status=503,
            headers={"Retry-After": "10"},
        )


@routes.get("/tunnistaudu/{code}/{problem}")
async def problem_page(view: Page, code: str, problem: str) -> Response:
    """Show why the identification did not succeed, and how to try again."""
    service = _strong_service_or_404(view, code)
    if problem not in PROBLEMS:
        raise HTTPException(404)
    return view.render("identify.html", service=service, problem=PROBLEMS[problem])


@routes.post("/lopeta")
async def end_visit(view: Page) -> Response:
    """End the visit: remove identity, sent requests and drafts, for every copy of the cookies.

    Another site cannot do that in the visitor's name. While the database is away, drafts stay until they are
    a day old; only this browser's cookie for them is deleted.
    """
    if not is_from_our_pages(view.request, view.site.settings.public_url):
        return view.render("error.html", status=403, page=view.texts.not_ended)
    held = view.request.session.get("identity")
    await ended_sessions(view.request).end(view.request.session)
    await view.drafts.forget_all(
        view.resources.catalogue.by_code, held["facts"]["personal_identity_code"] if held else None
    )
    response = view.redirect("lopetettu")
    view.drafts.drop_browser(response)
    return response


@routes.get("/lopetettu")
async def visit_ended(view: Page) -> Response:
    """Show that nothing of the visit is left on the device."""
    return view.render("visit_ended.html")


@callback_routes.get(CALLBACK, include_in_schema=False)
async def callback(request: Request) -> Response:
    """Read the identity service's answer, and redirect to the form or to a page with the error."""
    state = request.query_params.get("state", "")
    destination = Destination.from_state(state)
    view = View(request.app.state.site, request, destination.language)
    if view.resources.catalogue.get(destination.code) is None:
        return view.render("error.html", status=400, page=view.texts.stale_identification)
    response = await _answered(view, destination, state)
    _client(request).end(request, response)
    return response


async def _answered(view: View, destination: Destination, state: str) -> Response:
    request = view.request
    try:
        claims = await _client(request).finish(request)
        identity = proof_by(view.site.settings).identity_from(claims)
    except OAuthError as error:
        if view.identity() and request.session["identity"].get("state") == state:  # the same answer again
            return view.redirect(f"pyynto/{destination.code}")
        problem = WHY_DENIED.get(error.description, "keskeytyi") if error.error == DENIED else "epaonnistui"
        return _ended(view, destination, problem, _slug(error.error))
    except httpx2.HTTPError as error:
        return _ended(view, destination, "poissa", type(error).__name__)
    except NotProven as error:
        return _ended(view, destination, "epaonnistui", f"not proven: {error}")
    except (JoseError, KeyError, ValueError, RuntimeError) as error:
        return _ended(view, destination, "epaonnistui", type(error).__name__)
    if "identity" in request.session:
        # A late answer with an older copy of the cookie must not bring back the person before.
        await ended_sessions(request).end(request.session)
    request.session["identity"] = {
        "facts": identity.model_dump(mode="json"),
        "since": int(time.time()),
        "state": state,
    }
    # The citizen may have chosen another language on the way.
    language = next((known for known in LANGUAGES if known == claims.get("locale")), destination.language)
    return View(view.site, request, language).redirect(f"pyynto/{destination.code}")


def _slug(error: str | None) -> str:
    """Return an error as it may be logged: a fixed slug, because the answer may hold any text."""
    return error if error in KNOWN_ERRORS else "other"


def _ended(view: View, destination: Destination, problem: str, reason: str) -> Response:
    log.info("identification_ended", outcome=problem, reason=reason)
    return view.redirect(f"tunnistaudu/{destination.code}/{problem}")


def _client(request: Request) -> BackChannelClient:
    client: BackChannelClient = request.app.state.identity_client
    return client


def _strong_service_or_404(view: View, code: str) -> Service:
    service = view.resources.catalogue.get(code)
    if service is None or service.authentication != "strong":
        raise HTTPException(404)
    return service
