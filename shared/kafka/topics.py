"""Makes the topics and waits until each partition has a leader."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    IllegalArgumentError,
    InvalidTopicError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from shared.backoff import Backoff
from shared.events.topics import TOPICS, Topic
from shared.kafka.connection import KafkaConnection

# A record stays readable with two brokers lost, where there are as many.
MOST_COPIES = 3


async def ensure_topics(kafka: KafkaConnection, topics: Sequence[Topic] = TOPICS, *, within: float = 30.0) -> None:
    """Make the topics that are missing; `TimeoutError` when the broker does not get there in time. Repeatable."""
    async with asyncio.timeout(within):
        backoff = Backoff(first=0.1, most=1.0)
        while not await _try_once(kafka, topics):
            await backoff.wait()


async def _try_once(kafka: KafkaConnection, topics: Sequence[Topic]) -> bool:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    try:
        await admin.start()
        missing = {topic.name for topic in topics} - set(await admin.list_topics())
        if missing:
            await _create(admin, [topic for topic in topics if topic.name in missing])
        described = await admin.describe_topics([topic.name for topic in topics])
        return all(topic["error_code"] == 0 and all(partition["leader"] >= 0 for partition in topic["partitions"]) for topic in described)
    except (KafkaError, OSError) as error:
        if isinstance(error, IllegalArgumentError | TopicAuthorizationFailedError | InvalidTopicError):
            raise
        return False
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
    copies = min(MOST_COPIES, len((await admin.describe_cluster())["brokers"]))
    answer: Any = await admin.create_topics(
        [NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=copies, topic_configs=_configs(topic)) for topic in topics]
    )
    for _, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error


def _configs(topic: Topic) -> dict[str, str]:
    return {"retention.ms": str(topic.retention_ms), "max.message.bytes": str(topic.max_bytes)}
