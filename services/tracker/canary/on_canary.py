"""Handles the arrival of a canary, the test request that the system sends itself every minute.

It gets no work number of a citizen and no row among the requests; its registration goes through the history
and the notifier as any other does.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.tracker.models import HistoryEntry
from services.tracker.personal_data.keyring import Keyring
from services.tracker.personal_data.submitted_form import read_form
from shared import canary
from shared.events.envelope import Envelope
from shared.events.mail_outcomes import MailFailed, MailOutcome, MailSent
from shared.events.request_lifecycle import RequestRegistered
from shared.events.request_submitted import RequestSubmitted
from shared.process.logs import get_log

log = get_log(__name__)

EVENT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NUMBERED = text("""
    update canary_runs set request_id = :request_id, numbered_at = now()
    where event_id = :event_id and numbered_at is null returning run
""")
OURS = text("select event_id from canary_runs where event_id = any(cast(:ids as text[]))")
MAILED = text("update canary_runs set mailed_at = coalesce(mailed_at, :at) where event_id = :event_id")
FAILED = text("update canary_runs set error = :error where event_id = :event_id")


async def on_canary(session: AsyncSession, submission: Envelope[RequestSubmitted], keyring: Keyring) -> None:
    """Register one that was sent by us; anybody else who fills in its form gets nothing.

    Raises `Rejected` as a request does.
    """
    event = submission.event
    form = read_form(keyring.opener.open(event.sealed_form, purpose="form", request_id=event.request_id))
    event_id = next((answer.value for answer in form.answers if answer.field == "run"), "")
    if (
        not EVENT_ID.fullmatch(event_id)
        or await session.scalar(NUMBERED, {"request_id": event.request_id, "event_id": event_id}) is None
    ):
        log.info("canary_unknown_or_repeated", request_id=str(event.request_id))
        return
    now = datetime.now(timezone.utc)
    registered = RequestRegistered(
        request_id=event.request_id,
        work_number=canary.WORK_NUMBER,
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
    )
    session.add(
        HistoryEntry(
            request_id=event.request_id,
            event_id=UUID(event_id),
            type=registered.type,
            occurred_at=now,
            actor_kind="system",
            traceparent=submission.traceparent,
            value=registered.__pydantic_serializer__.to_json(registered),
        )
    )
    await session.flush()


async def take_canaries(
    session: AsyncSession, outcomes: Sequence[Envelope[MailOutcome]]
) -> list[Envelope[MailOutcome]]:
    """Note what became of canaries' mails; gives the outcomes of all others."""
    causes = list(
        {outcome.event.cause_id for outcome in outcomes if EVENT_ID.fullmatch(outcome.event.cause_id)}
    )
    ours = {str(each) for each in await session.scalars(OURS, {"ids": causes})}
    for outcome in outcomes:
        values = {"event_id": outcome.event.cause_id}
        if outcome.event.cause_id not in ours:
            continue
        if isinstance(outcome.event, MailSent):
            await session.execute(MAILED, {**values, "at": outcome.event.occurred_at})
        elif isinstance(outcome.event, MailFailed):
            await session.execute(FAILED, {**values, "error": f"mail failed: {outcome.event.reply}"})
    return [outcome for outcome in outcomes if outcome.event.cause_id not in ours]
