"""Sign-in with identity's staff login, by OpenID Connect with PKCE, and sign-out."""

import httpx2
from authlib.integrations.base_client import OAuthError
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from joserfc.errors import JoseError

from services.tracker.console.operator import Unforged, sign_in_operator
from services.tracker.console.pages import PREFIX, show_message
from services.tracker.settings import TrackerSettings
from shared.logs import get_log
from shared.oidc_client import BackChannelClient, make_oidc_client

log = get_log(__name__)
routes = APIRouter()

SCOPE = "openid profile"
CALLBACK = f"{PREFIX}/callback"
NO_STORE = {"Cache-Control": "no-store"}


def make_client(settings: TrackerSettings) -> BackChannelClient:
    """Make the client of identity that operators sign in with."""
    secret = settings.oidc_client_secret.get_secret_value()
    return make_oidc_client(settings.oidc_issuer, settings.oidc_backchannel_url, settings.oidc_client_id, secret, SCOPE)


@routes.get("/login")
async def login(request: Request) -> Response:
    """Lead to the staff login."""
    back = request.app.state.resources.settings.public_url.rstrip("/") + CALLBACK
    try:
        response: Response = await _client(request).authorize_redirect(request, back, ui_locales="fi")  # type: ignore[no-untyped-call]  # Authlib has no types
    except (httpx2.HTTPError, RuntimeError, ValueError) as error:
        log.warning("identity_away", error=type(error).__name__)
        return show_message(request, "login_away", status=503)
    response.headers.update(NO_STORE)
    return response


@routes.get("/callback")
async def callback(request: Request) -> Response:
    """Take identity's answer and lead to the page that was asked for."""
    after = request.session.get("after", "")
    try:
        token = await _client(request).authorize_access_token(request)  # type: ignore[no-untyped-call]  # Authlib has no types
        allowed = sign_in_operator(request.session, token["userinfo"])
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
    return RedirectResponse(PREFIX + (after or "/"), status_code=303, headers=NO_STORE)


@routes.post("/sign-out", dependencies=[Unforged])
async def sign_out(request: Request) -> Response:
    """Forget the session."""
    request.session.clear()
    return RedirectResponse(f"{PREFIX}/signed-out", status_code=303, headers=NO_STORE)


@routes.get("/signed-out")
async def signed_out(request: Request) -> Response:
    """Say so, and how to come back."""
    return show_message(request, "signed_out")


def _client(request: Request) -> BackChannelClient:
    client: BackChannelClient = request.app.state.console_sign_in
    return client
