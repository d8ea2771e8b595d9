"""Finds a request for a citizen without an account, by work number and e-mail or by a mail's signed link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.domain import Step, state_by_time
from services.tracker.find.mails_of_request import MailState, mails_of_request
from services.tracker.find.typed_work_number import read_work_number
from services.tracker.models import HistoryEntry, TrackedRequest
from services.tracker.personal_data.at_rest import AtRest
from services.tracker.personal_data.keyring import Keyring
from services.tracker.personal_data.read_contents import text_of
from shared.crypto import follow_link
from shared.events.vocabulary import State
from shared.text.personal_codes import hide_personal_codes
from shared.web.problems import NotFound

SET_ASIDE = text(
    "select note from dead_letters where accepted and registered_at is null and request_id = :request_id"
)
NOT_FOUND = "No request has this work number and e-mail"


@dataclass(frozen=True, slots=True)
class PublicStep:
    """A state, since when, and what the citizen was told with it."""

    state: State
    occurred_at: datetime
    text: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What anybody with the number and the e-mail may know; the title is in the language of the request.

    After `contents_removed_at` only number, service, state and times are left, and no e-mail to ask by.
    """

    request_id: UUID
    work_number: str
    state: State
    service: str
    service_title: str
    registered_at: datetime
    due_at: datetime
    contents_removed_at: datetime | None
    mails: Sequence[MailState]


@dataclass(frozen=True, slots=True)
class NotRegistered:
    """An accepted request whose record was set aside: operators look into it or have told its citizen."""

    request_id: UUID
    work_number: None
    state: Literal["under_investigation", "settled"]


@dataclass(frozen=True, slots=True)
class FollowedStatus(Status):
    """The same with the request's story in public terms, oldest first."""

    timeline: Sequence[PublicStep]


async def follow_by_number(
    session: AsyncSession, work_number: str, email: str, keyring: Keyring
) -> FollowedStatus:
    """Return the status.

    An unknown number and a wrong e-mail are one `NotFound`, found by one and the same look-up.

    Raises `InvalidWorkNumber` for what cannot be a number at all.

    """
    number, indexes = read_work_number(work_number), keyring.at_rest.email_indexes(email)
    return await _follow(
        session,
        keyring.at_rest,
        col(TrackedRequest.work_number) == number,
        col(TrackedRequest.email_index).in_(indexes),
    )


async def follow_by_link(session: AsyncSession, token: str, keyring: Keyring) -> FollowedStatus:
    """Return the status behind a mail's link; raises `NotFound` for a token that we did not sign."""
    try:
        request_id = follow_link.read(token, keyring.link_key)
    except follow_link.BadLink:
        raise NotFound(NOT_FOUND) from None
    return await _follow(session, keyring.at_rest, col(TrackedRequest.request_id) == request_id)


async def read_status(session: AsyncSession, request_id: UUID) -> Status | NotRegistered:
    """Return the status of a request that the caller already knows; raises `NotFound`."""
    request = await session.get(TrackedRequest, request_id)
    if request is None:
        notes = (await session.execute(SET_ASIDE, {"request_id": request_id})).scalars().all()
        if not notes:
            raise NotFound("There is no such request")
        return NotRegistered(request_id, None, "settled" if any(notes) else "under_investigation")
    return Status(**await _status(session, request, request.state))


async def _status(session: AsyncSession, request: TrackedRequest, state: State) -> dict[str, Any]:
    return {
        "request_id": request.request_id,
        "work_number": request.work_number,
        "state": state,
        "service": request.service,
        "service_title": request.service_title,
        "registered_at": request.registered_at,
        "due_at": request.due_at,
        "contents_removed_at": request.erased_at,
        "mails": await mails_of_request(session, request.request_id),
    }


async def _follow(session: AsyncSession, at_rest: AtRest, *conditions: ColumnElement[bool]) -> FollowedStatus:
    request = await session.scalar(select(TrackedRequest).where(*conditions))
    if request is None:
        raise NotFound(NOT_FOUND)
    entries = await session.scalars(
        select(HistoryEntry)
        .where(col(HistoryEntry.request_id) == request.request_id, col(HistoryEntry.state).is_not(None))
        .order_by(col(HistoryEntry.id))
    )
    steps = [
        Step(entry.occurred_at, entry.state, entry.action, text_of(entry, at_rest))
        for entry in entries
        if entry.state and entry.action
    ]
    timeline = [
        PublicStep(step.state, step.occurred_at, hide_personal_codes(step.text) if step.text else None)
        for step in steps
    ]
    return FollowedStatus(**await _status(session, request, state_by_time(steps)), timeline=timeline)
