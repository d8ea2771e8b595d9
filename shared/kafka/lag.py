"""How far consumer groups are behind, and what they have not read yet; reads only, in no group."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.events.envelope import Message
from shared.kafka.batches import Record
from shared.kafka.connection import KafkaConnection
from shared.kafka.fetch import Found, GroupPosition, fetch, looked_up_to, resume_from
from shared.kafka.group_positions import group_positions, high_watermarks, partitions_of
from shared.kafka.make_consumer import make_consumer
from shared.kafka.producer import KafkaUnavailable
from shared.kafka.start import STOP_SECONDS, start
from shared.kafka.within import within
from shared.process.logs import get_log
from shared.process.loops import is_cancelled

log = get_log(__name__)

READ_SECONDS = 3.0
PARTITION_BYTES = 65_536
LATEST_MS = 253_402_300_799_000
"""The last second of the year 9999."""


@dataclass(frozen=True, slots=True)
class Lag:
    """A partition that a group is behind in: by `behind` records, the oldest of which the broker took at `oldest_at` (`None`: none can be read)."""

    group: str
    topic: str
    partition: int
    behind: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unread:
    """A record that a group has not read yet; `timestamp` is when the broker's producer sent it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Tail:
    """What lies beyond a group's position: `records` in order within each partition, and how far each was `looked` at.

    `looked` gives the group's position and the offset before which everything was looked at, now or earlier; `left` is
    how many offsets were not.
    """

    records: Sequence[Unread]
    looked: Mapping[int, tuple[int, int]]
    left: int


class LagReader:
    """`async with LagReader(kafka) as lags` connects when first asked, and anew after a lost broker.

    Calls at once wait for one another, and that counts towards the `READ_SECONDS` that each may take.
    """

    def __init__(self, kafka: KafkaConnection) -> None:
        self._kafka = kafka
        self._lock = asyncio.Lock()
        self._clients: tuple[AIOKafkaConsumer, AIOKafkaAdminClient] | None = None
        self._held: dict[TopicPartition, tuple[int, datetime]] = {}

    async def __aenter__(self) -> Self:
        """Connect nothing yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what was opened."""
        await self._close()

    async def read(self, readers: Mapping[str, Sequence[str]]) -> list[Lag]:
        """Give the partitions that groups (`readers`: group to topics) are behind in; a group that has read nothing is behind from the beginning.

        What is never given to anybody, such as commit markers and what was rolled back, is nothing to be behind in; what an open
        transaction holds up is, as long as it has been seen to.
        Raises `KafkaUnavailable` where the broker does not answer within `READ_SECONDS`.
        """
        async with self._asking() as (consumer, admin):
            # Before the others: what is sent in between would seem to be held.
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
        """Give where groups go on in each partition, by group and topic; raises `KafkaUnavailable` as `read` does."""
        found: dict[tuple[str, str], dict[int, int]] = {}
        async with self._asking() as (consumer, admin):
            for each in await group_positions(consumer, admin, readers):
                found.setdefault((each.group, each.partition.topic), {})[each.partition.partition] = (
                    each.position
                )
        return found

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """Give the offset behind the last record of each partition of a topic; raises `KafkaUnavailable` as `read` does."""
        async with self._asking() as (consumer, _):
            return {
                place.partition: end
                for place, end in (await consumer.end_offsets(await partitions_of(consumer, {topic}))).items()
            }

    async def tail(self, group: str, topic: str, seen: Mapping[int, tuple[int, int]], most: int) -> Tail:
        """Give about `most` records that a group has not read, beyond those that were looked at before.

        `seen` is the `looked` of the last answer.
        Raises `KafkaUnavailable` as `read` does.
        """
        async with self._asking() as (consumer, admin):
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
        """Say whether a reader is given any record from offset `first` to before `following`; raises `KafkaUnavailable` as `read` does."""
        found, _ = await self._between(topic, partition, first, following, 1)
        return bool(found)

    async def records_between(
        self, topic: str, partition: int, first: int, following: int
    ) -> tuple[list[Message], bool]:
        """Give the records from offset `first` to before `following`, and whether the topic still keeps all of them.

        Raises `KafkaUnavailable` as `read` does.
        """
        found, whole = await self._between(topic, partition, first, following, following - first)
        return [_message(record) for record in found], whole

    async def _between(
        self, topic: str, partition: int, first: int, following: int, most: int
    ) -> tuple[Sequence[Record], bool]:
        place = TopicPartition(topic, partition)
        async with self._asking() as (consumer, _):
            if place not in await partitions_of(consumer, {topic}):
                return [], False
            begin = max(first, (await consumer.beginning_offsets([place]))[place])
            end = min(following, (await consumer.end_offsets([place]))[place])
            whole = (begin, end) == (first, following)
            if end <= begin:
                return [], whole
            # A broker that is slow to give records is not one that has none.
            return (await fetch(consumer, [GroupPosition("", place, begin, end)], most, until_ended=True))[
                place
            ].records, whole

    def _held_since(self, held: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, datetime]:
        """Give since when partitions have ended at the same offset for their readers, though not for their writers."""
        now = datetime.now(timezone.utc)
        fresh = {partition: (end, now) for partition, end in held.items()}
        self._held = {
            partition: known if (known := self._held.get(partition)) and known[0] == each[0] else each
            for partition, each in fresh.items()
        }
        return {partition: since for partition, (_, since) in self._held.items()}

    @contextlib.asynccontextmanager
    async def _asking(self) -> AsyncIterator[tuple[AIOKafkaConsumer, AIOKafkaAdminClient]]:
        deadline = asyncio.get_running_loop().time() + READ_SECONDS
        async with self._turn(deadline):
            try:
                async with asyncio.timeout_at(deadline):
                    self._clients = self._clients or await self._open()
                    yield self._clients
            except (KafkaError, OSError, asyncio.CancelledError) as error:
                await self._close()
                if isinstance(error, asyncio.CancelledError) and is_cancelled():
                    raise
                log.warning("lag_not_read", error=type(error).__name__)
                raise KafkaUnavailable(type(error).__name__) from error
            except BaseException:
                await self._close()
                raise

    @contextlib.asynccontextmanager
    async def _turn(self, deadline: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(deadline):
                await self._lock.acquire()
        except TimeoutError as error:
            raise KafkaUnavailable("no turn") from error
        try:
            yield
        finally:
            self._lock.release()

    async def _open(self) -> tuple[AIOKafkaConsumer, AIOKafkaAdminClient]:
        consumer = make_consumer(
            self._kafka,
            group_id=None,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=PARTITION_BYTES,
            request_timeout_ms=int(READ_SECONDS * 1000),
        )
        admin = AIOKafkaAdminClient(
            **self._kafka.client_options(), request_timeout_ms=int(READ_SECONDS * 1000)
        )
        try:
            await start(consumer)
            await start(admin)
        except BaseException:
            await _stop(consumer, admin)
            raise
        return consumer, admin

    async def _close(self) -> None:
        clients, self._clients = self._clients, None
        if clients:
            await _stop(*clients)


def _unread(record: Record) -> Unread:
    return Unread(record.partition, record.offset, record.key, record.value, record.headers, _moment(record))


def _moment(record: Record) -> datetime:
    """Give when a record was sent; a sender may write any number there."""
    return datetime.fromtimestamp(min(max(record.timestamp, 0), LATEST_MS) / 1000, timezone.utc)


def _message(record: Record) -> Message:
    # A record must have a key or a value to be sent; an empty value is the nearest to nothing.
    value = b"" if record.key is None and record.value is None else record.value
    return Message(record.key, value, list(record.headers))


async def _stop(consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
    with contextlib.suppress(Exception):
        await asyncio.gather(
            within(STOP_SECONDS, consumer.stop()), within(STOP_SECONDS, admin.close()), return_exceptions=True
        )
