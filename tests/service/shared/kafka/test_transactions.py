"""What was rolled back never happened, and what a log holds besides records is neither lag nor stall."""

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from shared.database.engine import Sessions
from shared.events.topics import DAY_MS, Topic, dead_letter_topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.group import commit_offsets, group_consumer
from shared.kafka.lag import LagReader
from shared.kafka.poll import poll
from shared.kafka.producer import EventProducer
from shared.kafka.stall_watch import StallWatch
from shared.kafka.topics import ensure_topics
from tests.eventually import eventually
from tests.follow_topic import followed_records
from tests.service.shared.running_consumer import has_handled, insert_handled, running_consumer, take_command
from tests.service.tracker.trouble.test_skipped import delete_before, in_transaction


@pytest.fixture
async def one_partition(kafka: KafkaConnection) -> str:
    name = f"transactions.{uuid4().hex}"
    await ensure_topics(kafka, [Topic(name, 1, DAY_MS), Topic(dead_letter_topic(name), 1, DAY_MS)])
    return name


async def test_only_what_was_committed_is_read_and_nothing_is_left_behind(
    kafka: KafkaConnection, one_partition: str, sessions: Sessions, producer: EventProducer
) -> None:
    topic, ids = one_partition, [uuid4() for _ in range(3)]
    await in_transaction(kafka, topic, take_command(uuid4()), commit=False)
    await in_transaction(kafka, topic, take_command(ids[0]), commit=True)
    await producer.send(topic, take_command(ids[1]))
    async with LagReader(kafka) as lags:

        async def is_behind(count: int) -> bool:
            return sum(lag.behind for lag in await lags.read({f"group-{topic}": [topic]})) == count

        async with running_consumer(kafka, topic, insert_handled, sessions, producer):
            await eventually(has_handled(sessions, ids[:2]))
            await in_transaction(kafka, topic, take_command(ids[2]), commit=True)
            await eventually(has_handled(sessions, ids))
            await in_transaction(kafka, topic, take_command(uuid4()), commit=False)
            await eventually(lambda: is_behind(0))
        async with followed_records(kafka, topic, back_seconds=60) as followed:

            async def seen() -> bool:
                return [record.key for record in followed] == [str(each).encode() for each in ids]

            await eventually(seen)


@pytest.mark.parametrize("ending", ["commit", "abort", "retention"])
async def test_a_log_that_ends_with_what_nobody_is_given_is_no_stall(
    kafka: KafkaConnection, one_partition: str, producer: EventProducer, ending: str
) -> None:
    topic, group = one_partition, f"group-{one_partition}"
    await producer.send(topic, take_command(uuid4()))
    async with group_consumer(kafka, group, [topic]) as consumer:
        polled = await poll(consumer, {})
        await commit_offsets(consumer, polled.offsets)
    if ending == "retention":
        await producer.send_all(topic, [take_command(uuid4())] * 3)
        await delete_before(kafka, topic, 4)
    else:
        await in_transaction(kafka, topic, take_command(uuid4()), commit=ending == "commit")
    async with LagReader(kafka) as lags, group_consumer(kafka, group, [topic]) as consumer:
        watch, positions = StallWatch([topic], check_seconds=0), dict(polled.offsets)

        async def caught_up() -> bool:
            polled = await poll(consumer, positions)
            await commit_offsets(consumer, polled.offsets)
            positions.update(polled.offsets)
            return await lags.read({group: [topic]}) == []

        await eventually(caught_up)
        for _ in range(3):
            await watch.check(consumer)


async def test_lag_counts_no_markers_and_nothing_that_was_rolled_back(
    kafka: KafkaConnection, one_partition: str
) -> None:
    topic = one_partition
    async with LagReader(kafka) as lags:
        await in_transaction(kafka, topic, take_command(uuid4()), commit=False)
        assert await lags.read({"nobody": [topic]}) == []
        assert (await lags.tail("nobody", topic, {}, 1_000)).records == []
        assert not await lags.holds_records(topic, 0, 0, 2)
        await in_transaction(kafka, topic, take_command(uuid4()), commit=True)
        assert [each.offset for each in (await lags.tail("nobody", topic, {}, 1_000)).records] == [2]
        assert await lags.holds_records(topic, 0, 0, 4)
        messages, whole = await lags.records_between(topic, 0, 0, 4)
        assert (len(messages), whole) == (1, True)


async def test_what_an_open_transaction_holds_up_is_lag_that_grows_old(
    kafka: KafkaConnection, one_partition: str, producer: EventProducer
) -> None:
    topic, held = (
        one_partition,
        AIOKafkaProducer(**kafka.client_options(), transactional_id=f"test-{uuid4()}"),
    )
    await held.start()
    async with LagReader(kafka) as lags:
        await held.begin_transaction()
        await held.send_and_wait(topic, b"open", b"k")
        await producer.send(topic, take_command(uuid4()))
        (first,) = await lags.read({"nobody": [topic]})
        (second,) = await lags.read({"nobody": [topic]})
        assert (first.behind, second.behind) == (2, 2)
        assert first.oldest_at is not None
        assert first.oldest_at == second.oldest_at
        assert not await lags.holds_records(topic, 0, 0, 2)
        await held.abort_transaction()

        async def given() -> bool:
            return await lags.holds_records(topic, 0, 0, 2)

        await eventually(given)
    await held.stop()
