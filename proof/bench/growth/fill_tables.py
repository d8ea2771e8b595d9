"""Fills the tables of tracker and notifier as if three years had passed."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import asyncpg

from proof.bench.growth import numbers, population, rows
from proof.bench.growth.bare_servers import BareServers
from proof.bench.growth.bare_tables import drop_indexes

CHUNK = 100_000
QUIET = timedelta(minutes=65)
"""The latest filled request is older than what the services still look at when they start."""
TABLES = {"tracker": ("requests", "history", "mail_outcomes", "owed_mails", "ledger_counts", "alarms"), "notifier": ("deliveries", "outcomes")}
MADE = "bench_population, bench_numbers"


async def fill_tables(servers: BareServers, total: int) -> None:
    """Empty the tables and fill them with `total` requests; the next new request gets the number after theirs."""
    await _Filling(servers, total, datetime.now(timezone.utc) - QUIET).run()


@dataclass(frozen=True)
class _Filling:
    servers: BareServers
    total: int
    until: datetime

    async def run(self) -> None:
        """Fill what needs no work numbers first; they are computed meanwhile."""
        await asyncio.gather(*(self._begin(service) for service in TABLES))
        numbered = asyncio.create_task(self._number())
        await asyncio.gather(self._fill("tracker", "history", rows.HISTORY), self._fill("tracker", "mail_outcomes", rows.OUTCOMES), numbered)
        await asyncio.gather(self._fill("tracker", "requests", (rows.REQUESTS,)), self._fill("notifier", "deliveries", rows.DELIVERIES))
        await asyncio.gather(*(self._end(service) for service in TABLES))

    async def _begin(self, service: str) -> None:
        connection = await self._connect(service)
        await connection.execute(f"truncate {', '.join(TABLES[service])}; drop table if exists {MADE}; {population.TABLE}; {numbers.TABLE}")
        await connection.copy_records_to_table("bench_population", records=population.population())
        await connection.execute("analyze bench_population")
        await connection.close()

    async def _number(self) -> None:
        connections = await asyncio.gather(*map(self._connect, TABLES))
        for first, end in self._chunks():
            lines = await asyncio.to_thread(numbers.numbers_to_copy, first, end, self.servers.secrets["work_number_key"])
            await asyncio.gather(*(each.copy_to_table("bench_numbers", source=io.BytesIO(lines)) for each in connections))
        await asyncio.gather(*(each.execute("analyze bench_numbers") for each in connections))
        await asyncio.gather(*(each.close() for each in connections))

    async def _fill(self, service: str, table: str, statements: Sequence[str]) -> None:
        """Fill one table without its indexes, in the transaction that emptied it, and make them again."""
        connection = await self._connect(service)
        async with connection.transaction():
            await connection.execute(f'truncate "{table}"')
            indexes = await drop_indexes(connection, table)
            for first, end in self._chunks():
                for statement in statements:
                    await connection.execute(statement, first, end, self.total, self.until)
            for index in indexes:
                await connection.execute(index)
        await connection.close()

    async def _end(self, service: str) -> None:
        connection = await self._connect(service)
        if service == "tracker":
            await connection.execute(rows.LEDGER, 0, self.total, self.total, self.until)
            await connection.execute("select setval('work_number_sequence', $1::int, false)", self.total)
        await connection.execute(f"drop table {MADE}")
        await connection.execute("vacuum (freeze, analyze)")
        await connection.close()

    def _chunks(self) -> list[tuple[int, int]]:
        return [(first, min(first + CHUNK, self.total)) for first in range(0, self.total, CHUNK)]

    async def _connect(self, service: str) -> "asyncpg.Connection":
        connection: asyncpg.Connection = await asyncpg.connect(self.servers.databases[service])
        return connection
