"""Creates the Kafka topics, raises existing ones to the settings, and waits for their leaders.

Nothing is ever lowered: partitions, replicas and in-sync replicas are only added.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import (
    IllegalArgumentError,
    InvalidTopicError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from shared.events.topics import TOPICS, Topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.lag import LagReader
from shared.kafka.producer import KafkaUnavailable
from shared.kafka.topic_requests import alter_configs, reassign, topic_configs
from shared.process.backoff import Backoff
from shared.process.logs import get_log

log = get_log(__name__)

COPIES, IN_SYNC = 3, 2
"""The default with at least three brokers: one may be lost without losing an acknowledged record."""
MIN_IN_SYNC = "min.insync.replicas"
FINAL = (IllegalArgumentError, TopicAuthorizationFailedError, InvalidTopicError)

Described = Mapping[str, Sequence[Mapping[str, Any]]]
"""Topic to its partitions, as the broker describes them."""


class UnfitCluster(Exception):
    """The cluster cannot satisfy the settings."""


@dataclass(frozen=True, slots=True)
class Durability:
    """How many brokers keep a record, and how many must have it before it is acknowledged.

    `None` means the default, as far as the cluster has brokers for it.
    """

    copies: int | None = None
    in_sync: int | None = None

    def on(self, brokers: int) -> tuple[int, int]:
        """Return both numbers for a cluster of so many brokers; raises `UnfitCluster`."""
        copies = self.copies or min(COPIES, brokers)
        in_sync = self.in_sync or (IN_SYNC if copies >= COPIES else 1)
        if copies > brokers:
            raise UnfitCluster(f"KAFKA_REPLICATION_FACTOR is {copies}, and the cluster has {brokers} brokers")
        if in_sync > copies:
            raise UnfitCluster(f"KAFKA_MIN_INSYNC_REPLICAS is {in_sync}, and a record has {copies} copies")
        return copies, in_sync


async def ensure_topics(
    kafka: KafkaConnection,
    topics: Sequence[Topic] = TOPICS,
    durability: Durability = Durability(),
    *,
    readers: Mapping[str, Sequence[str]] | None = None,
    within: float = 30.0,
) -> None:
    """Create or raise the topics. Idempotent.

    Raises `TimeoutError` when the broker does not finish in time, `UnfitCluster` where it never can. Adding
    partitions may move a key to another partition. To keep its records in order, none are added to a topic
    while one of its `readers` (group to topics) still has records to read there; the next call adds them.
    """
    async with asyncio.timeout(within):
        backoff = Backoff(first=0.1, most=1.0)
        while not await _try_once(kafka, topics, durability, readers or {}):
            await backoff.wait()


async def _try_once(
    kafka: KafkaConnection,
    topics: Sequence[Topic],
    durability: Durability,
    readers: Mapping[str, Sequence[str]],
) -> bool:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    try:
        await admin.start()
        brokers = sorted(broker["node_id"] for broker in (await admin.describe_cluster())["brokers"])
        copies, in_sync = durability.on(len(brokers))
        missing = {topic.name for topic in topics} - set(await admin.list_topics())
        if missing:
            await _create(admin, [topic for topic in topics if topic.name in missing], copies, in_sync)
        described = await _describe(admin, topics)
        if described is None:
            return False
        if few := await _with_few_partitions(kafka, topics, described, readers):
            await admin.create_partitions({topic.name: NewPartitions(topic.partitions) for topic in few})
            return False
        if moved := _with_few_copies(described, brokers, copies):
            log.info("topics_reassigned", topics=sorted(moved), copies=copies)
            await reassign(admin, moved)
            return False
        return await _bring_configs_in_step(admin, topics, described, in_sync)
    except (KafkaError, KafkaUnavailable, OSError) as error:
        if isinstance(error, FINAL):
            raise
        return False
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[Topic], copies: int, in_sync: int) -> None:
    new = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=copies,
            topic_configs=_configs(topic) | {MIN_IN_SYNC: str(in_sync)},
        )
        for topic in topics
    ]
    answer: Any = await admin.create_topics(new)
    for _, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error


async def _describe(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> Described | None:
    """Return the partitions of each topic; `None` where one has no leader yet."""
    described = await admin.describe_topics([topic.name for topic in topics])
    if any(
        topic["error_code"] or any(partition["leader"] < 0 for partition in topic["partitions"])
        for topic in described
    ):
        return None
    return {topic["topic"]: topic["partitions"] for topic in described}


async def _with_few_partitions(
    kafka: KafkaConnection,
    topics: Sequence[Topic],
    described: Described,
    readers: Mapping[str, Sequence[str]],
) -> list[Topic]:
    few = [topic for topic in topics if len(described[topic.name]) < topic.partitions]
    names = {topic.name for topic in few}
    concerned = {
        group: [topic for topic in read if topic in names]
        for group, read in readers.items()
        if names & set(read)
    }
    if not concerned:
        return few
    async with LagReader(kafka) as lags:
        behind = {lag.topic for lag in await lags.read(concerned)}
    for name in sorted(names & behind):
        log.warning("partitions_not_added", topic=name, reason="a reader has records left to read")
    return [topic for topic in few if topic.name not in behind]


def _with_few_copies(
    described: Described, brokers: Sequence[int], copies: int
) -> dict[str, dict[int, list[int]]]:
    """Return the new brokers of each partition that has too few replicas, chosen in turn."""
    moved: dict[str, dict[int, list[int]]] = {}
    for topic, partitions in described.items():
        for partition in partitions:
            kept, number = list(partition["replicas"]), partition["partition"]
            turned = [brokers[(number + step) % len(brokers)] for step in range(len(brokers))]
            if len(kept) < copies:
                moved.setdefault(topic, {})[number] = [
                    *kept,
                    *(broker for broker in turned if broker not in kept),
                ][:copies]
    return moved


async def _bring_configs_in_step(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], described: Described, in_sync: int
) -> bool:
    present = await topic_configs(admin, [topic.name for topic in topics])
    changes: dict[str, dict[str, str]] = {}
    for topic in topics:
        has = present[topic.name]
        different = {name: value for name, value in _configs(topic).items() if has.get(name) != value}
        if int(has.get(MIN_IN_SYNC) or 1) < in_sync:
            # Not before enough replicas are in sync: until then every write would fail.
            if any(len(partition["isr"]) < in_sync for partition in described[topic.name]):
                return False
            different[MIN_IN_SYNC] = str(in_sync)
        if different:
            changes[topic.name] = different
    if changes:
        log.info("topics_altered", changes=changes)
        await alter_configs(admin, changes)
    return True


def _configs(topic: Topic) -> dict[str, str]:
    return {"retention.ms": str(topic.retention_ms), "max.message.bytes": str(topic.max_bytes)}
