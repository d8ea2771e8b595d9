"""Decides which records on `requests.submitted` were made by intake.

A record has intake's MAC, or it lay there before intake signed: how far that goes in each partition is
recorded once, at the upgrade (`python -m deploy.prepare`). Times do not count: they are the sender's.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.crypto.record_mac import RecordHeaders, RecordVerifier, has_mac
from shared.database.connection import connect
from shared.database.engine import Sessions, is_transient
from shared.events.envelope import Envelope, decode
from shared.events.event import Event
from shared.events.rejected import Rejected
from shared.kafka.batches import Record
from shared.kafka.consume import ReadRecord
from shared.kafka.worker import WaitForReader
from shared.process.backoff import Backoff
from shared.process.logs import get_log

log = get_log(__name__)

UnsignedBefore: TypeAlias = Mapping[int, int]
"""The first offset of each partition from which on every record has to be signed."""

READ = text("select partition, next_offset from unsigned_before")
IS_RECORDED = "select exists (select from unsigned_before)"
RECORD_FIRST = """
    insert into unsigned_before (partition, next_offset)
    select * from unnest($1::int[], $2::bigint[]) where not exists (select from unsigned_before)
    on conflict do nothing
"""
RECORD_AGAIN = """
    insert into unsigned_before (partition, next_offset) select * from unnest($1::int[], $2::bigint[])
    on conflict (partition) do update set next_offset = excluded.next_offset
"""


class FromIntake:
    """Knows intake's keys, and how far unsigned records reach."""

    def __init__(self, verifier: RecordVerifier, unsigned_before: UnsignedBefore) -> None:
        self._verifier = verifier
        self._unsigned_before = unsigned_before

    def accepts(
        self, partition: int, offset: int, key: bytes | None, value: bytes | None, headers: RecordHeaders
    ) -> bool:
        """Return whether intake made the record that first lay at this place of `requests.submitted`."""
        headers = list(headers)
        if has_mac(headers):
            return self._verifier.verify(key, value, headers)
        return offset < self._unsigned_before.get(partition, 0)

    def read(self, record: Record) -> Envelope[Event]:
        """Read a record that intake made; raises `Rejected` for any other."""
        if not self.accepts(record.partition, record.offset, record.key, record.value, record.headers):
            raise Rejected("not-from-intake", "wrong MAC" if has_mac(record.headers) else "no MAC")
        return decode(record.value, record.headers)


async def read_unsigned_before(session: AsyncSession) -> UnsignedBefore:
    """Return what was written down at the upgrade."""
    return {row.partition: row.next_offset for row in await session.execute(READ)}


async def wait_for_unsigned_before(sessions: Sessions, alive: Callable[[], None]) -> UnsignedBefore:
    """Return the same as soon as the database is there."""
    backoff = Backoff(first=0.1, most=5.0)
    while True:
        alive()
        try:
            async with sessions.begin() as session:
                return await read_unsigned_before(session)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("unsigned_offsets_not_read", error=type(error).__name__)
            await backoff.wait()


def from_intake(verifier: RecordVerifier) -> WaitForReader:
    """Make what waits for the database and then reads only records that intake made."""

    async def wait(sessions: Sessions, alive: Callable[[], None]) -> ReadRecord:
        return FromIntake(verifier, await wait_for_unsigned_before(sessions, alive)).read

    return wait


async def is_unsigned_before_recorded(dsn: str) -> bool:
    """Return whether that was recorded before."""
    connection = await connect(dsn)
    try:
        return bool(await connection.fetchval(IS_RECORDED))
    finally:
        await connection.close()


async def record_unsigned_before(dsn: str, ends: UnsignedBefore, *, again: bool = False) -> None:
    """Record how far unsigned records reach.

    Unless `again`, the first time only, for one beyond is not intake's.
    """
    connection = await connect(dsn)
    try:
        await connection.execute(RECORD_AGAIN if again else RECORD_FIRST, list(ends), list(ends.values()))
    finally:
        await connection.close()
