"""The spool in PostgreSQL: keeps sealed records while Kafka is away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.intake.models import SpooledRecord
from shared.database.engine import DATABASE_ERRORS, Sessions, is_transient, ping
from shared.events.envelope import Message
from shared.process.logs import get_log

log = get_log(__name__)

T = TypeVar("T")

DEADLINE_SECONDS = 3.0
TRIES = 2
MOST_COUNTED, MOST_NAMED = 100_000, 1_000


class SpoolAway(Exception):
    """The database did not answer in time. A record may be kept all the same: whatever is done instead must carry the same id."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for Kafka: how many records, and the oldest of them with the time since when, and why where Kafka refused them."""

    count: int
    oldest: Sequence[tuple[UUID, datetime, str | None]]


class Spool:
    """`filled` is false only when a look has found nothing and nothing was added since; other processes may add meanwhile.

    `on_add()` is called when this process has added a record.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.filled = True
        self.away = False
        self.on_add: Callable[[], None] = lambda: None
        self._adds = 0

    async def add(self, request_id: UUID, body_digest: bytes, message: Message) -> bytes:
        """Keep a record; gives the digest of the one that stands, which is another's where the id was there first. Raises `SpoolAway`."""
        row = {
            "request_id": request_id,
            "body_digest": body_digest,
            "value": message.value,
            "headers": [[name, (value or b"").decode()] for name, value in message.headers],
        }

        async def keep(session: AsyncSession) -> bytes:
            unless_there = (
                insert(SpooledRecord).values(row).on_conflict_do_nothing(index_elements=["request_id"])
            )
            kept = await session.scalar(unless_there.returning(col(SpooledRecord.body_digest)))
            first = kept or await session.scalar(
                select(SpooledRecord.body_digest).where(col(SpooledRecord.request_id) == request_id)
            )
            # Between the two statements the first may have been published: then it has been accepted, and tracker tells a conflict.
            return bytes(first or body_digest)

        standing = await self._in_time(keep)
        self.filled = True
        self._adds += 1
        self.on_add()
        return standing

    async def digest_of(self, request_id: UUID) -> bytes | None:
        """Give the digest of a waiting record, or `None` where there is none; raises `SpoolAway`."""

        async def look(session: AsyncSession) -> bytes | None:
            return await session.scalar(
                select(SpooledRecord.body_digest).where(col(SpooledRecord.request_id) == request_id)
            )

        return await self._in_time(look)

    async def waiting(self) -> Waiting:
        """Tell how many records wait, counted up to `MOST_COUNTED`, and the oldest `MOST_NAMED` of them; raises `SpoolAway`."""

        async def look(session: AsyncSession) -> Waiting:
            some = select(SpooledRecord.id).limit(MOST_COUNTED).subquery()
            count = await session.scalar(select(func.count()).select_from(some)) or 0
            shown = select(SpooledRecord.request_id, SpooledRecord.spooled_at, SpooledRecord.refused)
            oldest = shown.order_by(col(SpooledRecord.id)).limit(MOST_NAMED)
            return Waiting(
                count,
                [(row.request_id, row.spooled_at, row.refused) for row in await session.execute(oldest)]
                if count
                else [],
            )

        return await self._in_time(look)

    async def send_again(self, request_id: UUID) -> bool:
        """Have a record that Kafka refused published; says whether there was one. Raises `SpoolAway`."""

        async def clear(session: AsyncSession) -> bool:
            refused = col(SpooledRecord.refused).is_not(None), col(SpooledRecord.request_id) == request_id
            return (
                await session.scalar(
                    update(SpooledRecord)
                    .where(*refused)
                    .values(refused=None)
                    .returning(col(SpooledRecord.id))
                )
                is not None
            )

        cleared = await self._in_time(clear)
        self.on_add()
        return cleared

    async def look(self) -> None:
        """Find out whether anything waits; `filled` stays true where the database does not answer."""

        async def any_there(session: AsyncSession) -> bool:
            return bool(await session.scalar(text("select exists (select from spool)")))

        adds = self._adds
        with suppress(SpoolAway):
            self.filled = await self._in_time(any_there) or self._adds > adds

    async def check(self) -> None:
        """Raise what the driver raises where the database does not answer."""
        await ping(self._sessions)

    async def _in_time(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do one transaction within the deadline; once more where a pooled connection turned out to be dead."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                for last in (False, True):
                    try:
                        async with self._sessions.begin() as session:
                            result = await work(session)
                    except DATABASE_ERRORS as error:
                        if last or not is_transient(error):
                            raise
                    else:
                        self.away = False
                        return result
                raise AssertionError  # the loop returns or raises
        except DATABASE_ERRORS as error:
            self.away = True
            log.warning("spool_away", error=type(error).__name__)
            raise SpoolAway(type(error).__name__) from error
