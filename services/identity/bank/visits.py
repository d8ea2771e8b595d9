"""A customer's visit to a simulated bank: password, code, consent, one step after the other, for as long as the request is fresh."""

import hmac
import re
import secrets
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from services.identity import tupas
from services.identity.banks import Bank, Customer
from services.identity.keys import digest
from services.identity.models import NUMBERS, BankVisit, utc_now

VISIT_LASTS = timedelta(minutes=15)
MOST_FAILURES = 5
ANSWERED, LEFT = "answered", "left"
"""The steps of a visit that is over: with an answer that identifies, or without one."""
ANY_CODE = re.compile("[0-9]{4}")


def receive_request(raw: bytes, bank: Bank, issuer: str) -> tupas.Request:
    """Read the form that a service provider's page sent; `TupasRefused` unless it is sealed by this bank's customer and leads back to it.

    `issuer` is our own address, the only one that this bank knows: with the published keys anybody could write other links.
    """
    request, given = tupas.read(raw, tupas.Request)
    tupas.check_mac(request, given, bank.keys)
    if request.rcvid != bank.service_provider:
        raise tupas.TupasRefused("unknown-service-provider")
    if not all(link.startswith(f"{issuer}/") for link in (request.retlink, request.canlink, request.rejlink)):
        raise tupas.TupasRefused("unknown-link")
    return request


def open_visit(session: AsyncSession, bank: Bank, browser: bytes, request: tupas.Request) -> str:
    """Begin a visit and give its id, which stands in the addresses of the bank's pages."""
    visit_id = secrets.token_urlsafe(24)
    session.add(
        BankVisit(
            id_digest=digest(visit_id),
            bank=bank.code,
            browser=browser,
            request=list(tupas.covered_values(request)),
            step="password",
            user_id=None,
            failures=0,
            expires_at=utc_now() + VISIT_LASTS,
        )
    )
    return visit_id


async def find_visit(session: AsyncSession, bank: Bank, visit_id: str, browser: bytes) -> BankVisit | None:
    """Give the running visit, locked, if it is this browser's."""
    visit = await _find(session, bank, visit_id, browser)
    return visit if visit and visit.step not in {ANSWERED, LEFT} else None


async def find_ended_visit(
    session: AsyncSession, bank: Bank, visit_id: str, browser: bytes
) -> BankVisit | None:
    """Give a visit of this browser that has ended, for as long as it could have lasted."""
    visit = await _find(session, bank, visit_id, browser)
    return visit if visit and visit.step in {ANSWERED, LEFT} else None


async def _find(session: AsyncSession, bank: Bank, visit_id: str, browser: bytes) -> BankVisit | None:
    visit = await session.get(BankVisit, digest(visit_id), with_for_update=True)
    fits = (
        visit is not None
        and visit.bank == bank.code
        and hmac.compare_digest(visit.browser, browser)
        and visit.expires_at > utc_now()
    )
    return visit if fits else None


def close_visit(visit: BankVisit, step: str = LEFT) -> None:
    """End a visit: its pages are gone, its answer was the only one; who it was is forgotten."""
    visit.step, visit.user_id = step, None


def check_password(visit: BankVisit, bank: Bank, user_id: str, password: str) -> bool:
    """Check the first step; on success the code is asked next."""
    customer = bank.find_customer(user_id.replace(" ", ""))
    if customer is None or not hmac.compare_digest(customer.password.encode(), password.encode()):
        visit.failures += 1
        return False
    visit.step, visit.user_id = "code", customer.user_id
    return True


def check_code(visit: BankVisit, bank: Bank, code: str) -> bool:
    """Check the second step; on success the consent is asked next."""
    customer = customer_of(visit, bank)
    if not (
        ANY_CODE.fullmatch(code)
        if customer.code is None
        else hmac.compare_digest(customer.code.encode(), code.encode())
    ):
        visit.failures += 1
        return False
    visit.step = "consent"
    return True


def customer_of(visit: BankVisit, bank: Bank) -> Customer:
    """Give the customer who has told a right password."""
    customer = bank.find_customer(visit.user_id or "")
    if customer is None:
        raise LookupError("the visit has no customer")
    return customer


async def next_number(session: AsyncSession) -> int:
    """Give the next identification number; no two answers have the same."""
    return (await session.scalars(select(NUMBERS.next_value()))).one()
