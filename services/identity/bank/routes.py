"""Serves the pages of the simulated banks, `/bank/{bank}`: password, code, consent, and the way back."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse, Response

from services.identity import tupas
from services.identity.bank.after_visit import show_visit_over
from services.identity.bank.answers import address_with, make_answer
from services.identity.bank.visits import (
    ANSWERED,
    LEFT,
    MAX_FAILURES,
    check_code,
    check_password,
    close_visit,
    customer_of,
    find_visit,
    next_number,
    open_visit,
    receive_request,
)
from services.identity.banks import Bank
from services.identity.limits import BANK_STEPS, count
from services.identity.models import BankVisit, utc_now
from services.identity.pages import language_of
from services.identity.resources import Resources, Using
from shared.process.logs import get_log
from shared.web.problems import NotFound
from shared.web.transaction import Transaction

log = get_log(__name__)
routes = APIRouter(prefix="/bank", tags=["simulated banks"], include_in_schema=False)


class Typed(BaseModel):
    """The form of one page; `action` is `password`, `code`, `consent` or `cancel`."""

    action: str = Field(default="", max_length=20)
    user_id: str = Field(default="", max_length=100)
    password: str = Field(default="", max_length=100)
    code: str = Field(default="", max_length=20)


@routes.post("/{bank_code}")
async def receive(bank_code: str, request: Request, resources: Using, session: Transaction) -> Response:
    """Accept a request of a service provider; it has a MAC, and only links that the MAC covers are used."""
    bank = _bank(resources, bank_code)
    count(resources, request, BANK_STEPS)
    try:
        asked = receive_request(await request.body(), bank, resources.settings.issuer)
    except tupas.TupasRefused as refused:
        log.warning("bank_refused_request", bank=bank.code, reason=refused.reason)
        return resources.pages.problem("bank_request", _language(request))
    browser = resources.bank_cookie.read_or_make(request)
    response = RedirectResponse(f"/bank/{bank.code}/{open_visit(session, bank, browser.digest, asked)}", 303)
    resources.bank_cookie.write(browser, response)
    return response


@routes.get("/{bank_code}")
async def explain(bank_code: str, request: Request, resources: Using) -> Response:
    """Show a page that explains that identification starts at the service that needs it."""
    _bank(resources, bank_code)
    return resources.pages.problem("bank_start", _language(request))


@routes.get("/{bank_code}/{visit_id}")
async def show(
    bank_code: str, visit_id: str, request: Request, resources: Using, session: Transaction
) -> Response:
    """Show the current step of a visit to the simulated bank."""
    bank = _bank(resources, bank_code)
    visit = await _visit(request, resources, session, bank, visit_id)
    return (
        _page(resources, bank, visit)
        if visit
        else await show_visit_over(request, resources, session, bank, visit_id)
    )


@routes.post("/{bank_code}/{visit_id}")
async def take_step(
    bank_code: str,
    visit_id: str,
    request: Request,
    resources: Using,
    session: Transaction,
    typed: Annotated[Typed, Form()],
) -> Response:
    """Process what the customer typed or pressed, and move the visit to its next step."""
    count(resources, request, BANK_STEPS)
    bank = _bank(resources, bank_code)
    visit = await _visit(request, resources, session, bank, visit_id)
    if visit is None:
        return await show_visit_over(request, resources, session, bank, visit_id)
    if typed.action == "cancel":
        close_visit(visit)
        return RedirectResponse(_asked(visit).canlink, 303)
    if typed.action == "consent" == visit.step:
        return await _answer(resources, session, bank, visit)
    if typed.action == visit.step and not _check_secret(visit, bank, typed):
        return _show_error(resources, bank, visit, typed)
    if visit.step == "consent" and customer_of(visit, bank).answer != "01":
        return await _answer(resources, session, bank, visit)
    return RedirectResponse(f"/bank/{bank.code}/{visit_id}", 303)


def _check_secret(visit: BankVisit, bank: Bank, typed: Typed) -> bool:
    if visit.step == "password":
        return check_password(visit, bank, typed.user_id, typed.password)
    return check_code(visit, bank, typed.code)


def _show_error(resources: Resources, bank: Bank, visit: BankVisit, typed: Typed) -> Response:
    """Show the page again with an error; after too many failures, redirect to the rejection link."""
    if visit.failures >= MAX_FAILURES:
        close_visit(visit)
        return RedirectResponse(_asked(visit).rejlink, 303)
    return _page(resources, bank, visit, status=422, error=visit.step, typed=typed.user_id)


async def _answer(resources: Resources, session: AsyncSession, bank: Bank, visit: BankVisit) -> Response:
    """Send the browser back with the answer and its MAC; some banks do so by a form."""
    asked, customer = _asked(visit), customer_of(visit, bank)
    answer = make_answer(bank, customer, asked, number=await next_number(session), now=utc_now())
    close_visit(visit, ANSWERED if customer.answer == "01" else LEFT)
    if customer.answer != "01":
        return RedirectResponse(address_with(asked.rejlink, answer), 303)
    if bank.answers_by == "post":
        return resources.pages.render(
            "bank/done.html", asked.langcode.lower(), bank=bank, address=asked.retlink, fields=answer
        )
    return RedirectResponse(address_with(asked.retlink, answer), 303)


def _page(
    resources: Resources, bank: Bank, visit: BankVisit, *, status: int = 200, error: str = "", typed: str = ""
) -> Response:
    language = _asked(visit).langcode.lower()
    customer = customer_of(visit, bank) if visit.user_id else None
    return resources.pages.render(
        f"bank/{visit.step}.html",
        language,
        status=status,
        bank=bank,
        customer=customer,
        error=resources.pages.texts[language].bank_wrong[error] if error else "",
        typed=typed,
    )


async def _visit(
    request: Request, resources: Resources, session: AsyncSession, bank: Bank, visit_id: str
) -> BankVisit | None:
    browser = resources.bank_cookie.read(request)
    return await find_visit(session, bank, visit_id, browser.digest) if browser else None


def _asked(visit: BankVisit) -> tupas.Request:
    return tupas.Request(*visit.request)


def _bank(resources: Resources, code: str) -> Bank:
    bank = resources.banks.get(code)
    if bank is None or bank.url is not None:
        raise NotFound
    return bank


def _language(request: Request) -> str:
    return language_of(request)
