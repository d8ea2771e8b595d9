"""The ways back from a bank: identified, cancelled, rejected. Each leads on to the client at once, so that no address stays in the browser."""

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.identity import tupas
from services.identity.citizen.claims import citizen_claims
from services.identity.citizen.handshakes import find_attempt, prove_answer
from services.identity.oidc.grants import end_attempt, issue_code
from services.identity.oidc.lead_back import lead_back
from services.identity.oidc.parameters import RepeatedParameter, read_parameters
from services.identity.pages import preferred_language
from services.identity.resources import Resources, Using
from services.identity.tupas import NOT_IDENTIFIED, TupasRefused
from shared.logs import get_log
from shared.transaction import Transaction

log = get_log(__name__)
routes = APIRouter(tags=["tupas"], include_in_schema=False)


@routes.get("/tupas/return")
async def identified(request: Request, resources: Using, session: Transaction) -> Response:
    """Take the bank's answer from the address."""
    return await _identified(request, request.scope["query_string"], resources, session)


@routes.post("/tupas/return")
async def identified_by_form(request: Request, resources: Using, session: Transaction) -> Response:
    """Take the bank's answer from a form, or from the address that the form was sent to.

    A form from another site comes without our cookie; as an address of our own it comes with it.
    """
    raw = b"&".join(part for part in (request.scope["query_string"], await request.body()) if part)
    if resources.browser_cookie.read(request) is None and _is_well_formed(raw):
        return RedirectResponse(f"/tupas/return?{quote(raw, safe='%&=+')}", 303)
    return await _identified(request, raw, resources, session)


async def _identified(request: Request, raw: bytes, resources: Resources, session: AsyncSession) -> Response:
    browser = resources.browser_cookie.read(request)
    try:
        unproven = tupas.read_response(raw)
        async with session.begin_nested():
            attempt, bank, response = await prove_answer(session, resources, unproven, browser.digest if browser else b"")
    except TupasRefused as refused:
        return await _refused(request, raw, refused.reason, resources, session)
    if response.custtype in NOT_IDENTIFIED:
        reason = NOT_IDENTIFIED[response.custtype]
        log.info("citizen_not_identified", bank=bank.code, reason=reason)
        return lead_back(attempt.redirect_uri, resources, error="access_denied", error_description=reason, state=attempt.state)
    log.info("citizen_identified", bank=bank.code, client_id=attempt.client_id)
    code = issue_code(session, resources.keys, attempt, citizen_claims(response, bank.name, resources.keys))
    return lead_back(attempt.redirect_uri, resources, code=code, state=attempt.state)


def _is_well_formed(raw: bytes) -> bool:
    try:
        tupas.read_response(raw)
    except TupasRefused:
        return False
    return True


async def _refused(request: Request, raw: bytes, reason: str, resources: Resources, session: AsyncSession) -> Response:
    """Say that the answer was not believed; the attempt stays open, and its own browser is shown the way back."""
    log.warning("tupas_refused", reason=reason)
    browser, attempt = resources.browser_cookie.read(request), None
    if browser:
        try:
            attempt = await find_attempt(session, tupas.read_response(raw).stamp, browser.digest)
        except TupasRefused:
            attempt = None
    language = attempt.language if attempt else preferred_language(request.headers.get("Accept-Language"))
    back = f"/tupas/cancel?attempt={attempt.id}" if attempt else ""
    return resources.pages.problem("refused", language, back=back)


@routes.api_route("/tupas/cancel", methods=["GET", "POST"])
async def cancelled(request: Request, resources: Using, session: Transaction) -> Response:
    """End the attempt: the person cancelled."""
    return await _end(request, resources, session, "cancelled")


@routes.api_route("/tupas/reject", methods=["GET", "POST"])
async def rejected(request: Request, resources: Using, session: Transaction) -> Response:
    """End the attempt: the bank could not identify the person; a sealed answer may say why."""
    return await _end(request, resources, session, await _why(request, resources))


async def _end(request: Request, resources: Resources, session: AsyncSession, reason: str) -> Response:
    """These links carry no proof, so they end nothing but an attempt of the browser that follows them."""
    browser = resources.browser_cookie.read(request)
    try:
        attempt_id = UUID(read_parameters(request.scope["query_string"]).get("attempt", ""))
    except (RepeatedParameter, ValueError):
        attempt_id = None
    attempt = await end_attempt(session, attempt_id, browser.digest) if browser and attempt_id else None
    if attempt is None:
        return resources.pages.problem("ended", preferred_language(request.headers.get("Accept-Language")))
    log.info("attempt_ended", reason=reason, client_id=attempt.client_id)
    return lead_back(attempt.redirect_uri, resources, error="access_denied", error_description=reason, state=attempt.state)


async def _why(request: Request, resources: Resources) -> str:
    """Give the reason of a sealed CUSTTYPE 10–12; the seal of any of our banks will do, for nothing hangs on it."""
    try:
        unproven = tupas.read_response(b"&".join((request.scope["query_string"], await request.body())))
    except TupasRefused:
        return "rejected"
    for bank in resources.banks.values():
        try:
            tupas.check_seal(unproven.response, unproven.mac, bank.keys)
        except TupasRefused:
            continue
        return NOT_IDENTIFIED.get(unproven.response.custtype, "rejected")
    return "rejected"
