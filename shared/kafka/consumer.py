"""Reads topics in batches: one transaction a batch, the database committed before the offsets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.backoff import Backoff
from shared.crash_points import crash_point
from shared.database import Sessions, is_transient
from shared.events.envelope import Envelope, decode
from shared.events.event import Event
from shared.health import Liveness
from shared.kafka.dead_letter import bury
from shared.kafka.producer import EventProducer, KafkaUnavailable
from shared.kafka.stall_watch import StallWatch
from shared.kafka.start import start
from shared.logs import get_log
from shared.rejected import Rejected

log = get_log(__name__)

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
Pair: TypeAlias = tuple[Record, Envelope[Event]]
Handler: TypeAlias = Callable[[AsyncSession, Sequence[Envelope[Event]]], Awaitable[None]]
"""Works off a batch of events in a session whose transaction it does not end. It must bear every event twice."""

MAX_BATCH = 500
POLL_MS = 1_000
ANSWER_SECONDS = COMMIT_SECONDS = 15.0
STOP_SECONDS = 5.0
METADATA_MS = 10_000
TRIES_OF_ONE_RECORD = 4


class BatchConsumer:
    """One loop of a worker: `await BatchConsumer(…).run()` works until it is cancelled.

    A batch that fails is tried again record by record. A record that can never succeed (`Rejected`), or that fails `TRIES_OF_ONE_RECORD` times
    for a reason of its own, goes to `<topic>.dead-letter`; what fails because a server is away waits for that server, however long.
    `committed` is called after each database commit.
    """

    def __init__(  # noqa: PLR0913  the loop's wiring, given once by name
        self,
        bootstrap: str,
        group: str,
        topics: Sequence[str],
        *,
        handler: Handler,
        sessions: Sessions,
        producer: EventProducer,
        liveness: Liveness,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._bootstrap = bootstrap
        self._group = group
        self._topics = topics
        self._handler = handler
        self._sessions = sessions
        self._producer = producer
        self._liveness = liveness
        self._committed = committed
        self._loop = f"consume:{group}"

    async def run(self) -> None:
        """Consume until cancelled; a lost broker is connected to again."""
        backoff = Backoff(first=0.2, most=5.0)
        while True:
            try:
                async with group_consumer(self._bootstrap, self._group, self._topics) as consumer:
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

    async def _work_off(self, records: Sequence[Record]) -> None:
        readable: list[Pair] = []
        for record in records:
            try:
                readable.append((record, decode(record.value, record.headers)))
            except Rejected as rejection:
                await self._bury(record, rejection)
        if not readable:
            return
        try:
            await self._handle(readable)
        except Exception as error:  # noqa: BLE001  each record is tried alone, where every failure is told apart
            log.warning("batch_failed", group=self._group, records=len(readable), error=type(error).__name__)
            for pair in readable:
                await self._work_off_alone(pair)

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

    async def _handle(self, pairs: Sequence[Pair]) -> None:
        async with self._sessions.begin() as session:
            await self._handler(session, [envelope for _, envelope in pairs])
        self._liveness.beat(self._loop)
        self._committed()

    async def _bury(self, record: Record, rejection: Rejected) -> None:
        await bury(self._producer, record, rejection, self._group)


@contextlib.asynccontextmanager
async def group_consumer(bootstrap: str, group: str, topics: Sequence[str]) -> AsyncIterator[AIOKafkaConsumer]:
    """Join a group for as long as the context lasts; offsets are committed by hand."""
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        group_id=group,
        client_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_500,
        max_poll_interval_ms=600_000,
        metadata_max_age_ms=METADATA_MS,
    )
    try:
        await start(consumer)
        yield consumer
    finally:
        await _leave(consumer)


async def _leave(consumer: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await consumer.stop()
    except Exception:  # noqa: BLE001  whatever it was, the consumer is left behind
        # Half a stop goes on heartbeating: a member that nobody polls for would keep its partitions.
        coordinator = consumer._coordinator  # noqa: SLF001  aiokafka has no other way to end a stop that hangs
        for name in ("_coordination_task", "_heartbeat_task", "_commit_refresh_task"):
            if task := getattr(coordinator, name, None):
                task.cancel()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(STOP_SECONDS):
                await consumer._client.close()  # noqa: SLF001  as above


async def commit_offsets(consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int], group: str) -> None:
    """Commit offsets; partitions that went to another member in the meantime are left to it.

    Raises `TimeoutError` when the broker does not answer: a commit that was under way when the broker went can wait for ever.
    """
    try:
        async with asyncio.timeout(COMMIT_SECONDS):
            await consumer.commit(offsets)
    except (CommitFailedError, IllegalStateError) as error:
        # The partitions went to another member in mid-batch: it reads these records again, and the handlers bear that.
        log.warning("commit_after_rebalance", group=group, error=type(error).__name__)
