"""A request was sent: register it once, with its work number, and publish that."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from uuid_utils.compat import uuid7

from services.tracker.canary.on_canary import on_canary
from services.tracker.models import HistoryEntry, TrackedRequest
from services.tracker.personal_data.at_rest import name_key
from services.tracker.personal_data.keyring import Keyring
from services.tracker.personal_data.submitted_form import read_form
from services.tracker.register.register_requests import insert_requests, known_or_numbered
from services.tracker.work_number import work_number
from shared import canary
from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.rejected import Rejected
from shared.events.request_lifecycle import RequestRegistered
from shared.events.request_submitted import RequestSubmitted
from shared.process.logs import get_log
from shared.text.kept_text import can_be_kept

log = get_log(__name__)

Submission = Envelope[RequestSubmitted]
COPIED = (
    "service",
    "service_title",
    "service_title_fi",
    "role",
    "language",
    "authentication",
    "channel",
    "queue",
    "body_digest",
    "sealed_contact",
)
MAX_LENGTHS = {"sealed_contact": 20_000}
MAX_LENGTH_OF_OTHERS = 500
MAX_RETENTION_DAYS = 36_500
YEARS = range(2000, 2200)
DUPLICATE = "duplicate_with_other_body"


async def on_request_submitted(
    session: AsyncSession, envelopes: Sequence[Envelope[Event]], *, keyring: Keyring
) -> None:
    """Register every request that is new.

    A repeat changes nothing, another body under a known id is noted for operators.

    Raises `Rejected` where a record's form cannot be opened or read.

    """
    submissions = [
        Envelope(e.event, e.source, e.id, e.time, e.traceparent)
        for e in envelopes
        if isinstance(e.event, RequestSubmitted)
    ]
    for submission in submissions:
        if submission.event.service == canary.SERVICE:
            await on_canary(session, submission, keyring)
    submissions = [each for each in submissions if each.event.service != canary.SERVICE]
    firsts: dict[UUID, Submission] = {}
    for submission in submissions:
        firsts.setdefault(submission.event.request_id, submission)
    standing = {request_id: first.event.body_digest for request_id, first in firsts.items()}
    while firsts:
        known = await known_or_numbered(session, list(firsts))
        standing |= {
            request_id: found.body_digest
            for request_id, found in known.items()
            if found.body_digest is not None
        }
        new = [
            _row(firsts[request_id], found.n, keyring)
            for request_id, found in known.items()
            if found.n is not None
        ]
        inserted = await insert_requests(session, new) if new else set()
        # Whoever inserted one at the same moment was first: look again, at those only.
        firsts = {
            row["request_id"]: firsts[row["request_id"]] for row in new if row["request_id"] not in inserted
        }
    # Of one whose contents were removed nobody knows any more what it said.
    others = [
        each for each in submissions if standing[each.event.request_id] not in {"", each.event.body_digest}
    ]
    await _note_other_bodies(session, others)


def _row(submission: Submission, n: int, keyring: Keyring) -> Mapping[str, Any]:
    event, at_rest = submission.event, keyring.at_rest
    _check(event)
    form = read_form(keyring.opener.open(event.sealed_form, purpose="form", request_id=event.request_id))
    person, code = form.person, form.person.personal_identity_code
    number, now, event_id = work_number(n, keyring.work_number_key), datetime.now(timezone.utc), uuid7()
    return {
        **{name: getattr(event, name) for name in COPIED},
        "request_id": event.request_id,
        "work_number": number,
        "submitted_at": event.submitted_at,
        "registered_at": now,
        "due_at": event.due_at,
        "retention_days": event.retention_days,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "phone": person.phone,
        "email": person.email,
        "business_id": person.business_id,
        "name_key": name_key(person.last_name, person.first_name),
        "email_index": at_rest.index_email(person.email),
        "personal_code": at_rest.encrypt(code, event.request_id) if code else None,
        "personal_code_index": at_rest.index_personal_code(code) if code else None,
        "answers_box": at_rest.encrypt_answers(form.answers_json(), event.request_id)
        if form.answers
        else None,
        "event_id": event_id,
        "traceparent": submission.traceparent,
        "value": _registered(event, number, now),
    }


def _registered(event: RequestSubmitted, number: str, now: datetime) -> bytes:
    registered = RequestRegistered(
        request_id=event.request_id,
        work_number=number,
        service=event.service,
        service_title=event.service_title,
        language=event.language,
        queue=event.queue,
        state="received",
        actor_kind="system",
        submitted_at=event.submitted_at,
        due_at=event.due_at,
        occurred_at=now,
        sealed_contact=event.sealed_contact,
        answer_promised=event.answer_promised,
    )
    return registered.__pydantic_serializer__.to_json(registered)


def _check(event: RequestSubmitted) -> None:
    for name in COPIED:
        value = getattr(event, name)
        if not can_be_kept(value) or len(value) > MAX_LENGTHS.get(name, MAX_LENGTH_OF_OTHERS):
            raise Rejected("bad-data", f"{event.type}: {name}")
    if event.retention_days > MAX_RETENTION_DAYS:
        raise Rejected("bad-data", f"{event.type}: retention_days")
    for name in ("submitted_at", "due_at"):
        # Far-off dates overflow where they are shown in local time.
        if getattr(event, name).year not in YEARS:
            raise Rejected("bad-data", f"{event.type}: {name}")


async def _note_other_bodies(session: AsyncSession, others: Iterable[Submission]) -> None:
    """Enter each body that came too late into its request's history, once, however often it comes."""
    for other in others:
        request_id = other.event.request_id
        note_id = uuid5(request_id, other.event.body_digest)
        await session.execute(
            select(TrackedRequest.request_id)
            .where(col(TrackedRequest.request_id) == request_id)
            .with_for_update()
        )
        known = select(HistoryEntry.id).where(
            col(HistoryEntry.request_id) == request_id, col(HistoryEntry.event_id) == note_id
        )
        if await session.scalar(known) is None:
            details = {
                "body_digest": other.event.body_digest[:MAX_LENGTH_OF_OTHERS],
                "submitted_at": other.event.submitted_at.isoformat(),
            }
            now = datetime.now(timezone.utc)
            session.add(
                HistoryEntry(
                    request_id=request_id,
                    event_id=note_id,
                    type=DUPLICATE,
                    occurred_at=now,
                    actor_kind="system",
                    details=details,
                )
            )
            await session.flush()
            log.warning(DUPLICATE, request_id=str(request_id))
