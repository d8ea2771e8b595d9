"""An outbox with a database and a topic of its own, and the processes that publish it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from shared.events.topics import Topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.topics import ensure_topics
from shared.outbox.tables import create
from tests.service.tracker.published_events import read_topic

ROOT = Path(__file__).parents[4]


@dataclass(frozen=True)
class OutboxUnderTest:
    """`entries` hold a request id, and a value that is the entry's place within its request."""

    dsn: str
    kafka: KafkaConnection
    topic: str
    connection: "asyncpg.Connection"
    log: Path

    async def add(self, requests: Sequence[UUID], values: Sequence[bytes]) -> None:
        """Add an entry with each value to each request."""
        rows = [(request, value) for value in values for request in requests]
        await self.connection.executemany("insert into entries (request_id, value) values ($1, $2)", rows)

    async def is_empty(self) -> bool:
        """Return whether everything is published."""
        return not await self.connection.fetchval("select exists (select from entries where refused is null)")

    async def shares(self) -> list[int]:
        """Return how many lanes each owner has."""
        rows = await self.connection.fetch(
            "select count(*) as n from outbox_lanes where owner is not null group by owner order by 1"
        )
        return [row["n"] for row in rows]

    async def published(self) -> dict[UUID, list[bytes]]:
        """Return the values of each request in the order of the log, each at its first place."""
        found: dict[UUID, dict[bytes, None]] = {}
        for record in await read_topic(self.kafka, self.topic):
            found.setdefault(UUID((record.key or b"").decode()), {}).setdefault(record.value or b"")
        return {request: list(values) for request, values in found.items()}

    @asynccontextmanager
    async def process(
        self, dsn: str | None = None, **environment: str
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run a process that publishes; it is killed in the end where it still runs."""
        with self.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.service.shared.outbox.outbox_process",
                dsn or self.dsn,
                self.kafka.bootstrap_servers,
                self.topic,
                cwd=ROOT,
                env=os.environ | environment,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@asynccontextmanager
async def outbox_under_test(dsn: str, kafka: KafkaConnection, folder: Path) -> AsyncIterator[OutboxUnderTest]:
    """Make the tables and the topic."""
    topic = f"test.outbox.{uuid4().hex}"
    await ensure_topics(kafka, [Topic(topic, partitions=3, retention_ms=3_600_000)])
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("""
            create table entries (
                id bigint generated always as identity primary key, request_id uuid not null,
                value bytea not null, refused text)""")
        for statement in create("entries"):
            await connection.execute(statement)
        yield OutboxUnderTest(dsn, kafka, topic, connection, folder / "outbox.log")
    finally:
        await connection.close()
