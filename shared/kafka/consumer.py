"""Reads topics in batches: one transaction a batch, the database committed before the offsets."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.backoff import Backoff
from shared.crash_points import crash_point
from shared.database import Sessions, is_transient
from shared.events.envelope import Envelope, decode
from shared.events.event import Event
from shared.health import Liveness
from shared.kafka.connection import KafkaConnection
from shared.kafka.dead_letter import bury
from shared.kafka.group import commit_offsets, group_consumer
from shared.kafka.producer import EventProducer, KafkaUnavailable
from shared.kafka.stall_watch import StallWatch
from shared.logs import get_log
from shared.rejected import Rejected

log = get_log(__name__)

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
Pair: TypeAlias = tuple[Record, Envelope[Event]]
Handler: TypeAlias = Callable[[AsyncSession, Sequence[Envelope[Event]]], Awaitable[None]]
"""Works off a batch of events in a session whose transaction it does not end. It must bear every event twice."""


ReadRecord: TypeAlias = Callable[[Record], Envelope[Event]]
"""Reads a record; raises `Rejected` for one that is none of those that are wanted."""


def read_event(record: Record) -> Envelope[Event]:
    """Take any event of ours."""
    return decode(record.value, record.headers)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Records of one partition that were dealt with: from offset `first` to before `next`."""

    topic: str
    partition: int
    first: int
    next: int


KeepPosition: TypeAlias = Callable[[AsyncSession, Sequence[Stretch]], Awaitable[None]]
"""Writes down how far a reader has come, in the transaction of the batch itself."""


async def keep_no_position(_session: AsyncSession, _stretches: Sequence[Stretch]) -> None:
    """Leave it to the committed offsets alone."""


MAX_BATCH = 500
POLL_MS = 1_000
GATHER_SECONDS, FEW = 0.01, range(2, 100)
"""After a poll of a few records a loop rests so long: under load the next ones gather meanwhile. Who comes alone never waits, nor does a backlog."""
ANSWER_SECONDS = 15.0
TRIES_OF_ONE_RECORD = 4


class BatchConsumer:
    """One loop of a worker: `await BatchConsumer(…).run()` works until it is cancelled.

    A batch that fails is tried again record by record. A record that can never succeed (`Rejected`), or that fails `TRIES_OF_ONE_RECORD` times
    for a reason of its own, goes to `<topic>.dead-letter`; what fails because a server is away waits for that server, however long.
    `committed` is called after each database commit, `keep_position` within the transaction; `read` says which records are wanted.
    """

    def __init__(  # noqa: PLR0913  the loop's wiring, given once by name
        self,
        kafka: KafkaConnection,
        group: str,
        topics: Sequence[str],
        *,
        handler: Handler,
        sessions: Sessions,
        producer: EventProducer,
        liveness: Liveness,
        committed: Callable[[], None] = lambda: None,
        keep_position: KeepPosition = keep_no_position,
        read: ReadRecord = read_event,
    ) -> None:
        self._kafka = kafka
        self._group = group
        self._topics = topics
        self._handler = handler
        self._sessions = sessions
        self._producer = producer
        self._liveness = liveness
        self._committed = committed
        self._keep_position = keep_position
        self._read = read
        self._loop = f"consume:{group}"

    async def run(self) -> None:
        """Consume until cancelled; a lost broker is connected to again."""
        backoff = Backoff(first=0.2, most=5.0)
        while True:
            try:
                async with group_consumer(self._kafka, self._group, self._topics) as consumer:
                    watch = StallWatch(self._topics)
                    while True:
                        await self._work_off_one_poll(consumer, watch)
                        backoff.reset()
            except (KafkaError, KafkaUnavailable, OSError) as error:
                log.warning("consumer_restarts", group=self._group, error=type(error).__name__)
                await backoff.wait()

    async def _work_off_one_poll(self, consumer: AIOKafkaConsumer, watch: StallWatch) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            polled = await consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_BATCH)
        self._liveness.beat(self._loop)
        if not polled:
            await watch.still(consumer)
            return
        watch.moved()
        await self._work_off([record for records in polled.values() for record in records])
        crash_point(f"{self._group}.after-database-commit")
        offsets = {partition: records[-1].offset + 1 for partition, records in polled.items()}
        await commit_offsets(consumer, offsets, self._group)
        if sum(map(len, polled.values())) in FEW:
            await asyncio.sleep(GATHER_SECONDS)

    async def _work_off(self, records: Sequence[Record]) -> None:
        readable: list[Pair] = []
        for record in records:
            try:
                readable.append((record, self._read(record)))
            except Rejected as rejection:
                await self._bury(record, rejection)
        try:
            await self._handle(readable, _stretches(records))
        except Exception as error:  # noqa: BLE001  each record is tried alone, where every failure is told apart
            log.warning("batch_failed", group=self._group, records=len(readable), error=type(error).__name__)
            for pair in readable:
                await self._work_off_alone(pair)
            # After the last of them: a position that is ahead of its records would hide that they were skipped.
            await self._keep_position_alone(_stretches(records))

    async def _work_off_alone(self, pair: Pair) -> None:
        backoff = Backoff(first=0.1, most=5.0)
        own_failures = 0
        while True:
            try:
                await self._handle([pair])
            except Rejected as rejection:
                await self._bury(pair[0], rejection)
            except Exception as error:
                if not is_transient(error):
                    own_failures += 1
                log.warning(
                    "record_failed", group=self._group, event_id=pair[1].id, tries=backoff.tries + 1, error=type(error).__name__, exc_info=error
                )
                if own_failures >= TRIES_OF_ONE_RECORD:
                    await self._bury(pair[0], Rejected("handler-failed", type(error).__name__))
                    return
                # Waiting for a server that is away is progress: a restart would not bring it back.
                self._liveness.beat(self._loop)
                await backoff.wait()
                continue
            return

    async def _keep_position_alone(self, stretches: Sequence[Stretch]) -> None:
        backoff = Backoff(first=0.1, most=5.0)
        while True:
            try:
                return await self._handle([], stretches)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("position_not_kept", group=self._group, error=type(error).__name__)
                self._liveness.beat(self._loop)
                await backoff.wait()

    async def _handle(self, pairs: Sequence[Pair], stretches: Sequence[Stretch] = ()) -> None:
        async with self._sessions.begin() as session:
            if pairs:
                await self._handler(session, [envelope for _, envelope in pairs])
            await self._keep_position(session, stretches)
        self._liveness.beat(self._loop)
        self._committed()

    async def _bury(self, record: Record, rejection: Rejected) -> None:
        await bury(self._producer, record, rejection, self._group)


def _stretches(records: Sequence[Record]) -> list[Stretch]:
    first: dict[tuple[str, int], int] = {}
    following: dict[tuple[str, int], int] = {}
    for record in records:
        first.setdefault((record.topic, record.partition), record.offset)
        following[record.topic, record.partition] = record.offset + 1
    return [Stretch(*place, offset, following[place]) for place, offset in first.items()]
