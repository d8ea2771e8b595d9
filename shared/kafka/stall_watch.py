"""Notices a consumer that is given nothing although there is something to read.

After a rebalance or an outage a consumer of aiokafka can poll nothing for ever: it heartbeats, its loop turns, and its lag grows.
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
        """Note that records came."""
        self._behind = {}
        self._next_check = time.monotonic() + self._check_seconds

    async def check(self, consumer: AIOKafkaConsumer) -> None:
        """Note that none came; raises `Stalled` when a partition positions where it stood at the last look, with something before it.

        A partition that another member reads moves, so a member without any may look on. `TimeoutError` where the broker does not answer.
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
        positions = await self._positions(consumer, partitions)
        return {
            partition: positions.get(partition, -1)
            for partition in partitions
            if ends[partition] > max(0, positions.get(partition, 0))
        }
