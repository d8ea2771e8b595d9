"""Detects a consumer that receives nothing although there are records to read.

After a rebalance or an outage an aiokafka consumer may receive nothing for ever: it sends heartbeats, its
loop runs, and its lag grows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.make_consumer import positions_of

CHECK_SECONDS = 10.0
ANSWER_SECONDS = 10.0

ReadPositions: TypeAlias = Callable[
    [AIOKafkaConsumer, Collection[TopicPartition]], Awaitable[Mapping[TopicPartition, int]]
]
"""Returns the position of a reader in each partition; a partition that it has not begun is left out."""


class Stalled(OSError):
    """There are records to read, and the reader's position does not change."""


async def committed_offsets(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> Mapping[TopicPartition, int]:
    """Return a group's committed offsets, whichever member reads a partition."""
    committed = {partition: await consumer.committed(partition) for partition in partitions}
    return {partition: offset for partition, offset in committed.items() if offset is not None}


async def own_positions(
    consumer: AIOKafkaConsumer, _: Collection[TopicPartition]
) -> Mapping[TopicPartition, int]:
    """Return the positions of a reader without a group."""
    return positions_of(consumer)


class StallWatch:
    """The check for one connection of a consumer that reads `topics`."""

    def __init__(
        self,
        topics: Sequence[str],
        check_seconds: float = CHECK_SECONDS,
        *,
        positions: ReadPositions = committed_offsets,
    ) -> None:
        self._topics = topics
        self._check_seconds = check_seconds
        self._positions = positions
        self._behind: dict[TopicPartition, int] = {}
        self._next_check = time.monotonic() + check_seconds

    def note_records(self) -> None:
        """Note that a poll returned records."""
        self._behind = {}
        self._next_check = time.monotonic() + self._check_seconds

    async def check(self, consumer: AIOKafkaConsumer) -> None:
        """Note that a poll returned none.

        Raises `Stalled` when a partition has not moved since the last check.

        Partitions read by other members move too, so a member without partitions may check. Raises
        `TimeoutError` when the broker does not answer.
        """
        if time.monotonic() < self._next_check:
            return
        self._next_check = time.monotonic() + self._check_seconds
        async with asyncio.timeout(ANSWER_SECONDS):
            behind = await self._partitions_behind(consumer)
        if any(self._behind.get(partition) == offset for partition, offset in behind.items()):
            raise Stalled
        self._behind = behind

    async def _partitions_behind(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        """Return the offset (-1: none yet) of every partition with records after it.

        Raises `Stalled` where a topic has no partitions.
        """
        numbers = {topic: consumer.partitions_for_topic(topic) for topic in self._topics}
        if not all(numbers.values()):
            # A client that connected too early to a restarted broker knows no partitions for minutes.
            raise Stalled
        partitions = [
            TopicPartition(topic, number) for topic in self._topics for number in numbers[topic] or ()
        ]
        # The last stable offsets: records of an open transaction are not readable yet.
        ends = await consumer.end_offsets(partitions)
        positions = await self._positions(consumer, partitions)
        return {
            partition: positions.get(partition, -1)
            for partition in partitions
            if ends[partition] > max(0, positions.get(partition, 0))
        }
