"""For operators' systems: mails that did not reach their readers, tried again or settled."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from services.tracker.api.answers import Settlement, operator_of
from services.tracker.domain import By
from services.tracker.handle.answer_once import IdempotencyKey, answer_command, command_of
from services.tracker.mails.failed_mails import list_failed_mails, retry_failed_mail, settle_failed_mail
from services.tracker.mails.retry_failed_mails import list_causes, retry_failed_mails
from services.tracker.mails.send_mail_again import send_mail_again
from services.tracker.resources import GivenResources
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.events.event import Moment
from shared.web.transaction import Transaction

EventId = Annotated[UUID, Path(description="CloudEvents id of the event that the mail is about")]


class OwedMailView(BaseModel):
    """A mail that a request's citizen is owed."""

    model_config = ConfigDict(from_attributes=True)

    event_id: str
    request_id: UUID
    template: str
    failed_at: datetime | None = Field(description="Null while it is tried again")


class FailedMail(OwedMailView):
    """A mail that waits for an operator."""

    work_number: str
    attempt: int | None
    reply: str | None = Field(description="Class of the mail server's last answer, such as `5xx`")
    failure: str | None = Field(description="The mail server's codes, such as `550 5.1.1`, or another reason")


class SendAgain(BaseModel):
    """Where to send it."""

    email: str | None = Field(
        default=None,
        max_length=254,
        description="A corrected address, which later mails go to as well; null: the same",
    )


class Cause(BaseModel):
    """Why mails failed that wait for an operator."""

    model_config = ConfigDict(from_attributes=True)

    cause: str = Field(description="The mail server's codes, such as `530 5.7.0`, or another reason")
    mails: int
    first_at: datetime
    last_at: datetime


class RetryMany(BaseModel):
    """Which failed mails to try again: all of one cause, or some of them."""

    cause: str = Field(max_length=200)
    template: str | None = Field(default=None, max_length=50)
    failed_before: Moment | None = Field(
        default=None, description="Leave out what failed later; with the same moment a repeat changes nothing"
    )


class RetriedMany(BaseModel):
    """How many are tried again, and how many of them still wait: where any do, the call can be repeated."""

    model_config = ConfigDict(from_attributes=True)

    retried: int
    left: int


def failed_mail_routes(verifier: TokenVerifier) -> APIRouter:
    """Return the routes of `/api/v1/failed-mails`."""
    routes = APIRouter(prefix="/api/v1/failed-mails", tags=["operators"])
    _add_routes_of_all(routes, verifier)
    _add_routes_of_one(routes, verifier)
    _add_send_again(routes, verifier)
    return routes


def _add_routes_of_all(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  a type, made for this verifier

    @routes.get("", summary="List failed mails")
    async def list_them(
        session: Transaction, resources: GivenResources, operator: Operator
    ) -> list[FailedMail]:
        """List those that wait for an operator, the oldest hundred first."""
        return [
            FailedMail.model_validate(each)
            for each in await list_failed_mails(session, resources.keyring, operator_of(operator))
        ]

    @routes.get("/causes", summary="List why mails failed")
    async def list_them_by_cause(session: Transaction, _: Operator) -> list[Cause]:
        """Count those that wait for an operator by their cause, the most frequent first."""
        return [Cause.model_validate(each) for each in await list_causes(session)]

    @routes.post("/retry", summary="Try all failed mails of a cause again", response_model=RetriedMany)
    async def retry_many(
        session: Transaction,
        resources: GivenResources,
        operator: Operator,
        which: RetryMany,
        key: IdempotencyKey = None,
    ) -> Response:
        """Have them tried again now, as many as a request has time for."""

        async def act() -> RetriedMany:
            retried = await retry_failed_mails(
                session,
                resources.notifier,
                cause=which.cause,
                by=operator.subject[:100],
                template=which.template,
                before=which.failed_before,
            )
            return RetriedMany.model_validate(retried)

        return await answer_command(
            session, command_of(operator, key, "failed-mails", which.model_dump_json()), act
        )


def _add_routes_of_one(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  as above

    @routes.post("/{event_id}/again", summary="Try a failed mail again", response_model=OwedMailView)
    @routes.post(
        "/{event_id}/retry", summary="Try a failed mail again", response_model=OwedMailView, deprecated=True
    )
    async def again(
        session: Transaction,
        resources: GivenResources,
        operator: Operator,
        event_id: EventId,
        key: IdempotencyKey = None,
    ) -> Response:
        """Have it tried again now; should it fail again, it waits here again."""

        async def act() -> OwedMailView:
            return OwedMailView.model_validate(
                await retry_failed_mail(session, str(event_id), operator.subject[:100], resources.notifier)
            )

        return await answer_command(
            session, command_of(operator, key, "failed-mail", str(event_id), "again"), act
        )

    @routes.post("/{event_id}/settle", summary="Settle a failed mail", response_model=OwedMailView)
    async def settle(
        session: Transaction,
        operator: Operator,
        event_id: EventId,
        settlement: Settlement | None = None,
        key: IdempotencyKey = None,
    ) -> Response:
        """Settle the matter without the mail, because the citizen knows by other means."""
        note = settlement.note if settlement else None

        async def act() -> OwedMailView:
            return OwedMailView.model_validate(
                await settle_failed_mail(session, str(event_id), operator_of(operator), note)
            )

        return await answer_command(
            session, command_of(operator, key, "failed-mail", str(event_id), "settle", note or ""), act
        )


def _add_send_again(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  as above

    @routes.post(
        "/{event_id}/send-again",
        summary="Send a failed mail to a corrected address",
        response_model=OwedMailView,
    )
    async def send_again(
        session: Transaction,
        resources: GivenResources,
        operator: Operator,
        event_id: EventId,
        order: SendAgain,
        key: IdempotencyKey = None,
    ) -> Response:
        """Have it sent to another address, which later mails go to as well."""

        async def act() -> OwedMailView:
            mail = await send_mail_again(
                session,
                str(event_id),
                By("client", operator.subject[:100]),
                returned=False,
                email=order.email,
                notifier=resources.notifier,
                keyring=resources.keyring,
            )
            return OwedMailView.model_validate(mail)

        return await answer_command(
            session,
            command_of(operator, key, "failed-mail", str(event_id), "send-again", order.email or ""),
            act,
        )
