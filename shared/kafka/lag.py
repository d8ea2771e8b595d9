"""Measures how far consumer groups are behind and reads their unread records, without joining a group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from types import TracebackType
from typing import Self

from aiokafka import TopicPartition

from shared.events.envelope import Message
from shared.kafka.batches import Record
from shared.kafka.connection import KafkaConnection
from shared.kafka.fetch import Found, GroupPosition, fetch, looked_up_to, resume_from
from shared.kafka.group_positions import group_positions, high_watermarks, partitions_of
from shared.kafka.lag_clients import LagClients

READ_SECONDS = 3.0

LATEST_MS = 253_402_300_799_000
"""The last second of the year 9999."""


@dataclass(frozen=True, slots=True)
class Lag:
    """A partition in which a group is `behind` by so many records.

    `oldest_at` is when the broker received the oldest of them, `None` if no record can be read.
    """

    group: str
    topic: str
    partition: int
    behind: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unread:
    """A record that a group has not read yet; `timestamp` is when it was sent."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Tail:
    """The records beyond a group's position, in order within each partition.

    `looked` holds for each partition the group's position and the offset up to which everything was read, now
    or earlier. `left` is the number of offsets that were not.
    """

    records: Sequence[Unread]
    looked: Mapping[int, tuple[int, int]]
    left: int


class LagReader:
    """`async with LagReader(kafka) as lags` connects at the first call, and again after a lost broker.

    Concurrent calls wait for one another; the wait counts towards the `READ_SECONDS` of each.
    """

    def __init__(self, kafka: KafkaConnection) -> None:
        self._clients = LagClients(kafka, READ_SECONDS)
        self._held: dict[TopicPartition, tuple[int, datetime]] = {}

    async def __aenter__(self) -> Self:
        """Return this reader; nothing is connected yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self._clients.close()

    async def read(self, readers: Mapping[str, Sequence[str]]) -> list[Lag]:
        """Return the partitions in which groups are behind; `readers` maps a group to its topics.

        A group without commits is behind from the beginning. Offsets without a record (commit markers,
        aborted transactions) do not count. Records held back by an open transaction do, from when this was
        first seen. Raises `KafkaUnavailable` when the broker does not answer within `READ_SECONDS`.
        """
        async with self._clients.borrow() as (consumer, admin):
            # Read first: records sent in between would seem to be held back.
            ends = await high_watermarks(
                consumer,
                await partitions_of(consumer, {topic for topics in readers.values() for topic in topics}),
            )
            places = await group_positions(consumer, admin, readers)
            behind = [place for place in places if place.end > place.position]
            first: dict[tuple[str, TopicPartition], Found] = {}
            for group in {place.group for place in behind}:
                came = await fetch(consumer, [place for place in behind if place.group == group], 1)
                first |= {(group, partition): found for partition, found in came.items()}
        since = self._held_since(
            {place.partition: place.end for place in places if ends.get(place.partition, 0) > place.end}
        )
        lags = [
            Lag(place.group, *place.partition, ends[place.partition] - place.position, since[place.partition])
            for place in places
            if place.partition in since and place.position == place.end
        ]
        for place in behind:
            found = first[place.group, place.partition]
            if found.records or not found.ended:
                oldest = _moment(found.records[0]) if found.records else None
                lags.append(
                    Lag(
                        place.group,
                        place.partition.topic,
                        place.partition.partition,
                        place.end - place.position,
                        oldest,
                    )
                )
        return lags

    async def positions(self, readers: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], dict[int, int]]:
        """Return the positions of groups in each partition, by group and topic; raises `KafkaUnavailable`."""
        found: dict[tuple[str, str], dict[int, int]] = {}
        async with self._clients.borrow() as (consumer, admin):
            for each in await group_positions(consumer, admin, readers):
                found.setdefault((each.group, each.partition.topic), {})[each.partition.partition] = (
                    each.position
                )
        return found

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """Return the end offset of each partition of a topic; raises `KafkaUnavailable`."""
        async with self._clients.borrow() as (consumer, _):
            return {
                place.partition: end
                for place, end in (await consumer.end_offsets(await partitions_of(consumer, {topic}))).items()
            }

    async def tail(self, group: str, topic: str, seen: Mapping[int, tuple[int, int]], most: int) -> Tail:
        """Return about `most` records that a group has not read, beyond those that were returned before.

        `seen` is the `looked` of the last answer. Raises `KafkaUnavailable`.
        """
        async with self._clients.borrow() as (consumer, admin):
            places = {
                place.partition: place for place in await group_positions(consumer, admin, {group: [topic]})
            }
            begin = {
                partition: resume_from(place, seen.get(partition.partition))
                for partition, place in places.items()
            }
            open_places = [place for place in begin.values() if place.end > place.position] if most else []
            found = await fetch(consumer, open_places, -(-most // max(1, len(open_places))))
        reached = {partition: looked_up_to(place, found.get(partition)) for partition, place in begin.items()}
        return Tail(
            records=[_unread(record) for each in found.values() for record in each.records],
            looked={
                partition.partition: (places[partition].position, to) for partition, to in reached.items()
            },
            left=sum(begin[partition].end - to for partition, to in reached.items()),
        )

    async def holds_records(self, topic: str, partition: int, first: int, following: int) -> bool:
        """True if a consumer gets any record from offset `first` to before `following`.

        Raises `KafkaUnavailable`.
        """
        found, _ = await self._between(topic, partition, first, following, 1)
        return bool(found)

    async def records_between(
        self, topic: str, partition: int, first: int, following: int
    ) -> tuple[list[Message], bool]:
        """Return the records from offset `first` to before `following`, and whether all are still kept.

        Raises `KafkaUnavailable`.
        """
        found, complete = await self._between(topic, partition, first, following, following - first)
        return [_message(record) for record in found], complete

    async def _between(
        self, topic: str, partition: int, first: int, following: int, most: int
    ) -> tuple[Sequence[Record], bool]:
        place = TopicPartition(topic, partition)
        async with self._clients.borrow() as (consumer, _):
            if place not in await partitions_of(consumer, {topic}):
                return [], False
            begin = max(first, (await consumer.beginning_offsets([place]))[place])
            end = min(following, (await consumer.end_offsets([place]))[place])
            complete = (begin, end) == (first, following)
            if end <= begin:
                return [], complete
            # A slow broker must not be taken for one without records.
            return (await fetch(consumer, [GroupPosition("", place, begin, end)], most, until_ended=True))[
                place
            ].records, complete

    def _held_since(self, held: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, datetime]:
        """Return since when records of partitions have been held back by an open transaction."""
        now = datetime.now(timezone.utc)
        fresh = {partition: (end, now) for partition, end in held.items()}
        self._held = {
            partition: known if (known := self._held.get(partition)) and known[0] == each[0] else each
            for partition, each in fresh.items()
        }
        return {partition: since for partition, (_, since) in self._held.items()}


def _unread(record: Record) -> Unread:
    return Unread(record.partition, record.offset, record.key, record.value, record.headers, _moment(record))


def _moment(record: Record) -> datetime:
    """Return when a record was sent; a sender may write any number there."""
    return datetime.fromtimestamp(min(max(record.timestamp, 0), LATEST_MS) / 1000, timezone.utc)


def _message(record: Record) -> Message:
    # A record must have a key or a value to be sent; an empty value is the closest to none.
    value = b"" if record.key is None and record.value is None else record.value
    return Message(record.key, value, list(record.headers))
