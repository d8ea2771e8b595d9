"""For operators' systems: mails that came back, sent again or settled."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from services.tracker.api.answers import operator_of
from services.tracker.api.failed_mails import SendAgain
from services.tracker.domain import By
from services.tracker.handle.answer_once import IdempotencyKey, answer_command, command_of
from services.tracker.mails.returned_mails import list_returned_mails, settle_returned_mail
from services.tracker.mails.send_mail_again import send_mail_again
from services.tracker.resources import GivenResources
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.web.transaction import Transaction

EventId = Annotated[UUID, Path(description="CloudEvents id of the event that the mail is about")]


class ReturnedMailView(BaseModel):
    """A mail that a request's citizen is owed."""

    model_config = ConfigDict(from_attributes=True)

    event_id: str
    request_id: UUID
    template: str
    sending: int = Field(
        description="Which sending of the mail it is: each time that it is sent again is one more"
    )
    returned_at: datetime | None = Field(description="Null once it is sent again")


class ReturnedMail(ReturnedMailView):
    """A mail that waits for a person."""

    work_number: str
    bounce: str | None = Field(
        description="`hard`: it did not arrive; `unclear`: something came back that nobody could make out"
    )
    return_status: str | None = Field(
        description="The enhanced status code that was reported, such as `5.1.1`"
    )


class Settle(BaseModel):
    """How it was dealt with."""

    note: str


def returned_mail_routes(verifier: TokenVerifier) -> APIRouter:
    """Return the routes of `/api/v1/returned-mails`."""
    routes = APIRouter(prefix="/api/v1/returned-mails", tags=["operators"])
    _add_list(routes, verifier)
    _add_send_again(routes, verifier)
    _add_settle(routes, verifier)
    return routes


def _add_list(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  a type, made for this verifier

    @routes.get("", summary="List mails that came back")
    async def list_them(
        session: Transaction, resources: GivenResources, operator: Operator
    ) -> list[ReturnedMail]:
        """List those that wait for a person, the oldest hundred first."""
        return [
            ReturnedMail.model_validate(each)
            for each in await list_returned_mails(session, resources.keyring, operator_of(operator))
        ]


def _add_send_again(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  as above

    @routes.post(
        "/{event_id}/send-again", summary="Send a returned mail again", response_model=ReturnedMailView
    )
    async def send_again(
        session: Transaction,
        resources: GivenResources,
        operator: Operator,
        event_id: EventId,
        order: SendAgain,
        key: IdempotencyKey = None,
    ) -> Response:
        """Have it sent once more; should it come back again, it waits here again."""

        async def act() -> ReturnedMailView:
            mail = await send_mail_again(
                session,
                str(event_id),
                By("client", operator.subject[:100]),
                returned=True,
                email=order.email,
                notifier=resources.notifier,
                keyring=resources.keyring,
            )
            return ReturnedMailView.model_validate(mail)

        return await answer_command(
            session,
            command_of(operator, key, "returned-mail", str(event_id), "send-again", order.email or ""),
            act,
        )


def _add_settle(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  as above

    @routes.post("/{event_id}/settle", summary="Settle a returned mail", response_model=ReturnedMailView)
    async def settle(
        session: Transaction, operator: Operator, event_id: EventId, order: Settle, key: IdempotencyKey = None
    ) -> Response:
        """Settle the matter without the mail, because the citizen knows by other means."""

        async def act() -> ReturnedMailView:
            by = By("client", operator.subject[:100])
            return ReturnedMailView.model_validate(
                await settle_returned_mail(session, str(event_id), by, order.note)
            )

        return await answer_command(
            session, command_of(operator, key, "returned-mail", str(event_id), "settle", order.note), act
        )
