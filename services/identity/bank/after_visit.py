"""Shows why a visit to a simulated bank has ended, with a link back to the client."""

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import Response

from services.identity import tupas
from services.identity.bank.visits import ANSWERED, find_ended_visit
from services.identity.banks import Bank
from services.identity.browser import has_cookies
from services.identity.login.parameters import with_parameters
from services.identity.models import Attempt, BankVisit, Handshake
from services.identity.pages import language_of
from services.identity.resources import Resources


async def show_visit_over(
    request: Request, resources: Resources, session: AsyncSession, bank: Bank, visit_id: str
) -> Response:
    """Show why a visit has ended; only the browser in which the login began gets a link back."""
    if not has_cookies(request):
        return resources.pages.problem("no_cookies", language_of(request))
    browser = resources.bank_cookie.read(request)
    visit = await find_ended_visit(session, bank, visit_id, browser.digest) if browser else None
    if visit is None:
        return resources.pages.problem("bank_over", language_of(request))
    asked = tupas.Request(*visit.request)
    attempt = await _attempt_of(request, resources, session, asked.stamp)
    if attempt and attempt.ended_at is None:
        return resources.pages.problem("bank_over", attempt.language, back=asked.canlink)
    return _ended(resources, visit, asked.langcode.lower(), attempt)


def _ended(resources: Resources, visit: BankVisit, language: str, attempt: Attempt | None) -> Response:
    # With its `state` the client can show the page that the login was for.
    parameters = (
        {"error": "access_denied", "state": attempt.state, "iss": resources.settings.issuer}
        if attempt
        else {}
    )
    back = with_parameters(attempt.redirect_uri, parameters) if attempt else ""
    if visit.step == ANSWERED:
        return resources.pages.problem("bank_answered", language, status=200, back=back)
    return resources.pages.problem("bank_over", language, back=back)


async def _attempt_of(
    request: Request, resources: Resources, session: AsyncSession, stamp: str
) -> Attempt | None:
    browser = resources.browser_cookie.read(request)
    if browser is None:
        return None
    mine = (
        select(Attempt)
        .join(Handshake, col(Handshake.attempt_id) == col(Attempt.id))
        .where(col(Handshake.stamp) == stamp, col(Attempt.browser) == browser.digest)
    )
    return (await session.scalars(mine)).one_or_none()
