"""Reads topics record by record as they came, for what must be kept whatever it holds: dead letters."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.backoff import Backoff
from shared.database import Sessions, is_transient
from shared.health import Liveness
from shared.kafka.connection import KafkaConnection
from shared.kafka.consumer import MAX_BATCH, POLL_MS, Record
from shared.kafka.group import commit_offsets, group_consumer
from shared.kafka.stall_watch import StallWatch
from shared.logs import get_log

log = get_log(__name__)

TRIES = 3


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record with its place; nothing about it is known to be right."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


RawHandler: TypeAlias = Callable[[AsyncSession, Sequence[RawRecord]], Awaitable[None]]


class RawConsumer:
    """One loop of a worker. Whatever fails is tried again until it succeeds: there is nowhere else to put such records."""

    def __init__(
        self, kafka: KafkaConnection, group: str, topics: Sequence[str], *, handler: RawHandler, sessions: Sessions, liveness: Liveness
    ) -> None:
        self._kafka = kafka
        self._group = group
        self._topics = topics
        self._handler = handler
        self._sessions = sessions
        self._liveness = liveness
        self._loop = f"consume:{group}"

    async def run(self) -> None:
        """Consume until cancelled; a lost broker is connected to again."""
        backoff = Backoff(first=0.2, most=5.0)
        while True:
            try:
                async with group_consumer(self._kafka, self._group, self._topics) as consumer:
                    watch = StallWatch(self._topics)
                    while True:
                        polled = await consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_BATCH)
                        self._liveness.beat(self._loop)
                        backoff.reset()
                        if not polled:
                            await watch.still(consumer)
                        else:
                            watch.moved()
                            await self._keep([_raw(record) for records in polled.values() for record in records])
                            await commit_offsets(consumer, {place: records[-1].offset + 1 for place, records in polled.items()}, self._group)
            except (KafkaError, OSError) as error:
                log.warning("consumer_restarts", group=self._group, error=type(error).__name__)
                await backoff.wait()

    async def _keep(self, records: Sequence[RawRecord]) -> None:
        """Keep records, whatever it takes: a batch that cannot be kept is taken apart, a record is kept without its headers at the last."""
        backoff = Backoff(first=0.1, most=5.0)
        own_failures = 0
        while True:
            try:
                async with self._sessions.begin() as session:
                    await self._handler(session, records)
            except Exception as error:
                own_failures += not is_transient(error)
                if own_failures >= TRIES and (smaller := _smaller(records)):
                    for each in smaller:
                        await self._keep([each])
                    return
                log.warning("raw_records_wait", group=self._group, records=len(records), error=type(error).__name__, exc_info=error)
                self._liveness.beat(self._loop)
                await backoff.wait()
            else:
                return


def _smaller(records: Sequence[RawRecord]) -> Sequence[RawRecord]:
    if len(records) > 1:
        return records
    return [replace(record, headers=()) for record in records if record.headers]


def _raw(record: Record) -> RawRecord:
    return RawRecord(record.topic, record.partition, record.offset, record.key, record.value, tuple(record.headers))
