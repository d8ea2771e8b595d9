"""The steps of a customer's visit to a simulated bank: password, code, consent, within 15 minutes."""

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
MAX_FAILURES = 5
ANSWERED, LEFT = "answered", "left"
"""The steps of a visit that has ended: with an answer that identifies the customer, or without one."""
ANY_CODE = re.compile("[0-9]{4}")


def receive_request(raw: bytes, bank: Bank, issuer: str) -> tupas.Request:
    """Read the request that a service provider's page sent.

    Raises `TupasRefused` unless its MAC is valid, its sender is the bank's service provider, and its links
    lead to `issuer`, our own address. Other links are refused, because anybody can make a valid MAC with the
    published keys.
    """
    request, given = tupas.read(raw, tupas.Request)
    tupas.check_mac(request, given, bank.keys)
    if request.rcvid != bank.service_provider:
        raise tupas.TupasRefused("unknown-service-provider")
    if not all(link.startswith(f"{issuer}/") for link in (request.retlink, request.canlink, request.rejlink)):
        raise tupas.TupasRefused("unknown-link")
    return request


def open_visit(session: AsyncSession, bank: Bank, browser: bytes, request: tupas.Request) -> str:
    """Begin a visit and return its id, which is part of the addresses of the bank's pages."""
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
    """Return this browser's visit if it has not ended; the row is locked."""
    visit = await _find(session, bank, visit_id, browser)
    return visit if visit and visit.step not in {ANSWERED, LEFT} else None


async def find_ended_visit(
    session: AsyncSession, bank: Bank, visit_id: str, browser: bytes
) -> BankVisit | None:
    """Return this browser's visit if it has ended and has not expired yet; the row is locked."""
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
    """End a visit: it shows no more pages and gives no other answer, and its customer is deleted from it."""
    visit.step, visit.user_id = step, None


def check_password(visit: BankVisit, bank: Bank, user_id: str, password: str) -> bool:
    """Check the first step; on success the visit moves on to `code`, otherwise the failure is counted."""
    customer = bank.find_customer(user_id.replace(" ", ""))
    if customer is None or not hmac.compare_digest(customer.password.encode(), password.encode()):
        visit.failures += 1
        return False
    visit.step, visit.user_id = "code", customer.user_id
    return True


def check_code(visit: BankVisit, bank: Bank, code: str) -> bool:
    """Check the second step; on success the visit moves on to `consent`, otherwise the failure is counted."""
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
    """Return the customer whose password was accepted; `LookupError` before that."""
    customer = bank.find_customer(visit.user_id or "")
    if customer is None:
        raise LookupError("the visit has no customer")
    return customer


async def next_number(session: AsyncSession) -> int:
    """Return the next identification number; every answer has another one."""
    return (await session.scalars(select(NUMBERS.next_value()))).one()
