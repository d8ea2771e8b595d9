"""For operators: entries of the history that Kafka refused, and the way out for them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from services.tracker.handle.answer_once import IdempotencyKey, answer_command, command_of
from services.tracker.trouble.unsendable import list_unsendable, send_unsendable_again, settle_unsendable
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.web.transaction import Transaction


class Unsendable(BaseModel):
    """An event that Kafka refused."""

    model_config = ConfigDict(from_attributes=True)

    event_id: UUID
    request_id: UUID
    type: str
    occurred_at: datetime
    refused: str | None = Field(description="Why, such as `too-large`; null once it is to be sent again")


def unsendable_routes(verifier: TokenVerifier) -> APIRouter:
    """Return the routes of `/api/v1/unsendable`."""
    routes = APIRouter(prefix="/api/v1/unsendable", tags=["operators"])
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  a type, made for this verifier

    @routes.get("", summary="List events that Kafka refused")
    async def list_them(session: Transaction, _: Operator) -> list[Unsendable]:
        """List those that wait for an operator, the oldest hundred first."""
        return [Unsendable.model_validate(each) for each in await list_unsendable(session)]

    @routes.post(
        "/{event_id}/send-again", summary="Publish an event that Kafka refused", response_model=Unsendable
    )
    async def send_again(
        session: Transaction, operator: Operator, event_id: UUID, key: IdempotencyKey = None
    ) -> Response:
        """Have it published now; refused once more, it waits here again."""

        async def act() -> Unsendable:
            return Unsendable.model_validate(
                await send_unsendable_again(session, event_id, operator.subject[:100])
            )

        return await answer_command(
            session, command_of(operator, key, "unsendable", str(event_id), "send-again"), act
        )

    @routes.post(
        "/{event_id}/settle", summary="Settle an event that Kafka refused", response_model=Unsendable
    )
    async def settle(
        session: Transaction, operator: Operator, event_id: UUID, key: IdempotencyKey = None
    ) -> Response:
        """Settle the matter without the event, and the mail that it owed."""

        async def act() -> Unsendable:
            return Unsendable.model_validate(
                await settle_unsendable(session, event_id, operator.subject[:100])
            )

        return await answer_command(
            session, command_of(operator, key, "unsendable", str(event_id), "settle"), act
        )

    return routes
