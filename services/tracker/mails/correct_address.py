"""Corrects the e-mail address of a request, for all its later mails."""

from datetime import datetime, timezone

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.tracker.domain import By
from services.tracker.handle.lifecycle_event import contact_corrected
from services.tracker.handle.publish_history import NOTIFY_PUBLISHER
from services.tracker.models import HistoryEntry, TrackedRequest
from services.tracker.personal_data.keyring import Keyring
from shared.process.logs import get_log
from shared.text.greeted_name import greeted_name

log = get_log(__name__)


async def correct_address(
    session: AsyncSession, request: TrackedRequest, email: str, by: By, keyring: Keyring
) -> None:
    """Change the address of a locked request, seal it to notifier, and record that in the history."""
    contact = to_json(
        {
            "email": email,
            "first_name": greeted_name(request.first_name, identified=request.authentication == "strong"),
        }
    )
    request.sealed_contact = keyring.to_notifier.seal(
        contact, purpose="contact", request_id=request.request_id
    )
    request.email, request.email_index = email, keyring.at_rest.index_email(email)
    now = datetime.now(timezone.utc)
    event = contact_corrected(request, actor_kind=by.kind, actor=by.name, occurred_at=now)
    session.add(
        HistoryEntry(
            request_id=request.request_id,
            event_id=uuid7(),
            type=event.type,
            occurred_at=now,
            actor_kind=by.kind,
            actor=by.name,
            value=to_json(event),
        )
    )
    await session.flush()
    await session.execute(NOTIFY_PUBLISHER)
    log.info("address_corrected", request_id=str(request.request_id), by=by.name)
