"""A consumer that is given nothing is found out when there is something, and left alone when there is not."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events.envelope import Message
from shared.events.topics import Topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.group import group_consumer
from shared.kafka.make_consumer import make_consumer
from shared.kafka.producer import EventProducer
from shared.kafka.stall_watch import Stalled, StallWatch, own_positions
from shared.kafka.topics import ensure_topics

Group = tuple[AIOKafkaConsumer, EventProducer, str]


@pytest.fixture
async def group(kafka: KafkaConnection) -> AsyncIterator[Group]:
    topic = f"stall-{uuid4().hex[:8]}"
    await ensure_topics(kafka, [Topic(topic, 1, 600_000)])
    async with (
        EventProducer(kafka, "test") as producer,
        group_consumer(kafka, f"group-{topic}", [topic]) as consumer,
    ):
        while not consumer.assignment():
            await consumer.getmany(timeout_ms=50)
        yield consumer, producer, topic


async def test_a_consumer_that_gets_nothing_of_what_is_there_is_found_out(group: Group) -> None:
    consumer, producer, topic = group
    watch = StallWatch([topic], check_seconds=0)
    consumer.pause(*consumer.assignment())
    await producer.send(topic, Message(b"key", b"{}", []))
    await watch.check(consumer)
    with pytest.raises(Stalled):
        await watch.check(consumer)


async def test_one_that_has_read_all_is_left_alone(group: Group) -> None:
    consumer, producer, topic = group
    watch = StallWatch([topic], check_seconds=0)
    await producer.send(topic, Message(b"key", b"{}", []))
    async with asyncio.timeout(10):
        while not await consumer.getmany(timeout_ms=100):
            await watch.check(consumer)
            watch.note_records()
    await consumer.commit({TopicPartition(topic, 0): 1})
    for _ in range(3):
        await watch.check(consumer)


async def test_a_partition_that_another_reads_is_no_stall(group: Group) -> None:
    consumer, producer, topic = group
    watch = StallWatch([topic], check_seconds=0)
    for _ in range(4):
        await producer.send(topic, Message(b"key", b"{}", []))
    for offset in range(1, 4):
        await consumer.commit({TopicPartition(topic, 0): offset})
        await watch.check(consumer)


async def test_a_follower_that_gets_nothing_of_what_is_there_is_found_out(
    kafka: KafkaConnection, group: Group
) -> None:
    _, producer, topic = group
    follower = make_consumer(kafka, group_id=None, auto_offset_reset="earliest")
    await follower.start()
    try:
        await follower._client.set_topics([topic])  # noqa: SLF001  aiokafka knows the partitions of no topic that it is not subscribed to
        follower.assign([TopicPartition(topic, 0)])
        follower.seek(TopicPartition(topic, 0), 0)
        follower.pause(TopicPartition(topic, 0))
        watch = StallWatch([topic], check_seconds=0, positions=own_positions)
        await watch.check(follower)
        await producer.send(topic, Message(b"key", b"{}", []))
        await watch.check(follower)
        with pytest.raises(Stalled):
            await watch.check(follower)
    finally:
        await follower.stop()
