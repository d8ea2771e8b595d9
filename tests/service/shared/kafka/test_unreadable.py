"""A record that cannot be read, whoever fails at it, holds up nobody.

Every reader of ours goes on behind it within a second or two.

Each kind here is one that a real broker takes.
"""

import asyncio
import gzip
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from aiokafka import TopicPartition
from sqlalchemy.ext.asyncio import AsyncSession

from proof.chaos.clients.raw_batches import RawProducer, batch, record
from shared.database.engine import Sessions
from shared.events.topics import DAY_MS, Topic, dead_letter_topic
from shared.kafka.batches import PORTION_BYTES
from shared.kafka.connection import KafkaConnection
from shared.kafka.consume_raw import RawConsumer, RawRecord
from shared.kafka.lag import LagReader
from shared.kafka.make_consumer import make_consumer, positions_of
from shared.kafka.producer import EventProducer
from shared.kafka.topics import ensure_topics
from shared.web.health import Liveness
from tests.eventually import eventually
from tests.follow_topic import followed_records
from tests.service.shared.running_consumer import (
    dead_letters,
    has_handled,
    insert_handled,
    running_consumer,
    take_command,
)
from tests.service.tracker.running_loops import running_loop
from tests.unreadable_records import KINDS, Kind

GOING_ON_SECONDS = 20.0
"""Less than any timeout of the client library, and enough for a group to form on a busy machine."""
ONE_BY_ONE = 200
FLOOD = 20_000
BOMBS, ZEROS = 24, bytes(10_000_000)


@pytest.fixture
async def one_partition(kafka: KafkaConnection) -> str:
    name = f"unreadable.{uuid4().hex}"
    await ensure_topics(kafka, [Topic(name, 1, DAY_MS), Topic(dead_letter_topic(name), 1, DAY_MS)])
    return name


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
async def sent(
    request: pytest.FixtureRequest, kafka: KafkaConnection, one_partition: str, producer: EventProducer
) -> "Sent":
    """Send one of the kind between two that are right."""
    kind: Kind = request.param
    before, after, ids = uuid4(), uuid4(), [uuid4() for _ in range(kind.size)]
    await producer.send(one_partition, take_command(before))
    async with RawProducer(kafka) as raw:
        assert await raw.send(one_partition, 0, kind.make(ids)) == 0, "the broker takes it"
    await producer.send(one_partition, take_command(after))
    carried = [each for place, each in enumerate(ids) if place not in kind.lost]
    return Sent(one_partition, before, after, [before, *carried, after], len(kind.lost), kind.size)


@dataclass(frozen=True)
class Sent:
    """The topic, what is to be carried out in all, and how many records are to be set aside."""

    topic: str
    before: UUID
    after: UUID
    carried: Sequence[UUID]
    lost: int
    size: int


async def test_a_consumer_sets_it_aside_and_goes_on(
    kafka: KafkaConnection, sent: Sent, sessions: Sessions, producer: EventProducer
) -> None:
    async with running_consumer(kafka, sent.topic, insert_handled, sessions, producer):
        await eventually(has_handled(sessions, sent.carried), GOING_ON_SECONDS)
        letters = await dead_letters(kafka, sent.topic)
    assert len(letters) == sent.lost
    for letter in letters:
        headers = dict(letter.headers)
        assert (headers["dead_letter_topic"], headers["dead_letter_offset"]) == (sent.topic.encode(), b"1")
    async with LagReader(kafka) as lags:
        assert await lags.read({f"group-{sent.topic}": [sent.topic]}) == []


async def test_a_flood_of_poison_passes_quickly(
    kafka: KafkaConnection,
    topic: str,
    one_partition: str,
    sessions: Sessions,
    producer: EventProducer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.kafka.lag.READ_SECONDS", 60.0)
    good = uuid4()
    begun = time.monotonic()
    for _ in range(ONE_BY_ONE):
        await producer.send(topic, take_command(uuid4()))
    one_by_one = (time.monotonic() - begun) / ONE_BY_ONE * FLOOD
    poison = b"".join(record(b"k", b"poison", delta=delta) for delta in range(FLOOD))
    async with RawProducer(kafka) as raw:
        assert await raw.send(one_partition, 0, batch(gzip.compress(poison), FLOOD, codec=1)) == 0
    await producer.send(one_partition, take_command(good))
    begun = time.monotonic()
    async with running_consumer(kafka, one_partition, insert_handled, sessions, producer):
        await eventually(has_handled(sessions, [good]), 120)
        took = time.monotonic() - begun
    assert took < one_by_one / 2, "dead letters are sent together"

    async def all_set_aside() -> bool:
        async with LagReader(kafka) as lags:
            messages, _ = await lags.records_between(dead_letter_topic(one_partition), 0, 0, FLOOD)
        return len(messages) == FLOOD

    await eventually(all_set_aside, 60)


async def test_many_small_batches_that_unpack_to_much_are_given_in_portions(
    kafka: KafkaConnection, one_partition: str
) -> None:
    payloads = [
        gzip.compress(record(b"k", None if head else ZEROS, [(b"h", ZEROS)] if head else ()))
        for head in (False, True)
    ]
    async with RawProducer(kafka) as raw:
        for number in range(BOMBS):
            assert await raw.send(one_partition, 0, batch(payloads[number % 2], codec=1)) == 0
    consumer = make_consumer(kafka, one_partition, auto_offset_reset="earliest")
    await consumer.start()
    try:
        sizes: list[int] = []
        while sum(sizes) < BOMBS:
            async with asyncio.timeout(20):
                polled = await consumer.getmany(timeout_ms=1_000, max_records=500)
            sizes += [len(records) for records in polled.values()]
            assert {place: position for place, position in positions_of(consumer).items() if polled} in (
                {},
                {TopicPartition(one_partition, 0): sum(sizes)},
            )
    finally:
        await consumer.stop()
    assert max(sizes) * len(ZEROS) <= PORTION_BYTES + len(ZEROS)


async def test_a_follower_goes_on(kafka: KafkaConnection, sent: Sent) -> None:
    async with followed_records(kafka, sent.topic, back_seconds=60) as found:

        async def both() -> bool:
            return {str(sent.before).encode(), str(sent.after).encode()} <= {each.key for each in found}

        await eventually(both, GOING_ON_SECONDS)


async def test_the_ledger_can_look_at_it(kafka: KafkaConnection, sent: Sent) -> None:
    async with LagReader(kafka) as lags:
        (behind,) = await lags.read({"nobody": [sent.topic]})
        assert (behind.behind, behind.oldest_at is not None) == (sent.size + 2, True)
        assert {each.offset for each in (await lags.tail("nobody", sent.topic, {}, 1_000)).records} == set(
            range(sent.size + 2)
        )
        messages, whole = await lags.records_between(sent.topic, 0, 0, sent.size + 2)
        assert (len(messages), whole) == (sent.size + 2, True)
        await lags.records_between(sent.topic, 0, 1, 2)


async def test_a_reader_of_dead_letters_keeps_it(
    kafka: KafkaConnection, sent: Sent, sessions: Sessions
) -> None:
    kept: list[RawRecord] = []

    async def keep(_: AsyncSession, records: Sequence[RawRecord]) -> None:
        kept.extend(records)

    async def all_kept() -> bool:
        return [each.offset for each in kept] == list(range(sent.size + 2))

    reader = RawConsumer(
        kafka, f"raw-{sent.topic}", [sent.topic], handler=keep, sessions=sessions, liveness=Liveness(None, ())
    )
    async with running_loop(reader.run()):
        await eventually(all_kept, GOING_ON_SECONDS)
