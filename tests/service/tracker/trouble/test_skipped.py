"""Records that were skipped are noticed, raise an alarm, and are read again on an operator's order."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid4

from proof.chaos.clients.raw_batches import RawProducer, batch, record
from services.tracker.ledger.positions import KEPT, compare_positions, position_keeper
from services.tracker.models import SkippedRecords, UnsignedBefore
from services.tracker.personal_data.keyring import Keyring
from services.tracker.register.on_request_submitted import on_request_submitted
from services.tracker.trouble.skipped import NoLongerThere, send_skipped_again, settle_skipped
from shared.crypto.record_mac import has_mac
from shared.database.engine import Sessions
from shared.events.envelope import Envelope, Message, encode
from shared.events.event import Event
from shared.events.topics import DAY_MS, SUBMITTED, Topic, dead_letter_topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.consume import BatchConsumer
from shared.kafka.lag import LagReader
from shared.kafka.poll import OffsetRange
from shared.kafka.producer import EventProducer
from shared.kafka.topics import ensure_topics
from shared.web.health import Liveness
from shared.web.problems import NotFound
from tests.eventually import eventually
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.builders import submission
from tests.service.tracker.database import fetch_rows
from tests.service.tracker.ledger_builders import KafkaDouble, read_ledger
from tests.service.tracker.published_events import read_topic
from tests.service.tracker.running_loops import running_loop


async def there(_topic: str, _partition: int, _first: int, _next: int) -> bool:
    """Have the log give a record wherever it is asked."""
    return True


KEEP = position_keeper("r", there)


async def advance(sessions: Sessions, *offset_ranges: OffsetRange) -> None:
    async with sessions.begin() as session:
        await KEEP(session, offset_ranges)


async def gaps(sessions: Sessions) -> Sequence[tuple[int, int, int]]:
    found = await fetch_rows(
        sessions,
        "select partition, first_offset, next_offset from skipped_records where settled_at is null "
        "order by id",
    )
    return [(row.partition, row.first_offset, row.next_offset) for row in found]


async def test_a_stretch_that_begins_beyond_the_last_one_leaves_a_gap(sessions: Sessions) -> None:
    await advance(sessions, OffsetRange("t", 0, 40, 50), OffsetRange("t", 1, 0, 5))
    await advance(sessions, OffsetRange("t", 0, 50, 60), OffsetRange("t", 1, 3, 8))
    await advance(sessions, OffsetRange("t", 0, 45, 55))
    assert await gaps(sessions) == []
    await advance(
        sessions, OffsetRange("t", 0, 63, 70), OffsetRange("t", 1, 8, 9), OffsetRange("other", 0, 99, 100)
    )
    assert await gaps(sessions) == [(0, 60, 63)]
    ledger = await read_ledger(sessions)
    assert [(each.reason, each.count) for each in ledger.overdue] == [("skipped", 3)]


@pytest.mark.parametrize("held", [True, False])
async def test_a_gap_that_the_log_could_not_be_asked_about_is_looked_up_later(
    sessions: Sessions, *, held: bool
) -> None:
    keep = position_keeper("r", KafkaDouble(holds=None).holds_records)
    async with sessions.begin() as session:
        await keep(session, [OffsetRange("t", 0, 0, 5)])
        await keep(session, [OffsetRange("t", 0, 7, 9)])
    assert (await read_ledger(sessions, KafkaDouble(holds=None))).overdue == ()
    assert await gaps(sessions) == [(0, 5, 7)]
    ledger = await read_ledger(sessions, KafkaDouble(holds=held))
    assert [(each.reason, each.count) for each in ledger.overdue] == ([("skipped", 2)] if held else [])
    assert await gaps(sessions) == ([(0, 5, 7)] if held else [])


async def test_a_position_that_was_rolled_back_with_its_batch_leaves_no_gap(sessions: Sessions) -> None:
    await advance(sessions, OffsetRange("t", 0, 0, 10))
    async with sessions() as session:
        await KEEP(session, [OffsetRange("t", 0, 10, 20)])
        await session.rollback()
    await advance(sessions, OffsetRange("t", 0, 10, 20))
    assert await gaps(sessions) == []


async def test_two_readers_of_the_same_partitions_do_not_wait_for_each_other_for_ever(
    sessions: Sessions,
) -> None:
    there = [OffsetRange("t", number, 0, 5) for number in range(6)]
    await asyncio.gather(*(advance(sessions, *(there if turn % 2 else reversed(there))) for turn in range(8)))
    assert await gaps(sessions) == []


@pytest.fixture
async def topic(kafka: KafkaConnection) -> str:
    name = f"skipped.{uuid4().hex}"
    await ensure_topics(kafka, [Topic(name, 1, DAY_MS), Topic(dead_letter_topic(name), 1, DAY_MS)])
    return name


@pytest.fixture
async def lags(kafka: KafkaConnection) -> AsyncIterator[LagReader]:
    async with LagReader(kafka) as lags:
        yield lags


async def commit(kafka: KafkaConnection, topic: str, offset: int) -> None:
    consumer = AIOKafkaConsumer(**kafka.client_options(), group_id=topic, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.commit({TopicPartition(topic, 0): offset})
    finally:
        await consumer.stop()


async def test_an_offset_that_was_committed_for_nothing_is_noticed_and_the_requests_come_back(
    kafka: KafkaConnection,
    topic: str,
    sessions: Sessions,
    producer: EventProducer,
    keyring: Keyring,
    lags: LagReader,
) -> None:
    def reading() -> BatchConsumer:
        handler = partial(on_request_submitted, keyring=keyring)
        keep = position_keeper(topic, lags.holds_records)
        return BatchConsumer(
            kafka,
            topic,
            [topic],
            handler=handler,
            sessions=sessions,
            producer=producer,
            liveness=Liveness(None, ()),
            keep_position=keep,
        )

    async def numbered(count: int) -> bool:
        return len(await fetch_rows(sessions, "select 1 from requests")) == count

    poison = Message(b"k", b"poison", [])
    await producer.send_all(topic, [poison, encode(submission()), poison])
    async with running_loop(reading().run()):
        await eventually(lambda: numbered(1))
        await eventually(lambda: read_to(sessions, 3))
    await producer.send_all(topic, [encode(submission()), encode(submission())])
    await commit(kafka, topic, 5)
    await producer.send_all(topic, [poison, encode(submission())])
    async with running_loop(reading().run()):
        await eventually(lambda: numbered(2))
        assert await gaps(sessions) == [(0, 3, 5)]
        async with sessions.begin() as session:
            assert (
                await send_skipped_again(session, 1, "olli", lags, producer, keyring)
            ).settled_by == "olli"
        await eventually(lambda: numbered(4))
    assert await gaps(sessions) == []
    async with sessions.begin() as session:
        await send_skipped_again(session, 1, "maija", lags, producer, keyring)
    (settled,) = await fetch_rows(sessions, "select settled_by from skipped_records")
    assert settled.settled_by == "olli"


async def test_what_nobody_is_given_is_no_skipped_record(
    kafka: KafkaConnection, topic: str, sessions: Sessions, producer: EventProducer, lags: LagReader
) -> None:
    given: list[str] = []

    async def note(_: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
        given.extend(event.id for event in events)

    def reading() -> BatchConsumer:
        keep = position_keeper(topic, lags.holds_records)
        return BatchConsumer(
            kafka,
            topic,
            [topic],
            handler=note,
            sessions=sessions,
            producer=producer,
            liveness=Liveness(None, ()),
            keep_position=keep,
        )

    async def compared() -> bool:
        async with sessions.begin() as session:
            await compare_positions(
                session,
                topic,
                topic,
                (await lags.positions({topic: [topic]}))[topic, topic],
                lags.holds_records,
            )
        return await lags.read({topic: [topic]}) == []

    async def has(count: int) -> bool:
        return len(given) == count

    await producer.send(topic, encode(submission()))
    await in_transaction(kafka, topic, encode(submission()), commit=True)
    await in_transaction(kafka, topic, encode(submission()), commit=False)
    async with running_loop(reading().run()):
        await eventually(lambda: has(2))
        await eventually(compared)
        await in_transaction(kafka, topic, encode(submission()), commit=False)
        await producer.send(topic, encode(submission()))
        await eventually(lambda: has(3))
        await eventually(compared)
    await in_transaction(kafka, topic, encode(submission()), commit=False)
    await producer.send_all(topic, [encode(submission()), encode(submission())])
    await delete_before(kafka, topic, (await lags.end_offsets(topic))[0] - 1)
    async with running_loop(reading().run()):
        await eventually(lambda: has(4))
        await eventually(compared)
    assert await gaps(sessions) == []


async def test_what_compaction_took_is_no_skipped_record(
    kafka: KafkaConnection, sessions: Sessions, lags: LagReader
) -> None:
    topic, key = f"compacted.{uuid4().hex}", str(uuid4()).encode()
    await make_compacted(kafka, topic)
    keep = position_keeper(topic, lags.holds_records)
    first = int(time.time() * 1000) - 60_000
    async with RawProducer(kafka) as raw:
        for number in range(7):
            # A segment is closed by the age of its records.
            sent = record(key if number < 6 else b"another", b"%d" % number)
            assert await raw.send(topic, 0, batch(sent, timestamp=first + number * 1_000)) == 0

    async def compacted() -> bool:
        return not await lags.holds_records(topic, 0, 1, 5)

    await eventually(compacted, 60)
    async with sessions.begin() as session:
        await keep(session, [OffsetRange(topic, 0, 0, 1)])
        await keep(session, [OffsetRange(topic, 0, 5, 6)])
    assert await gaps(sessions) == []
    async with sessions.begin() as session:
        await keep(session, [OffsetRange(topic, 0, 7, 8)])
    assert await gaps(sessions) == [(0, 6, 7)]


async def make_compacted(kafka: KafkaConnection, topic: str) -> None:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        configs = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.001"}
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=configs)])
    finally:
        await admin.close()


@pytest.mark.parametrize("reader", KEPT)
async def test_every_reader_of_tracker_notices_what_it_was_not_given(
    reader: str, topic: str, sessions: Sessions, producer: EventProducer, lags: LagReader
) -> None:
    keep = position_keeper(reader, lags.holds_records)
    await producer.send_all(topic, [encode(submission()) for _ in range(4)])
    async with sessions.begin() as session:
        await keep(session, [OffsetRange(topic, 0, 0, 1)])
        await keep(session, [OffsetRange(topic, 0, 3, 4)])
    assert await gaps(sessions) == [(0, 1, 3)]


async def in_transaction(kafka: KafkaConnection, topic: str, message: Message, *, commit: bool) -> None:
    producer = AIOKafkaProducer(**kafka.client_options(), transactional_id=f"test-{uuid4()}")
    await producer.start()
    try:
        await producer.begin_transaction()
        sent = await producer.send_and_wait(topic, message.value, message.key, headers=message.headers)
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()
    async with LagReader(kafka) as lags:

        async def ended() -> bool:
            # The broker answers before the marker that ends the transaction is in the log.
            return (await lags.end_offsets(topic))[0] > int(sent.offset) + 1

        await eventually(ended)


async def delete_before(kafka: KafkaConnection, topic: str, offset: int) -> None:
    """Delete records as their retention does when it is over."""
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()


async def read_to(sessions: Sessions, offset: int) -> bool:
    return [
        row.next_offset for row in await fetch_rows(sessions, "select next_offset from read_positions")
    ] == [offset]


async def test_records_that_are_gone_are_told_and_can_be_settled(
    topic: str, sessions: Sessions, producer: EventProducer, lags: LagReader, keyring: Keyring
) -> None:
    async with sessions.begin() as session:
        session.add(
            SkippedRecords(
                reader="r",
                topic=topic,
                partition=0,
                first_offset=3,
                next_offset=9,
                noticed_at=submission().time,
            )
        )
    async with sessions.begin() as session:
        with pytest.raises(NoLongerThere):
            await send_skipped_again(session, 1, "olli", lags, producer, keyring)
        with pytest.raises(NotFound):
            await settle_skipped(session, 2, "olli", None)
        await settle_skipped(session, 1, "olli", None)
    assert await gaps(sessions) == []


async def test_skipped_records_from_before_intake_signed_are_sent_again_signed_and_later_ones_as_they_are(
    kafka: KafkaConnection, sessions: Sessions, producer: EventProducer, lags: LagReader, keyring: Keyring
) -> None:
    old, forged = encode(submission()), encode(submission())
    forged = Message(old.key, forged.value, forged.headers)
    await producer.send_all(SUBMITTED, [old, forged])
    first, second = [each for each in await read_topic(kafka, SUBMITTED) if each.key == old.key]
    gap = SkippedRecords(
        reader="r",
        topic=SUBMITTED,
        partition=first.partition,
        first_offset=first.offset,
        next_offset=second.offset + 1,
        noticed_at=submission().time,
    )
    async with sessions.begin() as session:
        session.add(UnsignedBefore(partition=first.partition, next_offset=second.offset))
        session.add(gap)
    for _ in range(2):
        async with sessions.begin() as session:
            await send_skipped_again(session, 1, "olli", lags, producer, keyring)
    assert await gaps(sessions) == []
    again = [each for each in await read_topic(kafka, SUBMITTED) if each.key == old.key][2:]
    assert [(each.value, has_mac(each.headers)) for each in again] == [
        (old.value, True),
        (forged.value, False),
    ]


async def test_offsets_that_pass_over_records_are_noticed_though_none_comes_after_them(
    sessions: Sessions,
) -> None:
    async def compare(**stands: int) -> None:
        async with sessions.begin() as session:
            await compare_positions(
                session, "r", "t", {int(name[1:]): offset for name, offset in stands.items()}, there
            )

    await advance(sessions, OffsetRange("t", 0, 0, 5))
    await compare(p0=5, p1=2)
    await compare(p0=4, p1=2)
    assert await gaps(sessions) == []
    for _ in range(2):
        await compare(p0=9, p1=3)
    assert sorted(await gaps(sessions)) == [(0, 5, 9), (1, 2, 3)]
    await advance(sessions, OffsetRange("t", 0, 9, 10))
    assert len(await gaps(sessions)) == 2


async def test_operators_see_a_gap_and_settle_it_over_the_api(api: ApiClient, sessions: Sessions) -> None:
    await advance(sessions, OffsetRange("t", 0, 0, 1))
    await advance(sessions, OffsetRange("t", 0, 4, 5))
    (told,) = (await api.get("/api/v1/skipped", "operate")).raise_for_status().json()
    assert (told["first_offset"], told["next_offset"], told["reader"]) == (1, 4, "r")
    assert (await api.post(f"/api/v1/skipped/{told['id']}/settle", None, "requests:read")).status_code == 403
    assert (await api.post(f"/api/v1/skipped/{told['id']}/settle", None, "operate")).json()["settled_at"]
    assert (await api.get("/api/v1/skipped", "operate")).json() == []
