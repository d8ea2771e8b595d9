"""Returns the positions of consumer groups, the partitions of topics and their end offsets."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
from aiokafka.protocol.offset import OffsetRequest

from shared.kafka.fetch import GroupPosition

RETRY_SECONDS = 0.1
LATEST, READ_UNCOMMITTED = -1, 0
COORDINATOR_AWAY = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)


async def group_positions(
    consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient, readers: Mapping[str, Sequence[str]]
) -> list[GroupPosition]:
    """Return the position of each group in each partition of its topics, with the last stable end offset."""
    partitions = await partitions_of(consumer, {topic for topics in readers.values() for topic in topics})
    # Before the end offsets: a group that commits in between would seem to be beyond the end.
    committed = {
        group: await _committed(admin, group, [each for each in partitions if each.topic in read])
        for group, read in readers.items()
    }
    begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    places = []
    for group, offsets in committed.items():
        for partition, at in offsets.items():
            # An offset outside the log: the topic was recreated or its records expired. The group starts
            # again.
            position = at if begins[partition] <= at <= ends[partition] else begins[partition]
            places.append(GroupPosition(group, partition, position, ends[partition]))
    return places


async def partitions_of(consumer: AIOKafkaConsumer, topics: Collection[str]) -> list[TopicPartition]:
    """Return the partitions of topics; raises `ConnectionError` while one has none yet."""
    await consumer._client.set_topics(sorted(topics))  # noqa: SLF001  aiokafka has no public way to fetch a topic's metadata without a subscription
    partitions = [
        TopicPartition(topic, number)
        for topic in sorted(topics)
        for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]
    if {partition.topic for partition in partitions} != set(topics):
        message = "a topic has no partitions yet"
        raise ConnectionError(message)
    return partitions


async def _committed(
    admin: AIOKafkaAdminClient, group: str, partitions: list[TopicPartition]
) -> dict[TopicPartition, int]:
    """Return a group's committed offset in each partition, -1 where it has none."""
    while True:
        with contextlib.suppress(
            *COORDINATOR_AWAY
        ):  # also while a fresh broker makes the topic for offsets, which this very question has it do
            found = await admin.list_consumer_group_offsets(group, partitions=partitions)
            # aiokafka takes an answer without partitions, as a broker that still reads its groups gives it,
            # for one without offsets.
            if all(partition in found for partition in partitions):
                return {partition: found[partition].offset for partition in partitions}
        await asyncio.sleep(RETRY_SECONDS)


async def high_watermarks(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, int]:
    """Return the end offsets as producers see them: beyond the consumers' end while a transaction is open."""
    asked: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    client = consumer._client  # noqa: SLF001  aiokafka asks for one isolation level only
    for topic, partition in partitions:
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        if leader is not None and leader >= 0:
            asked[leader][topic].append((partition, LATEST))
    found: dict[TopicPartition, int] = {}
    for leader, topics in asked.items():
        answer = await client.send(leader, OffsetRequest(-1, READ_UNCOMMITTED, list(topics.items())))
        for topic, ends in answer.topics:
            found |= {
                TopicPartition(topic, partition): end for partition, error, *_, end in ends if error == 0
            }
    return found
