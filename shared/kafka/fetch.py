"""Reads records at given offsets without a consumer group."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.batches import Record, offset_after
from shared.kafka.make_consumer import positions_of

POLL_MS = 250
EMPTY_POLLS = 2
MAX_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class GroupPosition:
    """The position of a group in a partition, and the partition's end offset."""

    group: str
    partition: TopicPartition
    position: int
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """The records read for one position; `ended` if nothing else remains up to its end."""

    records: Sequence[Record]
    ended: bool


async def fetch(
    consumer: AIOKafkaConsumer, places: Iterable[GroupPosition], most: int, *, until_ended: bool = False
) -> dict[TopicPartition, Found]:
    """Return up to `most` records from each position.

    Fewer where no more arrive; with `until_ended` only where none remain.
    """
    open_places = {place.partition: place for place in places}
    found: dict[TopicPartition, list[Record]] = {partition: [] for partition in open_places}
    ended: set[TopicPartition] = set()
    if not open_places:
        return {}
    consumer.assign(list(open_places))
    for place in open_places.values():
        consumer.seek(place.partition, place.position)
    empty = 0
    while open_places and (until_ended or empty < EMPTY_POLLS):
        polled = await consumer.getmany(*open_places, timeout_ms=POLL_MS, max_records=MAX_BATCH)
        empty = 0 if polled else empty + 1
        for partition, records in polled.items():
            found[partition] += [record for record in records if record.offset < open_places[partition].end]
        # After the last record there may be offsets without records: commit markers, aborted transactions.
        positions = positions_of(consumer)
        ended |= {
            partition for partition, place in open_places.items() if positions.get(partition, -1) >= place.end
        }
        open_places = {
            partition: place
            for partition, place in open_places.items()
            if partition not in ended and len(found[partition]) < most
        }
    consumer.unsubscribe()  # otherwise the client goes on fetching
    return {
        partition: Found(records[:most], partition in ended and len(records) <= most)
        for partition, records in found.items()
    }


def resume_from(place: GroupPosition, seen: tuple[int, int] | None) -> GroupPosition:
    """Continue where the last look ended, unless the group went back or the topic was recreated."""
    if seen is None or place.position < seen[0] or place.end < seen[1]:
        return place
    return replace(place, position=max(place.position, seen[1]))


def looked_up_to(place: GroupPosition, found: Found | None) -> int:
    """Return the offset up to which a partition was read."""
    if found is None:
        return place.position
    return place.end if found.ended else offset_after(found.records[-1]) if found.records else place.position
