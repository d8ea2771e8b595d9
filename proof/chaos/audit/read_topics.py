"""Reads Kafka topics from their first record to their last."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from proof.chaos.audit.evidence import Record

MAIN = ("requests.submitted", "requests.lifecycle", "requests.commands", "mail.outcomes")
DEAD = tuple(f"{topic}.dead-letter" for topic in MAIN)
POLL_MS = 1_000
EMPTY_POLLS, MAX_RECORDS = 3, 2_000
UNKNOWN = "poison of which the writer got no ack"
Place = tuple[str, int, int]
NOTHING: Mapping[Place, str] = MappingProxyType({})


async def read_topics(
    kafka: Mapping[str, Any], topics: Sequence[str] = MAIN + DEAD, unreadable: Mapping[Place, str] = NOTHING
) -> list[Record]:
    """Return all records, those of a partition in order; `kafka` holds the client's options.

    A place (topic, partition, offset) that no client can read yields an empty record with the key that
    `unreadable` has for it.
    """
    consumer = AIOKafkaConsumer(*topics, **kafka, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        return [
            record
            for partition in partitions
            for record in await _read(consumer, partition, ends[partition], unreadable)
        ]
    finally:
        await consumer.stop()


async def _read(
    consumer: "AIOKafkaConsumer", partition: TopicPartition, end: int, unreadable: Mapping[Place, str]
) -> list[Record]:
    records: list[Record] = []
    empty, most = 0, MAX_RECORDS
    # After the last record there may be transaction markers, which consumers do not get.
    while empty < EMPTY_POLLS and (position := await consumer.position(partition)) < end:
        try:
            polled = await consumer.getmany(partition, timeout_ms=POLL_MS, max_records=most)
        except (KafkaError, ValueError, OSError, EOFError, RuntimeError):
            if most > 1:
                # The records before the unreadable one were lost with it: read them again one by one.
                consumer.seek(partition, position)
                most = 1
                continue
            most = MAX_RECORDS
            key = unreadable.get((*partition, position), UNKNOWN)
            records.append(Record(partition.topic, partition.partition, position, 0.0, key))
            consumer.seek(partition, position + 1)
            continue
        empty = 0 if polled else empty + 1
        records += [_record(record) for batch in polled.values() for record in batch]
    return records


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
    """Parse the data without the sealed parts, which are long and cannot be opened here."""
    try:
        data = json.loads(value or b"")
    except ValueError:
        return {}
    return (
        {name: each for name, each in data.items() if not name.startswith("sealed")}
        if isinstance(data, dict)
        else {}
    )
