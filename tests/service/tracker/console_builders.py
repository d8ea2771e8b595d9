"""What tracker keeps about mails and dead letters, for the console to show."""

import base64
from typing import Any

from services.tracker.models import DeadLetter, MailOutcomeEntry, TrackedRequest
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from shared.events.envelope import Message
from shared.events.topics import SUBMITTED
from tests.service.tracker.builders import INTAKE, NOW, submission
from tests.service.tracker.database import register_one


def mail_outcome(request: TrackedRequest, kind: str, reply: str | None = None) -> MailOutcomeEntry:
    return MailOutcomeEntry(
        request_id=request.request_id,
        event_id=kind,
        type=kind,
        occurred_at=NOW,
        cause_id="c",
        template="receipt",
        message_id="<m>",
        attempt=1,
        reply=reply,
    )


def dead_letter(value: bytes) -> DeadLetter:
    record = INTAKE.sign(Message(b"k", value, [("ce_type", b"request.submitted.v1")]))
    return DeadLetter(
        origin_topic=SUBMITTED,
        origin_partition=0,
        origin_offset=7,
        origin_group="tracker",
        digest=b"d",
        reason="bad-form",
        detail="person.email",
        buried_at=NOW,
        key=record.key,
        value=record.value,
        headers=[[name, base64.b64encode(text or b"").decode()] for name, text in record.headers],
    )


async def register_tracked(sessions: Sessions, keyring: Keyring, **changes: Any) -> TrackedRequest:  # noqa: ANN401  as `submission`
    """Register a request as tracker's worker does, and give it."""
    request_id = await register_one(sessions, keyring, submission(**changes))
    async with sessions() as session:
        return await session.get_one(TrackedRequest, request_id)
