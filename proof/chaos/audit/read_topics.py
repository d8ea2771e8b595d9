"""Reads topics from their first record to their last."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from proof.chaos.audit.evidence import Record

MAIN = ("requests.submitted", "requests.lifecycle", "requests.commands", "mail.outcomes")
DEAD = tuple(f"{topic}.dead-letter" for topic in MAIN)
POLL_MS = 1_000


async def read_topics(kafka: Mapping[str, Any], topics: Sequence[str] = MAIN + DEAD) -> list[Record]:
    """Give all records (`kafka`: the client's options), those of a partition in their order."""
    consumer = AIOKafkaConsumer(*topics, **kafka, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for topic in topics for number in sorted(consumer.partitions_for_topic(topic) or ())]
        ends = await consumer.end_offsets(partitions)
        records: list[Record] = []
        await consumer.seek_to_beginning(*partitions)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            polled = await consumer.getmany(timeout_ms=POLL_MS, max_records=2_000)
            records += [_record(record) for batch in polled.values() for record in batch]
        return records
    finally:
        await consumer.stop()


def _record(record: "ConsumerRecord[Any, Any]") -> Record:
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    return Record(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        at=record.timestamp / 1000,
        key=(record.key or b"").decode(errors="replace"),
        type=headers.get("ce_type", ""),
        id=headers.get("ce_id", ""),
        data=_data(record.value),
        headers=headers,
    )


def _data(value: bytes | None) -> dict[str, Any]:
    """Read the data; the sealed parts are long and nobody here can open them."""
    try:
        data = json.loads(value or b"")
    except ValueError:
        return {}
    return {name: each for name, each in data.items() if not name.startswith("sealed")} if isinstance(data, dict) else {}
