"""Reads records from given places of a log, in no group."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"

POLL_MS = 250
EMPTY_POLLS = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a group stands in a partition, and where the partition ends."""

    group: str
    partition: TopicPartition
    position: int
    end: int

    def after(self, offset: int) -> "Place":
        """Give the place behind a record."""
        return replace(self, position=offset + 1)


async def oldest_of(consumer: AIOKafkaConsumer, places: Iterable[Place], most: int) -> list[Record]:
    """Give the `most` oldest records of all places together, oldest first, however unevenly they lie."""
    open_places = {place.partition: place for place in places}
    found: list[Record] = []
    share = -(-most // max(1, len(open_places)))
    while open_places:
        came: dict[TopicPartition, Record] = {}
        for record in await fetch(consumer, open_places.values(), share):
            found.append(record)
            came[TopicPartition(record.topic, record.partition)] = record
        found = sorted(found, key=_age)[:most]
        # Go on only where the next record may be older than the last of those that there are.
        open_places = {
            partition: place.after(came[partition].offset)
            for partition, place in open_places.items()
            if partition in came and came[partition].offset < place.end - 1 and (len(found) < most or _age(came[partition]) < _age(found[-1]))
        }
    return found


async def fetch(consumer: AIOKafkaConsumer, places: Iterable[Place], most: int) -> list[Record]:
    """Give up to `most` records of each place; fewer where nothing comes any more, because what is left cannot be read."""
    open_places = {place.partition: place for place in places}
    found: dict[TopicPartition, list[Record]] = {partition: [] for partition in open_places}
    if not open_places:
        return []
    consumer.assign(list(open_places))
    for place in open_places.values():
        consumer.seek(place.partition, place.position)
    empty = 0
    while open_places and empty < EMPTY_POLLS:
        polled = await consumer.getmany(*open_places, timeout_ms=POLL_MS)
        empty = 0 if polled else empty + 1
        for partition, records in polled.items():
            place = open_places[partition]
            found[partition] += [record for record in records if record.offset < place.end]
            if len(found[partition]) >= most or records[-1].offset >= place.end - 1:
                del open_places[partition]
    consumer.unsubscribe()  # or it would go on fetching what nobody asked for
    return [record for records in found.values() for record in records[:most]]


def _age(record: Record) -> tuple[int, int, int]:
    return record.timestamp, record.partition, record.offset
