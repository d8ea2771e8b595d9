"""Consumes events in batches: one database transaction per batch, committed before the Kafka offsets."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bind_contextvars, bound_contextvars

from shared.database.engine import Sessions, is_transient
from shared.events.envelope import Envelope, decode
from shared.events.event import Event
from shared.events.rejected import Rejected
from shared.kafka.batches import Record, UnreadableRecord
from shared.kafka.connection import KafkaConnection
from shared.kafka.dead_letter import send_dead_letters
from shared.kafka.group import commit_offsets, group_consumer
from shared.kafka.poll import OffsetRange, Polled, poll_for_ever
from shared.kafka.producer import EventProducer
from shared.kafka.stall_watch import StallWatch
from shared.kafka.within import within
from shared.process.backoff import Backoff
from shared.process.crash_points import crash_point
from shared.process.logs import get_log
from shared.web.health import Liveness

log = get_log(__name__)

Pair: TypeAlias = tuple[Record, Envelope[Event]]
AfterCommit: TypeAlias = Callable[[], None]
Handler: TypeAlias = Callable[[AsyncSession, Sequence[Envelope[Event]]], Awaitable[AfterCommit | None]]
"""Handles a batch of events in a session whose transaction the caller commits.

May return a call for after the commit.

Must be idempotent: delivery is at least once.
"""
ReadRecord: TypeAlias = Callable[[Record], Envelope[Event]]
"""Decodes a record; raises `Rejected` for one that this consumer does not want."""
KeepPosition: TypeAlias = Callable[[AsyncSession, Sequence[OffsetRange]], Awaitable[None]]
"""Stores how far a reader has come, in the transaction of the batch."""

TRIES_OF_ONE_RECORD = 4
TRANSACTION_SECONDS = 60.0
"""Each statement has its own limit, but what the driver does with a lost connection has none."""
HANDLER_FAILED = "handler-failed"


def read_event(record: Record) -> Envelope[Event]:
    """Accept any event of the product."""
    return decode(record.value, record.headers)


async def keep_no_position(_session: AsyncSession, _offset_ranges: Sequence[OffsetRange]) -> None:
    """Store nothing: the committed offsets are enough."""


class BatchConsumer:
    """One loop of a worker: `await BatchConsumer(…).run()` works until it is cancelled.

    A batch that fails is tried again record by record. A record goes to `<topic>.dead-letter` when it can
    never succeed (`Rejected`), cannot be decoded, or fails `TRIES_OF_ONE_RECORD` times for a reason of its
    own. Work that fails because a server is unavailable waits for that server without limit. `committed` is
    called after each database commit, `keep_position` within the transaction; `read` decodes the records and
    rejects unwanted ones.
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

    async def run(self) -> None:
        """Consume until cancelled; reconnects after a lost broker."""
        bind_contextvars(group=self._group)
        await poll_for_ever(
            lambda: group_consumer(self._kafka, self._group, self._topics),
            self._process_and_commit,
            watch=lambda: StallWatch(self._topics),
            alive=self._beat,
        )

    async def _process_and_commit(self, consumer: AIOKafkaConsumer, polled: Polled) -> None:
        await self._process(polled)
        if polled.records:
            crash_point(f"{self._group}.after-database-commit")
        await commit_offsets(consumer, polled.offsets)

    async def _process(self, polled: Polled) -> None:
        readable: list[Pair] = []
        rejected: list[tuple[Record, Rejected]] = []
        for record in polled.records:
            try:
                readable.append((record, _envelope(record, self._read)))
            except Rejected as rejection:
                rejected.append((record, rejection))
        if rejected:
            await send_dead_letters(self._producer, rejected, self._group)
        try:
            # What the handler of a single record logs names that record.
            with bound_contextvars(**_names(*readable[0]) if len(readable) == 1 else {}):
                await self._handle(readable, polled.offset_ranges)
        except Exception as error:  # noqa: BLE001  each record is tried alone next
            log.warning("batch_failed", records=len(readable), error=type(error).__name__)
            await self._process_one_by_one(readable)
            # Only after the last record: a position ahead of its records would hide that some were skipped.
            await self._keep_position_alone(polled.offset_ranges)

    async def _process_one_by_one(self, pairs: Sequence[Pair]) -> None:
        refused: list[tuple[Record, Rejected]] = []
        pauses = True
        for pair in pairs:
            with bound_contextvars(**_names(*pair)):
                rejection = await self._process_alone(pair, pauses=pauses)
            if rejection:
                refused.append((pair[0], rejection))
                # Delays are for the first failing record only: if many fail alike, each would delay the rest
                # by a second.
                pauses = pauses and rejection.reason != HANDLER_FAILED
        if refused:
            await send_dead_letters(self._producer, refused, self._group)

    async def _process_alone(self, pair: Pair, *, pauses: bool) -> Rejected | None:
        """Return why a record can never succeed, or `None` when it was handled.

        With `pauses`, its own failures are tried again after growing delays, otherwise at once.
        """
        backoff = Backoff(first=0.1, most=5.0)
        own_failures = 0
        while True:
            try:
                await self._handle([pair])
            except Rejected as rejection:
                return rejection
            except Exception as error:
                transient = is_transient(error)
                own_failures += not transient
                place = {"topic": pair[0].topic, "partition": pair[0].partition, "offset": pair[0].offset}
                log.warning(
                    "record_failed", **place, error=type(error).__name__, exc_info=error if pauses else None
                )
                if own_failures >= TRIES_OF_ONE_RECORD:
                    return Rejected(HANDLER_FAILED, type(error).__name__)
                if not (transient or pauses):
                    continue
                # Waiting for an unavailable server counts as progress: a restart would not help.
                self._beat()
                await backoff.wait()
            else:
                return None

    async def _keep_position_alone(self, offset_ranges: Sequence[OffsetRange]) -> None:
        backoff = Backoff(first=0.1, most=5.0)
        while True:
            try:
                return await self._handle([], offset_ranges)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("position_not_kept", error=type(error).__name__)
                self._beat()
                await backoff.wait()

    async def _handle(self, pairs: Sequence[Pair], offset_ranges: Sequence[OffsetRange] = ()) -> None:
        if not pairs and self._keep_position is keep_no_position:
            return
        after_commit = await within(TRANSACTION_SECONDS, self._transaction(pairs, offset_ranges))
        self._beat()
        if after_commit:
            after_commit()
        self._committed()

    async def _transaction(
        self, pairs: Sequence[Pair], offset_ranges: Sequence[OffsetRange]
    ) -> AfterCommit | None:
        async with self._sessions.begin() as session:
            after_commit = (
                await self._handler(session, [envelope for _, envelope in pairs]) if pairs else None
            )
            await self._keep_position(session, offset_ranges)
        return after_commit

    def _beat(self) -> None:
        self._liveness.beat(f"consume:{self._group}")


def _envelope(record: Record, read: ReadRecord) -> Envelope[Event]:
    if isinstance(record, UnreadableRecord):
        raise Rejected("unreadable", record.fault)
    try:
        return read(record)
    except Rejected:
        raise
    except Exception as error:
        # Any exception of a parser is this record's own fault.
        raise Rejected("unreadable", type(error).__name__) from error


def _names(record: Record, envelope: Envelope[Event]) -> dict[str, object]:
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    return place | {"request_id": str(envelope.event.request_id), "trace": envelope.traceparent}
