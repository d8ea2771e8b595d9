"""Notices a consumer that is given nothing although there is something to read.

After a rebalance or an outage a consumer of aiokafka can poll nothing for ever: it heartbeats, its loop turns, and its lag grows.
"""

import asyncio
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

LOOK_SECONDS = 10.0
ANSWER_SECONDS = 10.0


class Stalled(OSError):
    """The group has records before it and does not move."""


class StallWatch:
    """One for each connection of a consumer; `topics` are those of its group."""

    def __init__(self, topics: Sequence[str], look_seconds: float = LOOK_SECONDS) -> None:
        self._topics = topics
        self._look_seconds = look_seconds
        self._behind: dict[TopicPartition, int] = {}
        self._next = time.monotonic() + look_seconds

    def moved(self) -> None:
        """Say that records came."""
        self._behind = {}
        self._next = time.monotonic() + self._look_seconds

    async def still(self, consumer: AIOKafkaConsumer) -> None:
        """Say that none came; raises `Stalled` when a partition stands where it stood at the last look, with records before it.

        A partition that another member reads moves, so whoever has none may look on. `TimeoutError` where the broker gives no answer.
        """
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._look_seconds
        async with asyncio.timeout(ANSWER_SECONDS):
            behind = await _behind(consumer, self._topics)
        if any(self._behind.get(partition) == offset for partition, offset in behind.items()):
            raise Stalled
        self._behind = behind


async def _behind(consumer: AIOKafkaConsumer, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Give the committed offset (-1: none yet) of every partition that has records after it; raises `Stalled` where a topic has none."""
    numbers = {topic: consumer.partitions_for_topic(topic) for topic in topics}
    if not all(numbers.values()):
        # A client that met a restarted broker too early was told of no partitions, and would ask again only in minutes.
        raise Stalled
    partitions = [TopicPartition(topic, number) for topic in topics for number in numbers[topic] or ()]
    ends = await consumer.end_offsets(partitions)
    committed = {partition: await consumer.committed(partition) for partition in partitions}
    return {
        partition: -1 if offset is None else offset for partition, offset in committed.items() if ends[partition] > (0 if offset is None else offset)
    }
