"""Fills the tables of tracker and notifier with three years of requests."""

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import asyncpg

from proof.bench.growth import rows
from services.tracker.work_number import work_number
from shared.settings import decode_key

CHUNK = 100_000
OLDER_THAN = timedelta(minutes=65)
"""The latest generated request is older than what the services still look at when they start."""
TRACKER, NOTIFIER = (
    "requests, history, mail_outcomes, owed_mails, ledger_counts, alarms",
    "deliveries, outcomes",
)
FAST_FILL = {"synchronous_commit": "off", "jit": "off", "work_mem": "64MB", "maintenance_work_mem": "512MB"}
"""Unsafe but fast settings: a failed fill is simply repeated."""
INDEXES = """
    select format('alter table %I drop constraint %I', $1::text, conname) as dropped,
        format('alter table %I add constraint %I ', $1::text, conname) || pg_get_constraintdef(oid) as made
    from pg_constraint where conrelid = $1::text::regclass and contype in ('p', 'u')
    union all select format('drop index %I', indexname), indexdef from pg_indexes
    where schemaname = 'public' and tablename = $1::text and indexname not in (select conname
        from pg_constraint where conrelid = $1::text::regclass)
"""


async def fill_tables(databases: Mapping[str, str], key: str, total: int) -> None:
    """Empty the tables and fill them with `total` requests; new requests get the numbers after theirs.

    `key` is the stack's `work_number_key`, so that generated and new numbers never collide. What needs no
    numbers is filled first.
    """
    tracker, notifier = (
        asyncpg.create_pool(databases[name], min_size=1, max_size=3, server_settings=FAST_FILL)
        for name in ("tracker", "notifier")
    )
    async with tracker, notifier:
        filling = _Filling(decode_key(key), total, datetime.now(timezone.utc) - OLDER_THAN)
        for pool, tables in ((tracker, TRACKER), (notifier, NOTIFIER)):
            await pool.execute(f"truncate {tables}; {rows.MADE}")
        history, outcomes = (
            filling.fill(tracker, "history", rows.HISTORY),
            filling.fill(tracker, "mail_outcomes", rows.OUTCOMES),
        )
        await asyncio.gather(history, outcomes, filling.number(tracker), filling.number(notifier))
        await asyncio.gather(
            filling.fill(tracker, "requests", (rows.REQUESTS,)),
            filling.fill(notifier, "deliveries", rows.DELIVERIES),
        )
        await tracker.execute(rows.LEDGER, 0, total, total, filling.until)
        await tracker.execute("select setval('work_number_sequence', $1::int, false)", total)
        for pool in (tracker, notifier):
            await pool.execute("drop table bench_population, bench_numbers")
            await pool.execute("vacuum (freeze, analyze)")


@dataclass(frozen=True)
class _Filling:
    key: bytes
    total: int
    until: datetime

    async def number(self, pool: asyncpg.Pool) -> None:
        for first, end in self._chunks():
            lines = await asyncio.to_thread(self._lines, first, end)
            await pool.copy_to_table("bench_numbers", source=io.BytesIO(lines))
        await pool.execute("analyze bench_numbers")

    async def fill(self, pool: asyncpg.Pool, table: str, statements: Sequence[str]) -> None:
        """Fill one table without its indexes and create them afterwards, which is much faster."""
        async with pool.acquire() as connection, connection.transaction():
            indexes = await connection.fetch(INDEXES, table)
            for index in indexes:
                await connection.execute(index["dropped"])
            for first, end in self._chunks():
                for statement in statements:
                    await connection.execute(statement, first, end, self.total, self.until)
            for index in indexes:
                await connection.execute(index["made"])

    def _lines(self, first: int, end: int) -> bytes:
        return b"".join(b"%d\t%s\n" % (n, work_number(n, self.key).encode()) for n in range(first, end))

    def _chunks(self) -> list[tuple[int, int]]:
        return [(first, min(first + CHUNK, self.total)) for first in range(0, self.total, CHUNK)]
