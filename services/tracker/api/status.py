"""For intake: the status of a request, as its citizen may see it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, model_validator
from sqlalchemy import text

from services.tracker.find.follow_request import (
    FollowedStatus,
    NotRegistered,
    Status,
    follow_by_link,
    follow_by_number,
    read_status,
)
from services.tracker.find.service_state import ServiceState, service_state
from services.tracker.handle.answer_once import IdempotencyKey, answer_command, command_of
from services.tracker.mails.correct_own_address import correct_own_address
from services.tracker.resources import GivenResources
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.web.transaction import Transaction

LEDGER_SECONDS = 10.0
"""The watch reads the ledger every five seconds; only without it is one read for this."""


class StatusQuestion(BaseModel):
    """Either a work number and the e-mail given with the request, or the token of a mail's link."""

    work_number: str | None = Field(None, max_length=60)
    email: str | None = Field(None, max_length=320)
    link: str | None = Field(None, max_length=200)

    @model_validator(mode="after")
    def _whole(self) -> "StatusQuestion":
        if self.link is None and (self.work_number is None or self.email is None):
            raise ValueError("give work_number and email, or link")
        return self


class AddressCorrection(BaseModel):
    """The number and the address that the request has, and the right one."""

    work_number: str = Field(max_length=60)
    email: str = Field(max_length=320)
    corrected_email: str = Field(min_length=1, max_length=254)


class AddressCorrected(BaseModel):
    """How many mails are sent again."""

    mails: int


def status_routes(verifier: TokenVerifier) -> APIRouter:
    """Return the routes of `/api/v1/status`."""
    asked = require_scope(verifier, "requests:status")
    routes = APIRouter(prefix="/api/v1/status", tags=["status"], dependencies=[Depends(asked)])
    Asker = Annotated[Caller, Depends(asked)]  # noqa: N806  a type, made for this verifier

    @routes.post("")
    async def follow(
        session: Transaction, resources: GivenResources, question: StatusQuestion
    ) -> FollowedStatus:
        if question.link is not None:
            return await follow_by_link(session, question.link, resources.keyring)
        return await follow_by_number(
            session, question.work_number or "", question.email or "", resources.keyring
        )

    @routes.get("")
    async def service(resources: GivenResources, session: Transaction) -> ServiceState:
        """Return whether numbers and mails come; the answer itself says that requests can be followed."""
        ledger = await resources.ledger.ledger(max_age=LEDGER_SECONDS)
        await session.execute(text("select 1"))
        return service_state(ledger)

    @routes.post("/address", response_model=AddressCorrected)
    async def correct_address(
        session: Transaction,
        resources: GivenResources,
        caller: Asker,
        correction: AddressCorrection,
        key: IdempotencyKey = None,
    ) -> Response:
        """Send what did not arrive to the right address; 409 where nothing waits for one."""
        number, email, corrected = correction.work_number, correction.email, correction.corrected_email

        async def act() -> AddressCorrected:
            mails = await correct_own_address(
                session, number, email, corrected, notifier=resources.notifier, keyring=resources.keyring
            )
            return AddressCorrected(mails=mails)

        return await answer_command(
            session, command_of(caller, key, "own-address", number, email, corrected), act
        )

    @routes.get("/{request_id}")
    async def status(session: Transaction, request_id: UUID) -> Status | NotRegistered:
        return await read_status(session, request_id)

    return routes
