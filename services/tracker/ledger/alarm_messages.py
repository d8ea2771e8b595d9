"""Keeps the next alarm message for each webhook, to send it again until the receiver accepts it.

A retry sends the same message under the same id.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import or_, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from uuid_utils.compat import uuid7

from services.tracker.ledger.alarm_message import message
from services.tracker.ledger.overdue import Overdue
from services.tracker.models import Alarm, AlarmAddress

BATCH_SIZE = 50
UNDELIVERED_AFTER = timedelta(seconds=60)
UNTOLD = or_(
    col(Alarm.told_at).is_(None), col(Alarm.ended_at).is_not(None) & col(Alarm.end_told_at).is_(None)
)
MARK_TAKEN = text("""
    with given as (select *
        from jsonb_to_recordset(cast(cast(:alarms as text) as jsonb)) as given (id bigint,
        ended_at timestamptz))
    update alarms set told_at = coalesce(told_at, now()), end_told_at = case
        when given.ended_at is not null then now() else end_told_at end
    from given where alarms.id = given.id
""")
COUNT_UNTOLD = text("""
    select count(*) from (select from alarms where told_at is null
        or (ended_at is not null and end_told_at is null) limit :most) untold
""")
MAX_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class TakenUp:
    """A message to send now, and how often it has failed."""

    message_id: UUID
    message: dict[str, Any]
    failures: int


def address_of(url: str) -> bytes:
    """Name an address without keeping it: it can hold a secret."""
    return hashlib.sha256(url.encode()).digest()


async def take_up(session: AsyncSession, address: bytes, lease: timedelta) -> TakenUp | None:
    """Return the address' next message if its time has come and no other process sends it.

    For as long as the `lease` it is ours.
    """
    await session.execute(insert(AlarmAddress).values(address=address, failures=0).on_conflict_do_nothing())
    row = await session.get(
        AlarmAddress, address, with_for_update={"skip_locked": True}, populate_existing=True
    )
    now = datetime.now(timezone.utc)
    if row is None or (row.next_try_at and row.next_try_at > now):
        return None
    if row.message is None or row.message_id is None:
        alarms = (
            await session.scalars(select(Alarm).where(UNTOLD).order_by(col(Alarm.id)).limit(BATCH_SIZE))
        ).all()
        if not alarms:
            return None
        row.message_id, row.message = UUID(str(uuid7())), message(alarms)
    row.next_try_at = now + lease
    return TakenUp(row.message_id, row.message, row.failures)


async def mark_taken(session: AsyncSession, address: bytes, taken_up: TakenUp) -> None:
    """Note that the message's alarms are known to somebody."""
    row = await _same_message(session, address, taken_up)
    if row is not None:
        await session.execute(MARK_TAKEN, {"alarms": to_json(taken_up.message["alarms"]).decode()})
        row.message_id = row.message = row.next_try_at = row.failing_since = row.last_error = None
        row.failures = 0


async def mark_failed(
    session: AsyncSession, address: bytes, taken_up: TakenUp, error: str, wait: timedelta
) -> None:
    """Note that the address did not take the message, and when it is tried again."""
    row = await _same_message(session, address, taken_up)
    if row is not None:
        now = datetime.now(timezone.utc)
        row.failures, row.last_error, row.next_try_at = row.failures + 1, error, now + wait
        row.failing_since = row.failing_since or now


async def undelivered(session: AsyncSession, address: bytes | None, now: datetime) -> Overdue:
    """Return the alarms that reach nobody, because the address has taken nothing for too long."""
    row = await session.get(AlarmAddress, address) if address else None
    if row is None or row.failing_since is None or now - row.failing_since < UNDELIVERED_AFTER:
        return Overdue("alarm-undelivered", 0)
    count = await session.scalar(COUNT_UNTOLD, {"most": MAX_COUNTED}) or 0
    return Overdue("alarm-undelivered", count, oldest_at=row.failing_since, note=row.last_error or "")


async def _same_message(session: AsyncSession, address: bytes, taken_up: TakenUp) -> AlarmAddress | None:
    row = await session.get(AlarmAddress, address, with_for_update=True, populate_existing=True)
    return row if row and row.message_id == taken_up.message_id else None
