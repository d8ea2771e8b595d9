"""Reads topics without a consumer group: every process sees every record, starting a little in the past."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events.rejected import Rejected
from shared.kafka.batches import Record, UnreadableRecord
from shared.kafka.connection import KafkaConnection
from shared.kafka.make_consumer import make_consumer
from shared.kafka.poll import Polled, poll_for_ever
from shared.kafka.stall_watch import StallWatch, own_positions
from shared.kafka.start import STOP_SECONDS, start
from shared.kafka.within import within
from shared.process.logs import get_log

log = get_log(__name__)

GATHERED_BYTES = 1_000_000


async def follow_topics(
    kafka: KafkaConnection,
    topics: Sequence[str],
    read: Callable[[Record], None],
    *,
    back_seconds: float,
    most: int,
    patience_ms: int = 0,
) -> None:
    """Pass each record to `read` for ever, starting `back_seconds` ago.

    It starts at most about `most` records of each topic back. An exception from `read` concerns that record
    only. With `patience_ms` the broker may collect records for so long before it answers, which saves most of
    the work where delay does not matter. After a lost connection reading continues at the same offset or a
    little earlier.
    """
    positions: dict[TopicPartition, int] = {}

    @contextlib.asynccontextmanager
    async def connect() -> AsyncIterator[AIOKafkaConsumer]:
        consumer = make_consumer(
            kafka,
            group_id=None,
            auto_offset_reset="latest",
            fetch_min_bytes=GATHERED_BYTES if patience_ms else 1,
            fetch_max_wait_ms=patience_ms or 500,
        )
        try:
            await start(consumer)
            await _seek(consumer, topics, positions, back_seconds=back_seconds, most=most)
            yield consumer
        finally:
            with contextlib.suppress(Exception):
                await within(STOP_SECONDS, consumer.stop())

    async def work(consumer: AIOKafkaConsumer, polled: Polled) -> None:
        for record in polled.records:
            _read_one(record, read)
        positions.update(polled.offsets)
        if sum(len(consumer.partitions_for_topic(topic) or ()) for topic in topics) > len(
            consumer.assignment()
        ):
            # A new connection is needed to read them.
            raise ConnectionError("partitions were added")

    await poll_for_ever(connect, work, watch=lambda: StallWatch(topics, positions=own_positions))


def _read_one(record: Record, read: Callable[[Record], None]) -> None:
    try:
        if isinstance(record, UnreadableRecord):
            raise Rejected("unreadable", record.fault)  # noqa: TRY301  logged as any other bad record
        read(record)
    except Exception as error:  # noqa: BLE001  no record may stop the reader
        # The topic's own consumer decides whether it is a dead letter.
        place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        log.warning("unreadable_record", **place, error=type(error).__name__)


async def _seek(
    consumer: AIOKafkaConsumer,
    topics: Sequence[str],
    positions: Mapping[TopicPartition, int],
    *,
    back_seconds: float,
    most: int,
) -> None:
    partitions: list[TopicPartition] = []
    for topic in topics:
        # Asks the broker: a new client knows only topics that it is subscribed to.
        await consumer._client.set_topics([*topics])  # noqa: SLF001  aiokafka has no public way to fetch a topic's metadata without a subscription
        partitions += [
            TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())
        ]
    if {partition.topic for partition in partitions} != set(topics):
        message = "a topic has no partitions yet"
        raise ConnectionError(message)
    consumer.assign(partitions)
    since = int((time.time() - back_seconds) * 1000)
    ends = await consumer.end_offsets(partitions)
    beginnings = await consumer.beginning_offsets(partitions)
    by_time = await consumer.offsets_for_times(dict.fromkeys(partitions, since))
    for partition in partitions:
        found = by_time[partition]
        share = most // sum(other.topic == partition.topic for other in partitions)
        start = max(
            found.offset if found else ends[partition], ends[partition] - share, beginnings[partition]
        )
        known = positions.get(partition)
        # A known position beyond the end means that the topic was recreated: start again.
        consumer.seek(
            partition,
            known if known is not None and beginnings[partition] <= known <= ends[partition] else start,
        )
