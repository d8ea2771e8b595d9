"""The operators' API for dead letters: list them, send one again, settle one."""

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.api.answers import Covered, Settlement, operator_of
from services.tracker.handle.answer_once import IdempotencyKey, answer_command, command_of
from services.tracker.models import DeadLetter
from services.tracker.resources import GivenResources
from services.tracker.trouble.dead_letters import (
    MAX_LIMIT,
    lay_aside_dead_letter,
    list_dead_letters,
    part_of,
    send_dead_letter_again,
    settle_dead_letter,
)
from shared.auth.authorize import Caller, TokenVerifier, require_scope
from shared.web.transaction import Transaction

LARGEST_ID = 2**63 - 1
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class DeadLetterLine(BaseModel):
    """One dead letter."""

    id: int
    origin_topic: str
    origin_partition: int
    origin_offset: int
    origin_group: str
    reason: str
    detail: str
    buried_at: datetime
    key: str = Field(description="The request id, if the record had one")
    bytes: int = Field(description="Length of its value")
    part: str | None = Field(
        description=(
            "What was left out of a record that was too large, or that it could not be read; "
            "it cannot be sent again"
        )
    )
    accepted: bool = Field(
        description=(
            "Intake has accepted it as a request: it stays overdue until it is registered "
            "or settled with a note"
        )
    )
    request_id: UUID | None
    registered_at: datetime | None = Field(
        description="When an accepted request was seen to have its number after all"
    )
    redriven_at: datetime | None
    redriven_by: str | None
    dismissed_at: datetime | None = Field(description="When it was settled or laid aside")
    dismissed_by: str | None
    note: Covered | None = Field(description="What was done, and what the citizen was told")


OF_THE_RECORD = {"detail": "", "note": None}
"""What retention removes from a dead letter: no answer is kept with it."""


class DeadLetterPage(BaseModel):
    """Dead letters, newest first; `next` is the `before` of the next page."""

    dead_letters: list[DeadLetterLine]
    next: int | None


def dead_letter_routes(verifier: TokenVerifier) -> APIRouter:
    """Return the routes of `/api/v1/dead-letters`."""
    routes = APIRouter(prefix="/api/v1/dead-letters", tags=["operators"])
    _add_list(routes, verifier)
    _add_again(routes, verifier)
    _add_settle(routes, verifier)
    return routes


def _add_list(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  a type, made for this verifier

    @routes.get("")
    async def list_them(
        session: Transaction,
        _: Operator,
        redriven: bool = False,  # noqa: FBT001, FBT002  a query string's flag
        before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    ) -> DeadLetterPage:
        letters = await list_dead_letters(session, waiting_only=not redriven, before=before, limit=limit)
        return DeadLetterPage(
            dead_letters=[_line(letter) for letter in letters],
            next=letters[-1].id if len(letters) == limit else None,
        )


def _add_again(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  as above

    @routes.post("/{id}/again", response_model=DeadLetterLine)
    @routes.post("/{id}/redrive", response_model=DeadLetterLine, deprecated=True)
    async def again(
        session: Transaction,
        resources: GivenResources,
        operator: Operator,
        id: Id,  # noqa: A002  the path's name
        key: IdempotencyKey = None,
    ) -> Response:
        async def act() -> DeadLetterLine:
            by, given = operator.subject[:100], resources
            letter = await send_dead_letter_again(
                session, id, by, given.producer, given.lags, given.keyring, given.settings.main_topics
            )
            return _line(letter).model_copy(update=OF_THE_RECORD)

        return await answer_command(
            session,
            command_of(operator, key, "dead-letter", str(id), "again"),
            act,
            partial(_show, session, id),
        )


def _add_settle(routes: APIRouter, verifier: TokenVerifier) -> None:
    Operator = Annotated[Caller, Depends(require_scope(verifier, "operate"))]  # noqa: N806  as above

    @routes.post("/{id}/settle", response_model=DeadLetterLine)
    async def settle(
        session: Transaction,
        operator: Operator,
        id: Id,  # noqa: A002  as above
        settlement: Settlement,
        key: IdempotencyKey = None,
    ) -> Response:
        async def act() -> DeadLetterLine:
            return _line(
                await settle_dead_letter(session, id, operator_of(operator), settlement.note)
            ).model_copy(update=OF_THE_RECORD)

        once = command_of(operator, key, "dead-letter", str(id), "settle", settlement.note or "")
        return await answer_command(session, once, act, partial(_show, session, id))

    @routes.post("/{id}/dismiss", deprecated=True)
    async def dismiss(session: Transaction, operator: Operator, id: Id) -> DeadLetterLine:  # noqa: A002  as above
        """Lay it aside without a note; an accepted request stays overdue."""
        return _line(await lay_aside_dead_letter(session, id, operator_of(operator)))


async def _show(session: AsyncSession, dead_letter_id: int, kept: bytes) -> DeadLetterLine:
    letter = await session.get_one(DeadLetter, dead_letter_id)
    line = DeadLetterLine.model_validate_json(kept).model_dump()
    return DeadLetterLine(**line | {name: getattr(letter, name) for name in OF_THE_RECORD})


def _line(letter: DeadLetter) -> DeadLetterLine:
    shown: dict[str, object] = {
        "key": (letter.key or b"").decode(errors="replace")[:100],
        "bytes": len(letter.value or b""),
    }
    shown["part"] = part_of(letter)
    return DeadLetterLine.model_validate(
        {**letter.model_dump(exclude={"key", "value", "headers", "digest"}), **shown}
    )
