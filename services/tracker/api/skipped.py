"""For operators: records that a reader was never given, and the way back for them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict

from services.tracker.api.answers import Covered, Settlement
from services.tracker.handle.answer_once import IdempotencyKey, answer_command, command_of
from services.tracker.resources import GivenResources
from services.tracker.trouble.skipped import list_skipped, send_skipped_again, settle_skipped
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.web.transaction import Transaction

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


class Skipped(BaseModel):
    """Records from `first_offset` to before `next_offset` of a partition."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    reader: str
    topic: str
    partition: int
    first_offset: int
    next_offset: int
    noticed_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    note: Covered | None


def skipped_routes(verifier: TokenVerifier) -> APIRouter:
    """Return the routes of `/api/v1/skipped`."""
    routes = APIRouter(prefix="/api/v1/skipped", tags=["operators"])
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  a type, made for this verifier

    @routes.get("")
    async def list_them(session: Transaction, _: Operator) -> list[Skipped]:
        return [Skipped.model_validate(each) for each in await list_skipped(session)]

    @routes.post("/{id}/again", response_model=Skipped)
    @routes.post("/{id}/send-again", response_model=Skipped, deprecated=True)
    async def again(
        session: Transaction,
        resources: GivenResources,
        operator: Operator,
        id: Id,  # noqa: A002  the path's name
        key: IdempotencyKey = None,
    ) -> Response:
        async def act() -> Skipped:
            by = operator.subject[:100]
            return Skipped.model_validate(
                await send_skipped_again(
                    session, id, by, resources.lags, resources.producer, resources.keyring
                )
            )

        return await answer_command(session, command_of(operator, key, "skipped", str(id), "again"), act)

    @routes.post("/{id}/settle", response_model=Skipped)
    async def settle(
        session: Transaction,
        operator: Operator,
        id: Id,  # noqa: A002  as above
        settlement: Settlement | None = None,
        key: IdempotencyKey = None,
    ) -> Response:
        note = settlement.note if settlement else None

        async def act() -> Skipped:
            return Skipped.model_validate(await settle_skipped(session, id, operator.subject[:100], note))

        return await answer_command(
            session, command_of(operator, key, "skipped", str(id), "settle", note or ""), act
        )

    return routes
