"""For operators' systems: mails that did not reach their readers, tried again or settled."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from services.tracker.failed_mails import list_failed_mails, retry_failed_mail, settle_failed_mail
from services.tracker.resources import GivenResources
from shared.authorize import Caller, TokenVerifier, require_scope
from shared.transaction import Transaction

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


def failed_mail_routes(verifier: TokenVerifier) -> APIRouter:
    """Give the routes of `/api/v1/failed-mails`."""
    routes = APIRouter(prefix="/api/v1/failed-mails", tags=["operators"])
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  a type, made for this verifier

    @routes.get("", summary="List failed mails")
    async def list_them(session: Transaction, _: Operator) -> list[FailedMail]:
        """List those that wait for an operator, the oldest hundred first."""
        return [FailedMail.model_validate(each) for each in await list_failed_mails(session)]

    @routes.post("/{event_id}/retry", summary="Try a failed mail again")
    async def retry(session: Transaction, resources: GivenResources, operator: Operator, event_id: EventId) -> OwedMailView:
        """Have it tried again now; should it fail again, it waits here again."""
        return OwedMailView.model_validate(await retry_failed_mail(session, str(event_id), operator.subject[:100], resources.notifier))

    @routes.post("/{event_id}/settle", summary="Settle a failed mail")
    async def settle(session: Transaction, operator: Operator, event_id: EventId) -> OwedMailView:
        """Settle the matter without the mail, because the citizen knows by other means."""
        return OwedMailView.model_validate(await settle_failed_mail(session, str(event_id), operator.subject[:100]))

    return routes
