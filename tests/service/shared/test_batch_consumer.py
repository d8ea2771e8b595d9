"""The loop of every worker: in batches, at least once, poison aside, and nobody held up."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Sessions, open_database
from shared.events.envelope import Envelope, Message, encode
from shared.events.event import Event
from shared.events.request_commands import TakeRequest
from shared.events.topics import DAY_MS, Topic, dead_letter_topic
from shared.health import Liveness
from shared.kafka.connection import KafkaConnection
from shared.kafka.consumer import GATHER_SECONDS, BatchConsumer, Handler
from shared.kafka.follow import follow_topics
from shared.kafka.producer import EventProducer, KafkaUnavailable
from shared.kafka.topics import ensure_topics
from shared.rejected import Rejected
from tests.conftest import FreshDatabase
from tests.eventually import eventually

SOURCE = "/asiointi/test"


@pytest.fixture
async def topic(kafka: KafkaConnection) -> str:
    name = f"test.{uuid4().hex}"
    await ensure_topics(kafka, [Topic(name, 2, DAY_MS), Topic(dead_letter_topic(name), 1, DAY_MS)])
    return name


@pytest.fixture
async def producer(kafka: KafkaConnection) -> AsyncIterator[EventProducer]:
    async with EventProducer(kafka, "test") as producer:
        yield producer


@pytest.fixture
async def sessions(fresh_database: FreshDatabase) -> AsyncIterator[Sessions]:
    async with open_database(await fresh_database("shared")) as sessions:
        async with sessions.begin() as session:
            await session.execute(text("create table handled (event_id text, request_id uuid)"))
        yield sessions


async def insert(session: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
    for envelope in events:
        await session.execute(text("insert into handled values (:e, :r)"), {"e": envelope.id, "r": envelope.event.request_id})


async def handled(sessions: Sessions) -> list[UUID]:
    async with sessions() as session:
        return list((await session.execute(text("select request_id from handled"))).scalars())


@asynccontextmanager
async def consuming(
    kafka: KafkaConnection, topic: str, handler: Handler, sessions: Sessions, producer: EventProducer, liveness: Liveness | None = None
) -> AsyncIterator[None]:
    consumer = BatchConsumer(
        kafka, f"group-{topic}", [topic], handler=handler, sessions=sessions, producer=producer, liveness=liveness or Liveness(None, ())
    )
    task = asyncio.create_task(consumer.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def take(request_id: UUID) -> Message:
    return encode(Envelope(TakeRequest(request_id=request_id, actor="tester"), SOURCE))


async def dead_letters(kafka: KafkaConnection, topic: str) -> list["ConsumerRecord[bytes, bytes]"]:
    consumer = AIOKafkaConsumer(dead_letter_topic(topic), **kafka.client_options(), auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        polled = await consumer.getmany(timeout_ms=1500)
        return [record for records in polled.values() for record in records]
    finally:
        await consumer.stop()


def holds(sessions: Sessions, expected: Sequence[UUID]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return sorted(await handled(sessions)) == sorted(expected)

    return check


async def test_events_are_handled_once_over_a_restart(kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions) -> None:
    first, second = [uuid4() for _ in range(20)], [uuid4() for _ in range(5)]
    await producer.send_all(topic, [take(each) for each in first])
    async with consuming(kafka, topic, insert, sessions, producer):
        await eventually(holds(sessions, first))
        await producer.send(topic, take(second[0]))
        await eventually(holds(sessions, [*first, second[0]]))
    await producer.send_all(topic, [take(each) for each in second[1:]])
    async with consuming(kafka, topic, insert, sessions, producer):
        await eventually(holds(sessions, [*first, *second]))


async def test_random_bytes_go_aside_and_the_neighbours_pass(kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions) -> None:
    good = [uuid4(), uuid4()]
    await producer.send(topic, take(good[0]))
    await producer.send(topic, Message(b"\xff\x00", b"\x80\x81random", [("ce_type", b"\xfe"), ("other", b"kept")]))
    await producer.send(topic, Message(b"tombstone", None, []))
    await producer.send(topic, take(good[1]))
    async with consuming(kafka, topic, insert, sessions, producer):
        await eventually(holds(sessions, good))
    letters = await dead_letters(kafka, topic)
    assert {(letter.key, letter.value) for letter in letters} == {(b"\xff\x00", b"\x80\x81random"), (b"tombstone", None)}
    headers = dict(next(letter for letter in letters if letter.value).headers)
    assert headers["other"] == b"kept"
    assert headers["dead_letter_reason"] == b"no-event"
    assert headers["dead_letter_topic"] == topic.encode()
    assert {"dead_letter_partition", "dead_letter_offset", "dead_letter_group", "dead_letter_time"} <= set(headers)


async def test_one_rejected_event_does_not_take_its_batch_along(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    ids = [uuid4() for _ in range(10)]

    async def picky(session: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
        await insert(session, events)
        if any(envelope.event.request_id == ids[4] for envelope in events):
            raise Rejected("cannot-open", "test")

    await producer.send_all(topic, [take(each) for each in ids])
    async with consuming(kafka, topic, picky, sessions, producer):
        await eventually(holds(sessions, ids[:4] + ids[5:]))
    (letter,) = await dead_letters(kafka, topic)
    assert letter.key == str(ids[4]).encode()
    assert dict(letter.headers)["dead_letter_reason"] == b"cannot-open"


async def test_an_event_that_breaks_the_handler_goes_aside_after_some_tries(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    bad, good = uuid4(), uuid4()

    async def breaking(session: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
        if any(envelope.event.request_id == bad for envelope in events):
            raise KeyError("a mistake of ours")
        await insert(session, events)

    await producer.send_all(topic, [take(bad), take(good)])

    async def both_told() -> bool:
        return await handled(sessions) == [good] and len(await dead_letters(kafka, topic)) == 1

    async with consuming(kafka, topic, breaking, sessions, producer):
        await eventually(both_told, 20)
    (letter,) = await dead_letters(kafka, topic)
    assert dict(letter.headers)["dead_letter_detail"] == b"KeyError"


async def test_a_server_that_is_away_is_waited_for(kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions) -> None:
    request_id, tries = uuid4(), 0

    class Counted(Liveness):
        beats = 0

        def beat(self, loop: str) -> None:
            super().beat(loop)
            self.beats += 1

    liveness, beats = Counted(None, (f"consume:group-{topic}",)), list[int]()

    async def away(session: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
        nonlocal tries
        tries += 1
        if tries <= 6:
            beats.append(liveness.beats)
            raise ConnectionRefusedError
        await insert(session, events)

    await producer.send(topic, take(request_id))
    async with consuming(kafka, topic, away, sessions, producer, liveness):
        await eventually(holds(sessions, [request_id]), 20)
    assert tries > 6
    # The first two tries are the batch's and the record's own.
    assert all(later > earlier for earlier, later in pairwise(beats[1:])), "a worker that waits for a server is not started anew"
    assert await dead_letters(kafka, topic) == []


async def test_killed_between_the_two_commits_an_event_is_handed_over_again(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    request_id = uuid4()
    await producer.send(topic, take(request_id))

    def die() -> None:
        raise asyncio.CancelledError

    consumer = BatchConsumer(
        kafka, f"group-{topic}", [topic], handler=insert, sessions=sessions, producer=producer, liveness=Liveness(None, ()), committed=die
    )
    with pytest.raises(asyncio.CancelledError):
        await consumer.run()
    assert await handled(sessions) == [request_id]
    async with consuming(kafka, topic, insert, sessions, producer):
        await eventually(holds(sessions, [request_id, request_id]))


async def test_a_follower_sees_what_was_and_what_comes(kafka: KafkaConnection, topic: str, producer: EventProducer) -> None:
    ids = [uuid4() for _ in range(3)]
    await producer.send_all(topic, [take(each) for each in ids[:2]])
    seen: set[bytes | None] = set()
    async for batch in follow_topics(kafka, [topic], back_seconds=60, most=100):
        seen |= {record.key for record in batch}
        if len(seen) == 2:
            await producer.send(topic, take(ids[2]))
        if len(seen) == 3:
            break
    assert seen == {str(each).encode() for each in ids}


async def test_a_broker_that_is_away_is_told_within_the_deadline() -> None:
    async with EventProducer(KafkaConnection("127.0.0.1:1"), "test") as producer:
        with pytest.raises(KafkaUnavailable):
            await producer.send("anything", take(uuid4()), within=0.2)
        with pytest.raises(KafkaUnavailable):
            await producer.check()


async def test_under_load_records_gather_into_batches(kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions) -> None:
    sizes: list[int] = []

    async def note(_: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
        sizes.append(len(events))

    def came(count: int) -> Callable[[], Awaitable[bool]]:
        async def check() -> bool:
            return sum(sizes) == count

        return check

    async with consuming(kafka, topic, note, sessions, producer):
        await producer.send(topic, take(uuid4()))
        await eventually(came(1))
        started = time.monotonic()
        for _ in range(100):
            await asyncio.gather(*(producer.send(topic, take(uuid4())) for _ in range(3)))
        await eventually(came(301))
    assert len(sizes) <= (time.monotonic() - started) / GATHER_SECONDS + 2, sizes
