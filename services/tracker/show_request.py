"""One request in full, for whoever handles it: the person, the answers, and everything that happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.at_rest import AtRest
from services.tracker.domain import Action, State, possible_actions
from services.tracker.models import HistoryEntry, MailOutcomeEntry, TrackedRequest
from services.tracker.typed_work_number import read_work_number
from shared.problems import NotFound


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks; the henkilötunnus is in clear here and nowhere else."""

    first_name: str
    last_name: str
    personal_identity_code: str | None
    business_id: str | None
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the timeline: a step or a note of the history, or what became of a mail."""

    kind: Literal["history", "mail"]
    type: str
    occurred_at: datetime
    state: State | None = None
    actor_kind: str | None = None
    actor: str | None = None
    text: str | None = None
    details: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class WholeRequest:
    """A request with its person and timeline (oldest first), and what a handler may do with it now."""

    request: TrackedRequest
    person: Person
    timeline: Sequence[Happened]
    possible: Sequence[Action]


async def resolve_id(session: AsyncSession, text: str) -> UUID:
    """Give the request that an id or a work number names; raises `NotFound`, or `InvalidWorkNumber` for a mistyped number."""
    try:
        return UUID(text)
    except ValueError:
        number = read_work_number(text, "id")
    request_id = await session.scalar(select(TrackedRequest.request_id).where(col(TrackedRequest.work_number) == number))
    if request_id is None:
        raise NotFound("There is no such request")
    return request_id


async def show_request(session: AsyncSession, request_id: UUID, at_rest: AtRest) -> WholeRequest:
    """Give everything about one request; raises `NotFound`."""
    request = await session.get(TrackedRequest, request_id)
    if request is None:
        raise NotFound("There is no such request")
    code = at_rest.decrypt(request.personal_code, request_id) if request.personal_code else None
    person = Person(request.first_name, request.last_name, code, request.business_id, request.email, request.phone)
    return WholeRequest(request, person, await read_timeline(session, request_id), possible_actions(request.state, "client"))


async def read_timeline(session: AsyncSession, request_id: UUID) -> list[Happened]:
    """Give what happened to a request, oldest first: its history in order, and the mails between by their times."""
    history = await session.scalars(select(HistoryEntry).where(col(HistoryEntry.request_id) == request_id).order_by(col(HistoryEntry.id)))
    mails = await session.scalars(select(MailOutcomeEntry).where(col(MailOutcomeEntry.request_id) == request_id))
    happened = [*(_of_history(entry) for entry in history), *(_of_mail(entry) for entry in mails)]
    return sorted(happened, key=lambda each: each.occurred_at)


def _of_history(entry: HistoryEntry) -> Happened:
    return Happened("history", entry.type, entry.occurred_at, entry.state, entry.actor_kind, entry.actor, entry.text, entry.details)


def _of_mail(entry: MailOutcomeEntry) -> Happened:
    details: dict[str, Any] = {"template": entry.template, "message_id": entry.message_id, "attempt": entry.attempt, "cause_id": entry.cause_id}
    if entry.reply:
        details["reply"] = entry.reply
    if entry.codes:
        details["codes"] = entry.codes
    if entry.bounce:
        details |= {"bounce": entry.bounce, "status": entry.status}
    if entry.sending > 1:
        details["sending"] = entry.sending
    if entry.retry_at:
        details["retry_at"] = entry.retry_at.isoformat()
    return Happened("mail", entry.type, entry.occurred_at, details=details)
