"""How far topics and their readers have come."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.kafka.connection import KafkaConnection


@dataclass(frozen=True)
class TopicEnds:
    """Asks the broker about the topics that it knows of."""

    partitions: Mapping[str, Sequence[TopicPartition]]
    consumer: AIOKafkaConsumer
    admin: AIOKafkaAdminClient

    async def end(self, topic: str) -> int:
        """Give how many records were ever written to a topic."""
        return sum((await self._ends(topic)).values())

    async def lag(self, topic: str, group: str) -> int:
        """Give how many records of a topic a group has not committed yet."""
        ends, read = await self._ends(topic), await self.admin.list_consumer_group_offsets(group)
        return sum(end - max(0, read[partition].offset if partition in read else 0) for partition, end in ends.items())

    async def _ends(self, topic: str) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = await self.consumer.end_offsets(self.partitions[topic])
        return ends


@asynccontextmanager
async def topic_ends(kafka: KafkaConnection, topics: Sequence[str]) -> AsyncIterator[TopicEnds]:
    """Open the two clients for as long as the context lasts."""
    consumer, admin = AIOKafkaConsumer(**kafka.client_options()), AIOKafkaAdminClient(**kafka.client_options())
    try:
        await consumer.start()
        await admin.start()
        described = await admin.describe_topics(list(topics))
        partitions = {topic["topic"]: [TopicPartition(topic["topic"], each["partition"]) for each in topic["partitions"]] for topic in described}
        yield TopicEnds(partitions, consumer, admin)
    finally:
        await consumer.stop()
        await admin.close()
