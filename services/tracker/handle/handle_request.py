"""Carries out what a handler does with a request: take, ask the customer, resolve, reject, close, reopen.

The API, the console and Kafka's commands all come here.
"""

from datetime import datetime, timezone
from http import HTTPStatus
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from uuid_utils.compat import uuid7

from services.tracker import domain
from services.tracker.domain import Action, By, Step
from services.tracker.handle.enter_into_ledger import enter_into_ledger
from services.tracker.handle.lifecycle_event import lifecycle_event
from services.tracker.handle.publish_history import NOTIFY_PUBLISHER
from services.tracker.models import HistoryEntry, TrackedRequest
from services.tracker.personal_data.at_rest import AtRest
from services.tracker.personal_data.keyring import Keyring
from services.tracker.personal_data.read_contents import text_of
from shared.events.vocabulary import OPEN
from shared.process.logs import get_log
from shared.text.personal_codes import holds_personal_code
from shared.text.typed_text import visible
from shared.web.problems import InvalidFields, NotFound, Problem

log = get_log(__name__)

MAX_TEXT_LENGTH = 10_000


class NotAllowedNow(Problem):
    """409: the request's state does not allow this.

    `state` and `possible` say what it is and what it allows.
    """

    status = HTTPStatus.CONFLICT
    slug = "not-allowed-now"
    title = "The request is not in a state that allows this"


class PersonalCodeInText(InvalidFields):
    """422.

    The text for the customer, or a note, holds a henkilötunnus: no mail may carry it, no history keeps it.
    """

    slug = "personal-code-in-text"
    title = "The text holds a henkilötunnus"

    def __init__(
        self,
        field: str = "text",
        sentence: str = "Leave the henkilötunnus out: the text goes to the customer by e-mail",
    ) -> None:
        super().__init__([{"field": field, "message": sentence}], sentence)


class ContentsRemoved(Problem):
    """409: the retention time of the request's service is over; nothing is left to be handled."""

    status = HTTPStatus.CONFLICT
    slug = "contents-removed"
    title = "The request's contents were removed when its retention time was over"


async def handle_request(
    session: AsyncSession,
    request_id: UUID,
    action: Action,
    by: By,
    *,
    text: str | None = None,
    keyring: Keyring,
    traceparent: str | None = None,
) -> TrackedRequest:
    """Take one step with a request and enter it into its history; the very same step again changes nothing.

    Raises `NotFound`, `ContentsRemoved`, `NotAllowedNow`, `InvalidFields` where a text is needed and is
    missing or unusable, `PersonalCodeInText`.
    """
    said = _clean(text) if action in domain.TEXT_NEEDED else None
    request = await session.get(TrackedRequest, request_id, with_for_update=True, populate_existing=True)
    if request is None:
        raise NotFound("There is no such request")
    if request.erased_at is not None:
        raise ContentsRemoved
    if action == "take" and request.state == "in_progress" and request.assignee == by.name:
        return request
    try:
        target = domain.next_state(request.state, action, by.kind)
    except domain.NotAllowedNow as refusal:
        if domain.is_repeat(await _last_step(session, request_id, keyring.at_rest), action, said):
            return request
        raise NotAllowedNow(str(refusal), state=refusal.state, possible=list(refusal.possible)) from None
    step = Step(domain.moment_after(request.changed_at, datetime.now(timezone.utc)), target, action, said)
    entry = _enter(session, request, step, by, keyring, traceparent)
    await session.flush()
    await enter_into_ledger(session, entry)
    await session.execute(NOTIFY_PUBLISHER)
    log.info("request_handled", request_id=str(request_id), action=action, state=target, actor_kind=by.kind)
    return request


def _take_step(request: TrackedRequest, step: Step, by: By) -> None:
    request.state, request.changed_at = step.state, step.occurred_at
    if step.action == "take":
        request.assignee = by.name
    if step.state in OPEN:
        request.resolved_at = None
    elif step.state != "closed":
        request.resolved_at = step.occurred_at
    request.closed_at = step.occurred_at if step.state == "closed" else None


def _enter(
    session: AsyncSession,
    request: TrackedRequest,
    step: Step,
    by: By,
    keyring: Keyring,
    traceparent: str | None,
) -> HistoryEntry:
    previous = request.state
    _take_step(request, step, by)
    sealed = (
        keyring.to_notifier.seal(
            to_json({"text": step.text}), purpose="message", request_id=request.request_id
        )
        if step.text
        else None
    )
    event = lifecycle_event(
        request,
        step.action,
        actor_kind=by.kind,
        actor=by.name,
        previous_state=previous,
        sealed_message=sealed,
    )
    event_id = uuid7()
    entry = HistoryEntry(
        request_id=request.request_id,
        event_id=event_id,
        type=event.type,
        occurred_at=step.occurred_at,
        actor_kind=by.kind,
        actor=by.name,
        action=step.action,
        state=step.state,
        text_box=keyring.at_rest.encrypt_text(step.text, event_id) if step.text else None,
        details=by.details,
        traceparent=traceparent,
        value=to_json(event),
    )
    session.add(entry)
    return entry


async def _last_step(session: AsyncSession, request_id: UUID, at_rest: AtRest) -> Step | None:
    last = await session.scalar(
        select(HistoryEntry)
        .where(col(HistoryEntry.request_id) == request_id, col(HistoryEntry.state).is_not(None))
        .order_by(col(HistoryEntry.id).desc())
        .limit(1)
    )
    return (
        Step(last.occurred_at, last.state, last.action, text_of(last, at_rest))
        if last and last.state and last.action
        else None
    )


def _clean(text: str | None) -> str:
    cleaned = visible(text or "", lines=True)
    if not cleaned:
        raise InvalidFields([{"field": "text", "message": "A text for the customer is needed"}])
    if len(cleaned) > MAX_TEXT_LENGTH:
        raise InvalidFields(
            [{"field": "text", "message": f"The text is longer than {MAX_TEXT_LENGTH} characters"}]
        )
    if holds_personal_code(cleaned):
        raise PersonalCodeInText
    return cleaned
