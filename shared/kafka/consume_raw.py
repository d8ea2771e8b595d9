"""Consumes dead letters without decoding them, and tries again until their handler has stored them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars, bound_contextvars

from shared.database.engine import Sessions, is_transient
from shared.kafka.batches import Record, UnreadableRecord
from shared.kafka.connection import KafkaConnection
from shared.kafka.dead_letter import PART, PREFIX
from shared.kafka.group import commit_offsets, group_consumer
from shared.kafka.poll import Polled, poll_for_ever
from shared.kafka.stall_watch import StallWatch
from shared.process.backoff import Backoff
from shared.process.logs import get_log
from shared.web.health import Liveness

log = get_log(__name__)

TRIES_OF_A_BATCH = 3


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as it was read; nothing in it is validated."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


RawHandler: TypeAlias = Callable[[AsyncSession, Sequence[RawRecord]], Awaitable[None]]


class RawConsumer:
    """One loop of a worker.

    Tries again until it succeeds, because there is nowhere else to put such records.
    """

    def __init__(
        self,
        kafka: KafkaConnection,
        group: str,
        topics: Sequence[str],
        *,
        handler: RawHandler,
        sessions: Sessions,
        liveness: Liveness,
    ) -> None:
        self._kafka = kafka
        self._group = group
        self._topics = topics
        self._handler = handler
        self._sessions = sessions
        self._liveness = liveness

    async def run(self) -> None:
        """Consume until cancelled; reconnects after a lost broker."""
        bind_contextvars(group=self._group)
        await poll_for_ever(
            lambda: group_consumer(self._kafka, self._group, self._topics),
            self._keep_and_commit,
            watch=lambda: StallWatch(self._topics),
            alive=self._beat,
        )

    async def _keep_and_commit(self, consumer: AIOKafkaConsumer, polled: Polled) -> None:
        if polled.records:
            await self._keep([_raw(record) for record in polled.records])
        await commit_offsets(consumer, polled.offsets)

    async def _keep(self, records: Sequence[RawRecord], *, pauses: bool = True) -> None:
        """Store records.

        A batch that fails repeatedly is stored record by record, a record at last without its headers.

        The single records are tried without `pauses`, so that many of them take seconds, not minutes.
        """
        backoff = Backoff(first=0.1, most=5.0)
        own_failures = 0
        while True:
            try:
                async with self._sessions.begin() as session:
                    return await self._handler(session, records)
            except Exception as error:
                transient = is_transient(error)
                own_failures += not transient
                smaller = _smaller(records) if own_failures >= TRIES_OF_A_BATCH else ()
                for each in smaller:
                    with bound_contextvars(topic=each.topic, partition=each.partition, offset=each.offset):
                        await self._keep([each], pauses=False)
                if smaller:
                    return None
                log.warning(
                    "raw_records_wait",
                    records=len(records),
                    error=type(error).__name__,
                    exc_info=error if pauses else None,
                )
                self._beat()
                if transient or pauses or own_failures > TRIES_OF_A_BATCH:
                    await backoff.wait()

    def _beat(self) -> None:
        self._liveness.beat(f"consume:{self._group}")


def _smaller(records: Sequence[RawRecord]) -> Sequence[RawRecord]:
    if len(records) > 1:
        return records
    return [replace(record, headers=()) for record in records if record.headers]


def _raw(record: Record) -> RawRecord:
    headers = tuple(record.headers)
    if isinstance(record, UnreadableRecord):
        headers = (
            (PREFIX + "reason", b"unreadable"),
            (PREFIX + "detail", record.fault.encode()),
            (PART, f"unreadable: {record.count} records".encode()),
        )
    return RawRecord(record.topic, record.partition, record.offset, record.key, record.value, headers)
