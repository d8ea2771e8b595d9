"""Sign-in of operators with identity's staff login (OpenID Connect with PKCE), and sign-out."""

import httpx2
from authlib.integrations.base_client import OAuthError
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from joserfc.errors import JoseError

from services.tracker.console.earlier_sign_in import EarlierSignIns
from services.tracker.console.operator import Unforged, sign_in_operator
from services.tracker.console.pages import PREFIX, show_message
from services.tracker.console.texts import LANGUAGE
from services.tracker.settings import Settings
from shared.auth.ended_sessions import ended_sessions
from shared.auth.oidc_client import BackChannelClient, make_oidc_client
from shared.auth.sign_in_attempts import SignInAttempts
from shared.process.logs import get_log
from shared.settings import all_key_bytes

log = get_log(__name__)
routes = APIRouter()

SCOPE = "openid profile"
CALLBACK = f"{PREFIX}/callback"
COOKIE = "asiointi-console"
NO_STORE = {"Cache-Control": "no-store"}


def make_client(settings: Settings) -> BackChannelClient:
    """Make the OpenID Connect client that operators sign in with."""
    secret = settings.oidc_client_secret.get_secret_value()
    attempts = SignInAttempts(
        all_key_bytes(settings.session_key), COOKIE, secure=settings.public_url.startswith("https://")
    )
    return make_oidc_client(
        settings.oidc_issuer, settings.oidc_backchannel_url, settings.oidc_client_id, secret, SCOPE, attempts
    )


@routes.get("/login")
async def login(request: Request) -> Response:
    """Redirect to the staff login."""
    back = request.app.state.resources.settings.public_url.rstrip("/") + CALLBACK
    try:
        return await _client(request).begin(
            request, back, keep=request.session.get("after", ""), ui_locales=LANGUAGE
        )
    except (httpx2.HTTPError, RuntimeError, ValueError) as error:
        log.warning("identity_away", error=type(error).__name__)
        return show_message(request, "login_away", status=503)


@routes.get("/callback")
async def callback(request: Request) -> Response:
    """Take identity's answer, and redirect to the page that was asked for in the same tab.

    The session that the browser had before ends.
    """
    response = await _answered(request)
    _client(request).end(request, response)
    return response


async def _answered(request: Request) -> Response:
    try:
        claims = await _client(request).finish(request)
        if "username" in request.session:
            await ended_sessions(request).end(dict(request.session))
        allowed = sign_in_operator(request.session, claims)
    except httpx2.HTTPError as error:
        log.warning("identity_away", error=type(error).__name__)
        return show_message(request, "login_away", status=503)
    except (OAuthError, JoseError, KeyError, ValueError, RuntimeError) as error:
        log.warning("sign_in_failed", error=type(error).__name__)
        return show_message(request, "login_failed", status=400)
    if not allowed:
        log.warning("sign_in_without_role")
        return show_message(request, "no_role", status=403)
    log.info("operator_signed_in", username=request.session["username"])
    response = RedirectResponse(
        PREFIX + (_client(request).kept(request) or "/"), status_code=303, headers=NO_STORE
    )
    earlier: EarlierSignIns = request.app.state.console_earlier
    earlier.remember(response, request.session["csrf"])
    return response


@routes.post("/sign-out", dependencies=[Unforged])
async def sign_out(request: Request) -> Response:
    """End the session, for every copy of its cookie."""
    await ended_sessions(request).end(request.session)
    return RedirectResponse(f"{PREFIX}/signed-out", status_code=303, headers=NO_STORE)


@routes.get("/signed-out")
async def signed_out(request: Request) -> Response:
    """Show that the operator is signed out, with a link to sign in."""
    return show_message(request, "signed_out")


def _client(request: Request) -> BackChannelClient:
    client: BackChannelClient = request.app.state.console_sign_in
    return client
