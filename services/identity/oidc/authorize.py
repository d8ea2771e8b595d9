"""Serves `/authorize`: starts the login that a client asked for, of a citizen by a bank or of staff."""

from datetime import timedelta
from uuid import uuid4

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.identity.browser import Browser
from services.identity.citizen.choose_bank import show_banks
from services.identity.limits import ATTEMPTS, count
from services.identity.login.parameters import with_parameters
from services.identity.login.redirect_to_client import redirect_to_client
from services.identity.models import Attempt, utc_now
from services.identity.oidc.authorization_request import (
    AuthorizationRefused,
    AuthorizationRequest,
    UnknownClient,
    read_authorization_request,
)
from services.identity.pages import language_of
from services.identity.resources import Resources, Using
from services.identity.staff.log_in import show_staff_login
from shared.events.vocabulary import LANGUAGES
from shared.web.transaction import Transaction

ATTEMPT_LASTS = timedelta(minutes=15)

routes = APIRouter(tags=["openid connect"])


@routes.get("/authorize", summary="Have a person identified")
async def authorize(request: Request, resources: Using, session: Transaction) -> Response:
    """Authorization endpoint (RFC 6749, 3.1); shows the page of banks or the staff login."""
    return await _start(request, request.scope["query_string"], resources, session)


@routes.post("/authorize", summary="Have a person identified")
async def authorize_by_form(request: Request, resources: Using, session: Transaction) -> Response:
    """Do the same as the GET, for a request sent as a form body."""
    return await _start(request, await request.body(), resources, session)


async def _start(request: Request, raw: bytes, resources: Resources, session: AsyncSession) -> Response:
    try:
        asked = read_authorization_request(raw, resources.clients)
    except UnknownClient:
        return resources.pages.problem("unknown_client", language_of(request))
    except AuthorizationRefused as refused:
        return redirect_to_client(
            refused.redirect_uri,
            resources,
            error=refused.code,
            error_description=refused.description,
            state=refused.state,
        )
    count(resources, request, ATTEMPTS)
    browser = resources.browser_cookie.read_or_make(request)
    attempt = _make_attempt(asked, browser)
    session.add(attempt)
    await session.flush()
    languages: dict[str, str] = {
        language: with_parameters("/authorize", _asked_again(asked, language)) for language in LANGUAGES
    }
    if asked.client.login == "staff":
        response: Response = show_staff_login(resources, attempt, languages)
    else:
        response = await show_banks(session, resources, attempt, languages)
    resources.browser_cookie.write(browser, response)
    return response


def _make_attempt(asked: AuthorizationRequest, browser: Browser) -> Attempt:
    return Attempt(
        id=uuid4(),
        browser=browser.digest,
        client_id=asked.client.client_id,
        redirect_uri=asked.redirect_uri,
        scope=asked.scope,
        state=asked.state,
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        language=asked.language,
        expires_at=utc_now() + ATTEMPT_LASTS,
        ended_at=None,
    )


def _asked_again(asked: AuthorizationRequest, language: str) -> dict[str, str | None]:
    return {
        "response_type": "code",
        "client_id": asked.client.client_id,
        "redirect_uri": asked.redirect_uri,
        "scope": asked.scope,
        "state": asked.state,
        "nonce": asked.nonce,
        "code_challenge": asked.code_challenge,
        "code_challenge_method": "S256",
        "ui_locales": language,
    }
