"""Serves the addresses to which a bank sends the browser back: identified, cancelled or rejected.

Each redirects to the client at once, so that no address with a bank's answer stays in the browser.
"""

from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.identity import tupas
from services.identity.browser import has_cookies
from services.identity.citizen.claims import citizen_claims
from services.identity.citizen.handshakes import accept_answer, find_attempt
from services.identity.login.grants import end_attempt, issue_code
from services.identity.login.parameters import RepeatedParameter, read_parameters
from services.identity.login.redirect_to_client import redirect_to_client
from services.identity.pages import language_of
from services.identity.resources import Resources, Using
from services.identity.tupas import TupasRefused
from services.identity.verify_tupas import NOT_IDENTIFIED, has_plain_code
from shared.process.logs import get_log
from shared.web.transaction import Transaction

log = get_log(__name__)
routes = APIRouter(tags=["tupas"], include_in_schema=False)

FROM_OUR_PAGE = "again"
"""Marks a form that our own page sent again, so that a browser without cookies does not do so for ever."""
BACK_HERE = f"/tupas/return?{FROM_OUR_PAGE}=1"


@routes.get("/tupas/return")
async def identified(request: Request, resources: Using, session: Transaction) -> Response:
    """Accept the bank's answer, with its MAC, from the query string."""
    return await _identified(request, request.scope["query_string"], resources, session)


@routes.post("/tupas/return")
async def identified_by_form(request: Request, resources: Using, session: Transaction) -> Response:
    """Accept the bank's answer from a form, or from the query of the address that the form was sent to.

    A form from another site comes without our `SameSite` cookie. So our own page sends the fields again, by a
    form and not by a redirect, because browsers keep addresses.
    """
    raw = b"&".join(part for part in (request.scope["query_string"], await request.body()) if part)
    if (
        resources.browser_cookie.read(request) is None
        and FROM_OUR_PAGE not in request.query_params
        and _is_well_formed(raw)
    ):
        fields = dict(parse_qsl(raw.decode(tupas.ENCODING), keep_blank_values=True, encoding=tupas.ENCODING))
        language = language_of(request)
        return resources.pages.render(
            "back_from_bank.html", language, languages={}, address=BACK_HERE, fields=fields
        )
    return await _identified(request, raw, resources, session)


async def _identified(request: Request, raw: bytes, resources: Resources, session: AsyncSession) -> Response:
    browser = resources.browser_cookie.read(request)
    try:
        unverified = tupas.read_response(raw)
        async with session.begin_nested():
            attempt, bank, response = await accept_answer(
                session, resources, unverified, browser.digest if browser else b""
            )
    except TupasRefused as refused:
        return await _refused(request, raw, refused.reason, resources, session)
    if not has_plain_code(response):
        reason = NOT_IDENTIFIED.get(response.custtype, "another-identifier")
        log.info("citizen_not_identified", bank=bank.code, reason=reason)
        return redirect_to_client(
            attempt.redirect_uri,
            resources,
            error="access_denied",
            error_description=reason,
            state=attempt.state,
        )
    log.info("citizen_identified", bank=bank.code, client_id=attempt.client_id)
    code = issue_code(session, resources.keys, attempt, citizen_claims(response, bank.name, resources.keys))
    return redirect_to_client(attempt.redirect_uri, resources, code=code, state=attempt.state)


def _is_well_formed(raw: bytes) -> bool:
    try:
        tupas.read_response(raw)
    except TupasRefused:
        return False
    return True


async def _refused(
    request: Request, raw: bytes, reason: str, resources: Resources, session: AsyncSession
) -> Response:
    """Show that the answer was not accepted. The attempt stays open, and its browser gets a link back."""
    log.warning("tupas_refused", reason=reason)
    browser, attempt = resources.browser_cookie.read(request), None
    if browser:
        try:
            attempt = await find_attempt(session, tupas.read_response(raw).stamp, browser.digest)
        except TupasRefused:
            attempt = None
    language = attempt.language if attempt else language_of(request)
    back = f"/tupas/cancel?attempt={attempt.id}" if attempt else ""
    return resources.pages.problem("refused" if has_cookies(request) else "no_cookies", language, back=back)


@routes.api_route("/tupas/cancel", methods=["GET", "POST"])
async def cancelled(request: Request, resources: Using, session: Transaction) -> Response:
    """End the attempt because the person cancelled at the bank."""
    return await _end(request, resources, session, "cancelled")


@routes.api_route("/tupas/reject", methods=["GET", "POST"])
async def rejected(request: Request, resources: Using, session: Transaction) -> Response:
    """End the attempt because the bank could not identify the person; an answer with a MAC can say why."""
    return await _end(request, resources, session, await _rejection_reason(request, resources))


async def _end(request: Request, resources: Resources, session: AsyncSession, reason: str) -> Response:
    """End an attempt of the browser that follows the link; the link has no MAC, so it ends no other one."""
    browser = resources.browser_cookie.read(request)
    try:
        attempt_id = UUID(read_parameters(request.scope["query_string"]).get("attempt", ""))
    except (RepeatedParameter, ValueError):
        attempt_id = None
    attempt = await end_attempt(session, attempt_id, browser.digest) if browser and attempt_id else None
    if attempt is None:
        return resources.pages.problem(
            "ended" if has_cookies(request) else "no_cookies", language_of(request)
        )
    log.info("attempt_ended", reason=reason, client_id=attempt.client_id)
    return redirect_to_client(
        attempt.redirect_uri, resources, error="access_denied", error_description=reason, state=attempt.state
    )


async def _rejection_reason(request: Request, resources: Resources) -> str:
    """Return why nobody was identified, from the CUSTTYPE of an answer with a valid MAC.

    A MAC by the key of any of our banks is enough, because the reason only explains and decides nothing.
    """
    try:
        unverified = tupas.read_response(b"&".join((request.scope["query_string"], await request.body())))
    except TupasRefused:
        return "rejected"
    for bank in resources.banks.values():
        try:
            tupas.check_mac(unverified.response, unverified.mac, bank.keys)
        except TupasRefused:
            continue
        return NOT_IDENTIFIED.get(unverified.response.custtype, "rejected")
    return "rejected"
