"""Serves the staff login: a page with name and password, for clients whose `login` is `staff`."""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated
from urllib.parse import urljoin
from uuid import UUID

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from services.identity.browser import Browser, BrowserCookie, has_cookies
from services.identity.keys import digest
from services.identity.login.grants import end_attempt, issue_code
from services.identity.login.redirect_to_client import redirect_to_client
from services.identity.models import Attempt, Staff, utc_now
from services.identity.pages import language_of
from services.identity.resources import Resources, Using
from services.identity.settings import plain_username
from services.identity.staff.account_epochs import epoch_of
from services.identity.staff.accounts import find_staff, is_password_of
from services.identity.staff.throttle import Caller, count_try, forget_failures
from shared.process.logs import get_log
from shared.web.transaction import transaction

log = get_log(__name__)
routes = APIRouter(tags=["staff"], include_in_schema=False)

STAFF_ACR = "urn:asiointi:staff"
MAX_LENGTH = 200
DEVICE_LASTS = timedelta(days=180)


def show_staff_login(
    resources: Resources,
    attempt: Attempt,
    languages: Mapping[str, str],
    *,
    status: int = 200,
    **context: object,
) -> Response:
    """Show the page; after a failure `context` has `error` and the `username` that was typed."""
    given = {"error": "", "username": "", "home": urljoin(attempt.redirect_uri, "/"), **context}
    return resources.pages.render(
        "staff.html", attempt.language, status=status, attempt_id=attempt.id, languages=languages, **given
    )


@routes.post("/staff")
async def log_in(
    request: Request,
    resources: Using,
    attempt_id: Annotated[UUID, Form(alias="attempt")],
    username: Annotated[str, Form(max_length=MAX_LENGTH)] = "",
    password: Annotated[str, Form(max_length=MAX_LENGTH)] = "",
) -> Response:
    """Check name and password; redirect to the client with a code, or show the page again.

    The password is checked between two short transactions, because that is slow. The first counts the try, so
    it counts even if the second fails.
    """
    browser = resources.browser_cookie.read(request)
    device_cookie = _device_cookie(resources, username)
    device = device_cookie.read(request)
    caller = Caller(
        username, request.client.host if request.client else "", device.digest if device else None
    )
    async with transaction(resources.sessions) as session:
        attempt = await session.get(Attempt, attempt_id)
        if browser is None or attempt is None or not _is_open(resources, attempt, browser):
            return resources.pages.problem(
                "ended" if has_cookies(request) else "no_cookies", language_of(request)
            )
        # Not earlier: a request without an open attempt must not use up the tries of a name.
        wait = await count_try(session, caller) if plain_username(username) else timedelta(0)
        staff = await find_staff(session, username)
    texts = resources.pages.texts[attempt.language]
    if wait:
        log.warning("staff_login_throttled")
        error = texts.staff_throttled.format(minutes=math.ceil(wait / timedelta(minutes=1)))
        page = show_staff_login(resources, attempt, {}, status=429, username=username, error=error)
        page.headers["Retry-After"] = str(math.ceil(wait.total_seconds()))
        return page
    if not await is_password_of(staff, password) or staff is None:
        log.warning("staff_login_failed")
        return show_staff_login(
            resources, attempt, {}, status=422, username=username, error=texts.staff_wrong
        )
    async with transaction(resources.sessions) as session:
        await forget_failures(session, caller)
        if await end_attempt(session, attempt.id, browser.digest) is None:
            return resources.pages.problem("ended", attempt.language)
        code = issue_code(session, resources.keys, attempt, _claims(staff))
    log.info("staff_logged_in", staff_id=str(staff.id))
    response = redirect_to_client(attempt.redirect_uri, resources, code=code, state=attempt.state)
    device_cookie.write(device or device_cookie.make(), response)
    return response


def _device_cookie(resources: Resources, username: str) -> BrowserCookie:
    """Return the cookie that marks a device on which this name has logged in.

    A device that several people use has one cookie for each.
    """
    name = f"identity_device_{digest(plain_username(username)).hex()}"
    return BrowserCookie(
        resources.keys.cookies, name, path="/staff", secure=resources.settings.secure, lasts=DEVICE_LASTS
    )


def _is_open(resources: Resources, attempt: Attempt, browser: Browser) -> bool:
    for_staff = resources.clients[attempt.client_id].login == "staff"
    return (
        for_staff
        and attempt.browser == browser.digest
        and attempt.ended_at is None
        and attempt.expires_at > utc_now()
    )


def _claims(staff: Staff) -> dict[str, object]:
    return {
        "sub": str(staff.id),
        "name": staff.name,
        "preferred_username": staff.username,
        "roles": staff.roles,
        "epoch": epoch_of(staff),
        "acr": STAFF_ACR,
        "amr": ["pwd"],
    }
