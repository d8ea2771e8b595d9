"""For operators: what could never succeed, and the way back for it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from services.tracker.dismiss_dead_letter import dismiss_dead_letter
from services.tracker.list_dead_letters import MOST, DeadLetterLine, line, list_dead_letters
from services.tracker.redrive_dead_letter import redrive_dead_letter
from services.tracker.resources import GivenResources
from shared.authorize import Caller, TokenVerifier, require_scope
from shared.transaction import Transaction

LARGEST_ID = 2**63 - 1
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class DeadLetterPage(BaseModel):
    """Dead letters, newest first; `next` is the `before` of the next page."""

    dead_letters: list[DeadLetterLine]
    next: int | None


def dead_letter_routes(verifier: TokenVerifier) -> APIRouter:
    """Give the routes of `/api/v1/dead-letters`."""
    routes = APIRouter(prefix="/api/v1/dead-letters", tags=["operators"])
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  a type, made for this verifier

    @routes.get("")
    async def list_them(
        session: Transaction,
        _: Operator,
        redriven: bool = False,  # noqa: FBT001, FBT002  a query string's flag
        before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
    ) -> DeadLetterPage:
        lines = await list_dead_letters(session, waiting_only=not redriven, before=before, limit=limit)
        return DeadLetterPage(dead_letters=list(lines), next=lines[-1].id if len(lines) == limit else None)

    @routes.post("/{id}/redrive")
    async def redrive(session: Transaction, resources: GivenResources, operator: Operator, id: Id) -> DeadLetterLine:  # noqa: A002  the path's name
        by, topics = operator.subject[:100], resources.settings.main_topics
        return line(await redrive_dead_letter(session, id, by, resources.producer, resources.lags, resources.keyring, topics))

    @routes.post("/{id}/dismiss")
    async def dismiss(session: Transaction, operator: Operator, id: Id) -> DeadLetterLine:  # noqa: A002  as above
        return line(await dismiss_dead_letter(session, id, operator.subject[:100]))

    return routes
