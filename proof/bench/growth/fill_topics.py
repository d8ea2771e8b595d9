"""Fills the topics with a share of what the tables hold, and says to the consumer groups that they have read it."""

import asyncio
import base64
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.events.envelope import context_headers
from shared.events.topics import LIFECYCLE, MAIL_OUTCOMES, READERS, SUBMITTED, TOPICS
from shared.kafka.connection import KafkaConnection

MOST_RECORDS = 250_000
"""In each topic: 1.8 GB in all. An append costs the same however long a log is, so a share shows whether that holds."""
AGE = timedelta(hours=30)
BATCH = 1_000
SEALED_BYTES = {SUBMITTED: (2_270, 1_280), LIFECYCLE: (1_280,), MAIL_OUTCOMES: ()}
FACTS = {
    SUBMITTED: ("request.submitted.v1", ("sealed_form", "sealed_contact")),
    LIFECYCLE: ("request.registered.v1", ("sealed_contact",)),
    MAIL_OUTCOMES: ("mail.sent.v1", ()),
}
ID = str(UUID(int=0))


async def fill_topics(kafka: KafkaConnection, total: int) -> int:
    """Write the records, the newest of them hours old; gives how many went to each topic."""
    count = min(total, MOST_RECORDS)
    producer = AIOKafkaProducer(**kafka.client_options(), linger_ms=5, max_batch_size=1 << 18, acks=1)
    await producer.start()
    try:
        for topic in FACTS:
            await _fill(producer, topic, count)
    finally:
        await producer.stop()
    for group, topics in READERS.items():
        await _commit_ends(kafka, group, topics)
    return count


async def _fill(producer: AIOKafkaProducer, topic: str, count: int) -> None:
    before, _, after = _value(topic).partition(ID.encode())
    written = datetime.now(timezone.utc) - AGE
    type_, at = FACTS[topic][0], int(written.timestamp() * 1000)
    for first in range(0, count, BATCH):
        sent = []
        for _ in range(first, min(first + BATCH, count)):
            key = str(uuid4()).encode()
            headers = [(name, value or b"") for name, value in context_headers(type_, key.decode(), "/asiointi/growth", written, None)]
            sent.append(await producer.send(topic, before + key + after, key=key, headers=headers, timestamp_ms=at))
        await asyncio.gather(*sent)


def _value(topic: str) -> bytes:
    """Write a record's data, of the length that the product's own have."""
    facts: Mapping[str, object] = {
        "request_id": ID,
        "work_number": "482913057",
        "service": "pyyda-laskukopio",
        "service_title": "Pyydä laskukopio",
        "language": "fi",
        "queue": "laskutus",
        "state": "received",
        "actor_kind": "system",
        "submitted_at": "2026-01-01T09:00:00.000000Z",
        "due_at": "2026-01-04T09:00:00Z",
        "occurred_at": "2026-01-01T09:00:00.040000Z",
    }
    sealed = {name: _sealed(length) for name, length in zip(FACTS[topic][1], SEALED_BYTES[topic], strict=True)}
    return json.dumps({**facts, **sealed}).encode()


def _sealed(length: int) -> str:
    return base64.urlsafe_b64encode(os.urandom(length)).decode()


async def _commit_ends(kafka: KafkaConnection, group: str, topics: Sequence[str]) -> None:
    consumer = AIOKafkaConsumer(**kafka.client_options(), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic.name, number) for topic in TOPICS if topic.name in topics for number in range(topic.partitions)]
        consumer.assign(partitions)
        await consumer.commit(await consumer.end_offsets(partitions))
    finally:
        await consumer.stop()
