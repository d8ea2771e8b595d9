"""One request in full, for its handler: the person, the answers, and everything that happened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.domain import Action, By, possible_actions
from services.tracker.find.typed_work_number import read_work_number
from services.tracker.models import HistoryEntry, MailOutcomeEntry, TrackedRequest
from services.tracker.personal_data.at_rest import AtRest
from services.tracker.personal_data.keyring import Keyring
from services.tracker.personal_data.read_contents import answers_of, text_of
from services.tracker.personal_data.record_read import record_read
from services.tracker.personal_data.submitted_form import Answer
from shared.events.vocabulary import State
from shared.text.personal_codes import hide_personal_codes, mask
from shared.web.problems import NotFound

SENT_AGAIN = "mail.sent_again"


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks; the henkilötunnus is masked (`131052-****`) unless it was to be revealed."""

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
    """A request with its person, answers, timeline (oldest first), and the actions possible now."""

    request: TrackedRequest
    person: Person
    answers: Sequence[Answer]
    timeline: Sequence[Happened]
    possible: Sequence[Action]


async def resolve_id(session: AsyncSession, text: str) -> UUID:
    """Return the request that an id or a work number names.

    Raises `NotFound`, or `InvalidWorkNumber` for a mistyped number.
    """
    try:
        return UUID(text)
    except ValueError:
        number = read_work_number(text, "id")
    request_id = await session.scalar(
        select(TrackedRequest.request_id).where(col(TrackedRequest.work_number) == number)
    )
    if request_id is None:
        raise NotFound("There is no such request")
    return request_id


async def show_request(
    session: AsyncSession,
    request_id: UUID,
    keyring: Keyring,
    by: By,
    *,
    revealed: bool = False,
    reason: str | None = None,
) -> WholeRequest:
    """Return everything about one request, and record the read; raises `NotFound`.

    `revealed`: with the henkilötunnus, also where one was typed into anything else; for a `reason` where a
    person asks.
    """
    request = await session.get(TrackedRequest, request_id)
    if request is None:
        raise NotFound("There is no such request")
    await record_read(
        session, keyring.reads_key, by, "revealed" if revealed else "opened", [request_id], reason=reason
    )
    code = keyring.at_rest.decrypt(request.personal_code, request_id) if request.personal_code else None
    code = code if revealed or code is None else mask(code)
    shown = str if revealed else hide_personal_codes
    person = Person(
        shown(request.first_name),
        shown(request.last_name),
        code,
        request.business_id,
        shown(request.email),
        request.phone,
    )
    answers, timeline = (
        answers_of(request, keyring.at_rest),
        await read_timeline(session, request_id, keyring.at_rest),
    )
    if not revealed:
        answers = [each.model_copy(update={"value": hide_personal_codes(each.value)}) for each in answers]
        timeline = [
            replace(each, text=_covered(each.text), details=_covered_details(each.details))
            for each in timeline
        ]
    possible = () if request.erased_at else possible_actions(request.state, "client")
    return WholeRequest(request, person, answers, timeline, possible)


def _covered(text: str | None) -> str | None:
    return hide_personal_codes(text) if text else text


def _covered_details(details: dict[str, Any] | None) -> dict[str, Any] | None:
    return (
        {name: _covered(value) if isinstance(value, str) else value for name, value in details.items()}
        if details
        else details
    )


async def read_timeline(session: AsyncSession, request_id: UUID, at_rest: AtRest) -> list[Happened]:
    """Return what happened to a request, oldest first.

    Its history in order, and the mails between by their times, each after what caused it.
    """
    history = await session.scalars(
        select(HistoryEntry).where(col(HistoryEntry.request_id) == request_id).order_by(col(HistoryEntry.id))
    )
    mails = await session.scalars(
        select(MailOutcomeEntry).where(col(MailOutcomeEntry.request_id) == request_id)
    )
    steps = [_of_history(entry, at_rest) for entry in history]
    begun = {
        (each.details["template"], each.details["sending"]): each.occurred_at
        for each in steps
        if each.type == SENT_AGAIN and each.details
    }
    happened = [(each.occurred_at, False, each.occurred_at, each) for each in steps]
    for entry in mails:
        # Notifier may have sent a mail before tracker entered that it is sent again.
        after = max(entry.occurred_at, begun.get((entry.template, entry.sending), entry.occurred_at))
        happened.append((after, True, entry.occurred_at, _of_mail(entry)))
    return [each for *_, each in sorted(happened, key=lambda placed: placed[:3])]


def _of_history(entry: HistoryEntry, at_rest: AtRest) -> Happened:
    text = text_of(entry, at_rest)
    return Happened(
        "history",
        entry.type,
        entry.occurred_at,
        entry.state,
        entry.actor_kind,
        entry.actor,
        text,
        entry.details,
    )


def _of_mail(entry: MailOutcomeEntry) -> Happened:
    details: dict[str, Any] = {
        "template": entry.template,
        "message_id": entry.message_id,
        "attempt": entry.attempt,
        "cause_id": entry.cause_id,
    }
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
