"""Follows topics without a group: every process sees every record, from a little while back."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.backoff import Backoff
from shared.kafka.connection import KafkaConnection
from shared.kafka.start import start
from shared.logs import get_log

log = get_log(__name__)

POLL_MS = 1_000
METADATA_MS = 10_000
MAX_BATCH = 1_000
GATHERED_BYTES = 1_000_000
GATHER_SECONDS, FEW = 0.01, range(2, 100)
"""After a poll of a few records a follower rests so long: under load the next ones gather meanwhile. Who comes alone never waits."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One record as it came."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


async def follow_topics(
    kafka: KafkaConnection, topics: Sequence[str], *, back_seconds: float, most: int, patience_ms: int = 0
) -> AsyncIterator[list[Followed]]:
    """Yield batches of records for ever, beginning `back_seconds` ago but at most about `most` records of each topic back.

    With `patience_ms` the broker may gather records for so long before it answers: who need not know at once saves most of the work.
    An empty batch once a second says that nothing came. After a lost connection it goes on where it was, or a little earlier.
    """
    positions: dict[TopicPartition, int] = {}
    backoff = Backoff(first=0.2, most=3.0)
    while True:
        consumer = AIOKafkaConsumer(
            **kafka.client_options(),
            enable_auto_commit=False,
            group_id=None,
            auto_offset_reset="latest",
            fetch_min_bytes=GATHERED_BYTES if patience_ms else 1,
            fetch_max_wait_ms=patience_ms or 500,
            metadata_max_age_ms=METADATA_MS,
        )
        try:
            await start(consumer)
            await _seek(consumer, topics, positions, back_seconds=back_seconds, most=most)
            backoff.reset()
            while True:
                polled = await consumer.getmany(timeout_ms=POLL_MS, max_records=MAX_BATCH)
                yield [Followed(record.topic, record.key, record.value, record.headers) for records in polled.values() for record in records]
                positions |= {partition: records[-1].offset + 1 for partition, records in polled.items()}
                if sum(map(len, polled.values())) in FEW:
                    await asyncio.sleep(GATHER_SECONDS)
        except (KafkaError, OSError) as error:
            log.warning("follower_restarts", error=type(error).__name__)
            await backoff.wait()
        finally:
            with contextlib.suppress(Exception):
                await consumer.stop()


async def _seek(
    consumer: AIOKafkaConsumer,
    topics: Sequence[str],
    positions: dict[TopicPartition, int],
    *,
    back_seconds: float,
    most: int,
) -> None:
    partitions: list[TopicPartition] = []
    for topic in topics:
        # Asks the broker: a fresh client knows no topic that it is not subscribed to.
        await consumer._client.set_topics([*topics])  # noqa: SLF001  aiokafka has no public way to fetch a topic's metadata without a subscription
        partitions += [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
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
        start = max(found.offset if found else ends[partition], ends[partition] - share, beginnings[partition])
        known = positions.get(partition)
        # A known position beyond the end means another log (the topic was made anew): begin again.
        consumer.seek(partition, known if known is not None and beginnings[partition] <= known <= ends[partition] else start)
