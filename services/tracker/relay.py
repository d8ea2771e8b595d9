"""Publishes the history: unpublished entries go to `requests.lifecycle` in order, by one relay in the cluster at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from asyncpg.exceptions import InterfaceError, PostgresError

from shared.backoff import Backoff
from shared.crash_points import crash_point
from shared.database import connect
from shared.events.envelope import Message, context_headers
from shared.events.topics import LIFECYCLE
from shared.health import Liveness
from shared.kafka.producer import EventProducer, KafkaUnavailable
from shared.logs import get_log

log = get_log(__name__)

SOURCE = "/asiointi/tracker"
CHANNEL = "history"
LOCK = 4_711_002
MOST = 500
FALLBACK_SECONDS = 1.0
SEND_SECONDS = 20.0
AWAY = (OSError, TimeoutError, PostgresError, InterfaceError)

# A lost mark only publishes an entry again, which readers drop by its id; so marks need not wait for the disk.
# A plan made while the table was small would read all of it until the next ANALYZE; both statements have their index.
CONNECTION_SETTINGS = {"application_name": "asiointi-relay", "synchronous_commit": "off", "enable_seqscan": "off"}

UNPUBLISHED = """
    select id, request_id, event_id, type, occurred_at, traceparent, value from history where value is not null order by id limit $1
"""
MARK = "update history set value = null, published_at = now() where id = any($1::bigint[]) and value is not null"


class Relay:
    """One loop of a worker: `await Relay(…).run()` works until it is cancelled.

    `wake()` says that this process committed new entries; other processes say so with `notify history`. Whoever holds the advisory lock publishes,
    the others stand by. An entry is marked after the broker's ack, so one may be published twice, but never in another order.
    """

    loop = "relay"

    def __init__(self, dsn: str, producer: EventProducer, liveness: Liveness, *, send_seconds: float = SEND_SECONDS) -> None:
        self._dsn = dsn
        self._producer = producer
        self._liveness = liveness
        self._send_seconds = send_seconds
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look for new entries now."""
        self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled, whether or not PostgreSQL and Kafka are there."""
        backoff = Backoff(first=0.1, most=2.0)
        while True:
            try:
                async with self._connection() as connection:
                    await self._stand_by(connection)
                    log.info("relay_leads")
                    await connection.add_listener(CHANNEL, lambda *_: self.wake())
                    backoff.reset()
                    await self._publish_for_ever(connection)
            except AWAY as error:
                log.warning("relay_restarts", error=type(error).__name__)
                self._liveness.beat(self.loop)
                await backoff.wait()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["asyncpg.Connection"]:
        connection = await connect(self._dsn, server_settings=CONNECTION_SETTINGS)
        try:
            yield connection
        finally:
            # Not `close()`: it would wait for the answer of a server that may be gone, and the lock must go with the connection.
            connection.terminate()

    async def _stand_by(self, connection: "asyncpg.Connection") -> None:
        while not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):
            if await self._wait():
                await connection.execute(f"notify {CHANNEL}")

    async def _publish_for_ever(self, connection: "asyncpg.Connection") -> None:
        backoff = Backoff(first=0.1, most=2.0)
        while True:
            self._liveness.beat(self.loop)
            try:
                published = await self._publish(connection)
            except KafkaUnavailable as error:
                log.warning("relay_waits_for_kafka", error=str(error))
                await backoff.wait()
                continue
            backoff.reset()
            if published < MOST:
                await self._wait()

    async def _publish(self, connection: "asyncpg.Connection") -> int:
        rows = await connection.fetch(UNPUBLISHED, MOST)
        if rows:
            await self._producer.send_all(LIFECYCLE, map(_message, rows), within=self._send_seconds)
            crash_point("tracker.relay.after-ack")
            await connection.execute(MARK, [row["id"] for row in rows])
        return len(rows)

    async def _wait(self) -> bool:
        """Wait to be woken, but not for ever: says whether somebody did."""
        self._liveness.beat(self.loop)
        try:
            async with asyncio.timeout(FALLBACK_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return False
        finally:
            self._woken.clear()
        return True


def _message(row: "asyncpg.Record") -> Message:
    headers = context_headers(row["type"], str(row["event_id"]), SOURCE, row["occurred_at"], row["traceparent"])
    return Message(str(row["request_id"]).encode(), row["value"], headers)
