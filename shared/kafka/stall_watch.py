"""Notices a consumer that is given nothing although there is something to read.

After a rebalance or an outage a consumer of aiokafka can poll nothing for ever: it heartbeats, its loop turns, and its lag grows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.make_consumer import positions_of

LOOK_SECONDS = 10.0
ANSWER_SECONDS = 10.0

Standing: TypeAlias = Callable[
    [AIOKafkaConsumer, Collection[TopicPartition]], Awaitable[Mapping[TopicPartition, int]]
]
"""Gives how far a reader has come; a partition that is left out has not been begun."""


class Stalled(OSError):
    """There are records before the reader, and it does not move."""


async def committed_offsets(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> Mapping[TopicPartition, int]:
    """Give how far a group has come, whichever member reads a partition."""
    committed = {partition: await consumer.committed(partition) for partition in partitions}
    return {partition: offset for partition, offset in committed.items() if offset is not None}


async def own_positions(
    consumer: AIOKafkaConsumer, _: Collection[TopicPartition]
) -> Mapping[TopicPartition, int]:
    """Give how far a reader without a group has come."""
    return positions_of(consumer)


class StallWatch:
    """One for each connection of a consumer that reads `topics`."""

    def __init__(
        self,
        topics: Sequence[str],
        look_seconds: float = LOOK_SECONDS,
        *,
        standing: Standing = committed_offsets,
    ) -> None:
        self._topics = topics
        self._look_seconds = look_seconds
        self._standing = standing
        self._behind: dict[TopicPartition, int] = {}
        self._next = time.monotonic() + look_seconds

    def moved(self) -> None:
        """Note that records came."""
        self._behind = {}
        self._next = time.monotonic() + self._look_seconds

    async def still(self, consumer: AIOKafkaConsumer) -> None:
        """Note that none came; raises `Stalled` when a partition stands where it stood at the last look, with something before it.

        A partition that another member reads moves, so a member without any may look on. `TimeoutError` where the broker does not answer.
        """
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._look_seconds
        async with asyncio.timeout(ANSWER_SECONDS):
            behind = await self._look(consumer)
        if any(self._behind.get(partition) == offset for partition, offset in behind.items()):
            raise Stalled
        self._behind = behind

    async def _look(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, int]:
        """Give the offset (-1: none yet) of every partition that goes on after it; raises `Stalled` where a topic has none."""
        numbers = {topic: consumer.partitions_for_topic(topic) for topic in self._topics}
        if not all(numbers.values()):
            # A client that met a restarted broker too early knows of no partitions, and would ask again only in minutes.
            raise Stalled
        partitions = [
            TopicPartition(topic, number) for topic in self._topics for number in numbers[topic] or ()
        ]
        # The last stable offsets: nobody is given what belongs to an open transaction.
        ends = await consumer.end_offsets(partitions)
        stands = await self._standing(consumer, partitions)
        return {
            partition: stands.get(partition, -1)
            for partition in partitions
            if ends[partition] > max(0, stands.get(partition, 0))
        }
