"""The citizen follows a request without an account: by work number and e-mail, or by the signed link of a mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.domain import State, Step, state_by_time
from services.tracker.keyring import Keyring
from services.tracker.models import HistoryEntry, TrackedRequest
from services.tracker.typed_work_number import read_work_number
from shared.crypto import follow_link
from shared.problems import NotFound

SET_ASIDE = text("select note from dead_letters where accepted and registered_at is null and request_id = :request_id")
NOT_FOUND = "No request has this work number and e-mail"


@dataclass(frozen=True, slots=True)
class PublicStep:
    """A state, since when, and what the citizen was told with it."""

    state: State
    occurred_at: datetime
    text: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What anybody with the number and the e-mail may know; the title is in the language of the request."""

    request_id: UUID
    work_number: str
    state: State
    service_title: str
    registered_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class NotRegistered:
    """An accepted request whose record was set aside: operators look into it, or have told its citizen."""

    request_id: UUID
    work_number: None
    state: Literal["under_investigation", "settled"]


@dataclass(frozen=True, slots=True)
class FollowedStatus(Status):
    """The same with the request's story in public terms, oldest first."""

    timeline: Sequence[PublicStep]


async def follow_by_number(session: AsyncSession, work_number: str, email: str, keyring: Keyring) -> FollowedStatus:
    """Give the status; an unknown number and a wrong e-mail are one `NotFound`, found by one and the same look-up.

    Raises `InvalidWorkNumber` for what cannot be a number at all.
    """
    number, index = read_work_number(work_number), keyring.at_rest.index_email(email)
    return await _follow(session, col(TrackedRequest.work_number) == number, col(TrackedRequest.email_index) == index)


async def follow_by_link(session: AsyncSession, token: str, keyring: Keyring) -> FollowedStatus:
    """Give the status behind a mail's link; raises `NotFound` for a token that we did not sign."""
    try:
        request_id = follow_link.read(token, keyring.link_key)
    except follow_link.BadLink:
        raise NotFound(NOT_FOUND) from None
    return await _follow(session, col(TrackedRequest.request_id) == request_id)


async def read_status(session: AsyncSession, request_id: UUID) -> Status | NotRegistered:
    """Give the status of a request that the caller already knows; raises `NotFound`."""
    request = await session.get(TrackedRequest, request_id)
    if request is None:
        notes = (await session.execute(SET_ASIDE, {"request_id": request_id})).scalars().all()
        if not notes:
            raise NotFound("There is no such request")
        return NotRegistered(request_id, None, "settled" if any(notes) else "under_investigation")
    return Status(request_id, request.work_number, request.state, request.service_title, request.registered_at, request.due_at)


async def _follow(session: AsyncSession, *conditions: ColumnElement[bool]) -> FollowedStatus:
    request = await session.scalar(select(TrackedRequest).where(*conditions))
    if request is None:
        raise NotFound(NOT_FOUND)
    entries = await session.scalars(
        select(HistoryEntry)
        .where(col(HistoryEntry.request_id) == request.request_id, col(HistoryEntry.state).is_not(None))
        .order_by(col(HistoryEntry.id))
    )
    steps = [Step(entry.occurred_at, entry.state, entry.action, entry.text) for entry in entries if entry.state and entry.action]
    return FollowedStatus(
        request.request_id,
        request.work_number,
        state_by_time(steps),
        request.service_title,
        request.registered_at,
        request.due_at,
        [PublicStep(step.state, step.occurred_at, step.text) for step in steps],
    )
