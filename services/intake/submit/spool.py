"""The spool in PostgreSQL: stores sealed records while Kafka is away."""

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
MAX_COUNTED, MAX_NAMED = 100_000, 1_000


class SpoolAway(Exception):
    """The database did not answer in time.

    The record may be stored all the same, so another attempt must use the same id.
    """


@dataclass(frozen=True, slots=True)
class Waiting:
    """The records that wait for Kafka: how many, and the oldest.

    Each has its time, and the reason if Kafka refused it.
    """

    count: int
    oldest: Sequence[tuple[UUID, datetime, str | None]]


class Spool:
    """Stores, counts and releases records.

    `filled` is false only if a look found nothing and nothing was added since; other processes may add
    meanwhile. `on_add()` is called when this process has added a record.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.filled = True
        self.away = False
        self.on_add: Callable[[], None] = lambda: None
        self._adds = 0

    async def add(self, request_id: UUID, body_digest: bytes, message: Message) -> bytes:
        """Store a record; return the digest of the stored one.

        That is another record's digest if the id was there before. Raises `SpoolAway`.
        """
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
            # The first record may be published between the two statements: then it is accepted, and
            # tracker reports a conflict.
            return bytes(first or body_digest)

        standing = await self._in_time(keep)
        self.filled = True
        self._adds += 1
        self.on_add()
        return standing

    async def digest_of(self, request_id: UUID) -> bytes | None:
        """Return the digest of a waiting record, or `None`; raises `SpoolAway`."""

        async def look(session: AsyncSession) -> bytes | None:
            return await session.scalar(
                select(SpooledRecord.body_digest).where(col(SpooledRecord.request_id) == request_id)
            )

        return await self._in_time(look)

    async def waiting(self) -> Waiting:
        """Count the waiting records, up to `MAX_COUNTED`.

        Return also the oldest `MAX_NAMED` of them. Raises `SpoolAway`.
        """

        async def look(session: AsyncSession) -> Waiting:
            some = select(SpooledRecord.id).limit(MAX_COUNTED).subquery()
            count = await session.scalar(select(func.count()).select_from(some)) or 0
            shown = select(SpooledRecord.request_id, SpooledRecord.spooled_at, SpooledRecord.refused)
            oldest = shown.order_by(col(SpooledRecord.id)).limit(MAX_NAMED)
            return Waiting(
                count,
                [(row.request_id, row.spooled_at, row.refused) for row in await session.execute(oldest)]
                if count
                else [],
            )

        return await self._in_time(look)

    async def send_again(self, request_id: UUID) -> bool:
        """Release a record that Kafka refused, so that it is published; true if there was one.

        Raises `SpoolAway`.
        """

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
        """Look whether a record waits; `filled` stays true if the database does not answer."""

        async def any_there(session: AsyncSession) -> bool:
            return bool(await session.scalar(text("select exists (select from spool)")))

        adds = self._adds
        with suppress(SpoolAway):
            self.filled = await self._in_time(any_there) or self._adds > adds

    async def check(self) -> None:
        """Raise the driver's error if the database does not answer."""
        await ping(self._sessions)

    async def _in_time(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run one transaction within the deadline; run it again if a pooled connection was dead."""
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
