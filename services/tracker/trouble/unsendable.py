"""Lists history entries that Kafka refused; an operator has them sent again, or settles them."""

from collections.abc import Sequence
from datetime import datetime, timezone
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.tracker.handle.publish_history import NOTIFY_PUBLISHER
from services.tracker.models import HistoryEntry, OwedMail
from shared.process.logs import get_log
from shared.web.problems import NotFound

log = get_log(__name__)

MAX_SHOWN = 100
REFUSED = (col(HistoryEntry.value).is_not(None), col(HistoryEntry.refused).is_not(None))


async def list_unsendable(session: AsyncSession) -> Sequence[HistoryEntry]:
    """Return what waits for an operator, oldest first."""
    return (
        await session.scalars(
            select(HistoryEntry).where(*REFUSED).order_by(col(HistoryEntry.id)).limit(MAX_SHOWN)
        )
    ).all()


async def send_unsendable_again(session: AsyncSession, event_id: UUID, by: str) -> HistoryEntry:
    """Have an entry published, after those that went meanwhile.

    One that Kafka refuses once more waits here again. Raises `NotFound`.
    """
    entry = await _waiting(session, event_id)
    entry.refused = None
    await session.flush()
    await session.execute(NOTIFY_PUBLISHER)
    log.info("unsendable_sent_again", event_id=str(event_id), request_id=str(entry.request_id), by=by)
    return entry


async def settle_unsendable(session: AsyncSession, event_id: UUID, by: str) -> HistoryEntry:
    """Settle the matter without the event, and with it the mail that the event owed. Raises `NotFound`."""
    entry, now = await _waiting(session, event_id), datetime.now(timezone.utc)
    entry.value, entry.details = (
        None,
        {**(entry.details or {}), "settled_by": by, "settled_at": now.isoformat()},
    )
    owed = update(OwedMail).where(col(OwedMail.event_id) == str(event_id), col(OwedMail.failed_at).is_(None))
    await session.execute(owed.values(failed_at=now, settled_at=now, settled_by=by))
    await session.flush()
    log.info("unsendable_settled", event_id=str(event_id), request_id=str(entry.request_id), by=by)
    return entry


async def _waiting(session: AsyncSession, event_id: UUID) -> HistoryEntry:
    entry = await session.scalar(
        select(HistoryEntry).where(*REFUSED, col(HistoryEntry.event_id) == event_id).with_for_update()
    )
    if entry is None:
        raise NotFound("There is no such entry, or it was dealt with")
    return entry
