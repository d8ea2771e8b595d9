"""Reads records from given places of a log, in no group."""

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
    """Where a group stands in a partition, and where the partition ends."""

    group: str
    partition: TopicPartition
    position: int
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """The records of one place; `ended` where nothing else lies between them and its end."""

    records: Sequence[Record]
    ended: bool


async def fetch(
    consumer: AIOKafkaConsumer, places: Iterable[GroupPosition], most: int, *, until_ended: bool = False
) -> dict[TopicPartition, Found]:
    """Give up to `most` records of each place; fewer where nothing comes any more, or `until_ended` only where nothing else lies there."""
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
        # Behind the last record may lie only what nobody is given: commit markers, what was rolled back.
        positions = positions_of(consumer)
        ended |= {
            partition for partition, place in open_places.items() if positions.get(partition, -1) >= place.end
        }
        open_places = {
            partition: place
            for partition, place in open_places.items()
            if partition not in ended and len(found[partition]) < most
        }
    consumer.unsubscribe()  # or it would go on fetching what nobody asked for
    return {
        partition: Found(records[:most], partition in ended and len(records) <= most)
        for partition, records in found.items()
    }


def resume_from(place: GroupPosition, seen: tuple[int, int] | None) -> GroupPosition:
    """Go on where one stopped looking, unless the group went back or the topic was made anew."""
    if seen is None or place.position < seen[0] or place.end < seen[1]:
        return place
    return replace(place, position=max(place.position, seen[1]))


def looked_up_to(place: GroupPosition, found: Found | None) -> int:
    """Give how far a place was looked at."""
    if found is None:
        return place.position
    return place.end if found.ended else offset_after(found.records[-1]) if found.records else place.position
