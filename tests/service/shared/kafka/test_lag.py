"""How far a group is behind is told from the broker's word alone, whatever has become of group and topic."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from uuid_utils.compat import uuid4

from shared.events.envelope import Message
from shared.events.topics import SUBMITTED
from shared.kafka import fetch, lag
from shared.kafka.connection import KafkaConnection
from shared.kafka.lag import LagReader, Tail, Unread
from shared.kafka.producer import EventProducer, KafkaUnavailable
from tests.eventually import eventually
from tests.infra.serving import free_socket
from tests.service.intake.own_kafka import own_kafka


@pytest.fixture
async def lags(kafka: KafkaConnection) -> AsyncIterator[LagReader]:
    async with LagReader(kafka) as lags:
        yield lags


@pytest.fixture
async def topic(kafka: KafkaConnection, lags: LagReader) -> str:
    """Return a topic of this test's own, with three partitions, once the broker knows it."""
    name = f"lag-{uuid4()}"
    await make(kafka, name)
    await eventually(lambda: lags.read({"nobody": [name]}))
    return name


async def make(kafka: KafkaConnection, name: str) -> None:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 3, 1)])
    finally:
        await admin.close()


async def remove(kafka: KafkaConnection, name: str) -> None:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        await admin.delete_topics([name])
    finally:
        await admin.close()


async def make_again(kafka: KafkaConnection, name: str) -> bool:
    """Make a topic; false while the removed one is still there."""
    await make(kafka, name)
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        return name in await admin.list_topics()
    finally:
        await admin.close()


async def send(kafka: KafkaConnection, topic: str, *keys: str) -> None:
    async with EventProducer(kafka, "test") as producer:
        for key in keys:
            await producer.send(topic, Message(key.encode(), b"x" * 2_000, [("ce_id", key.encode())]))


async def commit(kafka: KafkaConnection, group: str, offsets: dict[TopicPartition, int]) -> None:
    consumer = AIOKafkaConsumer(**kafka.client_options(), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(list(offsets))
        await consumer.commit(offsets)
    finally:
        await consumer.stop()


async def behind(lags: LagReader, group: str, topic: str) -> int:
    return sum(lag.behind for lag in await lags.read({group: [topic]}))


async def test_a_group_is_behind_what_it_has_not_committed(
    kafka: KafkaConnection, lags: LagReader, topic: str
) -> None:
    group = f"g-{uuid4()}"
    assert await lags.read({group: [topic]}) == []
    before = datetime.now(timezone.utc)
    await send(kafka, topic, *"abcdefgh")
    found = await lags.read({group: [topic]})
    assert sum(lag.behind for lag in found) == 8
    assert all(
        lag.oldest_at and before - timedelta(seconds=1) < lag.oldest_at < before + timedelta(seconds=10)
        for lag in found
    )
    await commit(
        kafka,
        group,
        {TopicPartition(topic, lag.partition): lag.behind for lag in found[1:]}
        | {TopicPartition(topic, found[0].partition): 1},
    )
    assert await behind(lags, group, topic) == found[0].behind - 1
    assert await behind(lags, f"other-{group}", topic) == 8


async def test_what_a_group_has_not_read_is_given_once_and_in_pieces(
    kafka: KafkaConnection, lags: LagReader, topic: str
) -> None:
    keys = [f"key-{number}" for number in range(60)]
    await send(kafka, topic, *keys)
    seen: Mapping[int, tuple[int, int]] = {}
    found: list[Unread] = []
    left = []
    while len(found) < len(keys):
        tail = await lags.tail("nobody", topic, seen, 15)
        found, seen = [*found, *tail.records], tail.looked
        left.append(tail.left)
        assert tail.left == len(keys) - len(found)
    assert sorted((each.key or b"").decode() for each in found) == sorted(keys)
    assert found[0].headers == (("ce_id", found[0].key),)
    for number in range(3):
        offsets = [each.offset for each in found if each.partition == number]
        assert offsets == sorted(offsets)
    assert len(left) > 2
    assert (await lags.tail("nobody", topic, seen, 15)).records == []
    assert (await lags.tail("nobody", topic, {}, 0)).left == len(keys)


async def test_a_group_that_went_on_or_back_is_looked_at_from_where_it_is(
    kafka: KafkaConnection, lags: LagReader, topic: str
) -> None:
    group = f"g-{uuid4()}"
    await send(kafka, topic, *["key"] * 30)
    tail = await lags.tail(group, topic, {}, 1_000)
    (number,) = {each.partition for each in tail.records}
    await commit(kafka, group, {TopicPartition(topic, number): 20})
    tail = await lags.tail(group, topic, {number: (0, 10)}, 1_000)
    assert ([each.offset for each in tail.records], tail.looked[number]) == (list(range(20, 30)), (20, 30))
    await commit(kafka, group, {TopicPartition(topic, number): 5})
    assert [each.offset for each in (await lags.tail(group, topic, tail.looked, 1_000)).records] == list(
        range(5, 30)
    )


async def test_a_position_beyond_the_end_is_borne(
    kafka: KafkaConnection, lags: LagReader, topic: str
) -> None:
    group = f"g-{uuid4()}"
    await send(kafka, topic, "a")
    await commit(kafka, group, {TopicPartition(topic, number): 1_000 for number in range(3)})
    assert await behind(lags, group, topic) == 1


async def test_a_topic_made_anew_is_read_from_its_beginning(
    kafka: KafkaConnection, lags: LagReader, topic: str
) -> None:
    group = f"g-{uuid4()}"
    await send(kafka, topic, *"abcdef")
    assert await behind(lags, group, topic) == 6
    await commit(kafka, group, {TopicPartition(topic, number): 1 for number in range(3)})
    await remove(kafka, topic)
    await eventually(lambda: make_again(kafka, topic))
    await eventually(lambda: is_behind(lags, group, topic, 0))
    await send(kafka, topic, "g")
    await eventually(lambda: is_behind(lags, group, topic, 1))
    assert [each.key for each in (await lags.tail(group, topic, {}, 1_000)).records] == [b"g"]


async def test_a_group_that_gets_on_meanwhile_is_not_taken_for_one_that_has_read_nothing(
    kafka: KafkaConnection, lags: LagReader, topic: str
) -> None:
    group = f"g-{uuid4()}"
    await send(kafka, topic, *["key"] * 300)
    (number,) = {each.partition for each in (await lags.tail("nobody", topic, {}, 1_000)).records}
    place = TopicPartition(topic, number)
    await commit(kafka, group, {place: 300})
    keeping_up = asyncio.ensure_future(keep_up(kafka, group, place))
    try:
        await eventually(lambda: moved(lags, place, 310))
        assert max([await behind(lags, group, topic) for _ in range(150)]) < 300
    finally:
        keeping_up.cancel()
        await asyncio.wait({keeping_up})


async def keep_up(kafka: KafkaConnection, group: str, place: TopicPartition) -> None:
    """Send records one by one, and have the group commit each at once."""
    consumer = AIOKafkaConsumer(**kafka.client_options(), group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([place])
        async with EventProducer(kafka, "test") as producer:
            for offset in range(300, 1_000_000):
                await producer.send(place.topic, Message(b"key", b"x", []))
                await consumer.commit({place: offset + 1})
    finally:
        await consumer.stop()


async def moved(lags: LagReader, place: TopicPartition, end: int) -> bool:
    return await behind(lags, "nobody", place.topic) >= end


async def is_behind(lags: LagReader, group: str, topic: str, records: int) -> bool:
    with suppress(KafkaUnavailable):
        return await behind(lags, group, topic) == records
    return False


async def test_a_broker_that_cannot_tell_yet_where_groups_stand_is_not_taken_for_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def known(_admin: AIOKafkaAdminClient, _group: str) -> int:
        return 1

    async with own_kafka(tmp_path) as broker, LagReader(broker.connection) as lags:
        await send(broker.connection, SUBMITTED, "a")
        with monkeypatch.context() as patch:
            # Only the question for the coordinator has a fresh broker begin to keep groups; one that was
            # started anew answers so for a moment.
            patch.setattr(AIOKafkaAdminClient, "find_coordinator", known)
            with pytest.raises(KafkaUnavailable):
                await lags.read({"g": [SUBMITTED]})
        await eventually(lambda: is_behind(lags, "g", SUBMITTED, 1), 30)


async def test_a_broker_that_is_slow_to_give_records_is_not_taken_for_one_that_has_none(
    kafka: KafkaConnection, lags: LagReader, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(kafka, topic, *"abcdefgh")
    (partition, *_) = [each.partition for each in await lags.read({"nobody": [topic]})]
    monkeypatch.setattr(fetch, "POLL_MS", 1)
    monkeypatch.setattr(fetch, "EMPTY_POLLS", 1)
    async with LagReader(kafka) as fresh:
        assert await fresh.holds_records(topic, partition, 0, 1)
    async with LagReader(kafka) as fresh:
        records, whole = await fresh.records_between(topic, partition, 0, 1)
    assert (len(records), whole) == (1, True)


async def test_asking_at_once_is_safe(kafka: KafkaConnection, lags: LagReader, topic: str) -> None:
    await send(kafka, topic, "a", "b")
    answers = await asyncio.gather(
        *(behind(lags, "nobody", topic) for _ in range(5)),
        *(lags.tail("nobody", topic, {}, 9) for _ in range(5)),
    )
    assert answers[:5] == [2] * 5
    assert all(isinstance(answer, Tail) and len(answer.records) == 2 for answer in answers[5:])


async def test_a_group_that_is_up_to_date_costs_next_to_nothing(lags: LagReader, topic: str) -> None:
    readers = {f"g-{number}": [topic] for number in range(5)}
    await lags.read(readers)
    begun = time.process_time()
    for _ in range(20):
        assert await lags.read(readers) == []
    assert (time.process_time() - begun) / 20 < 0.05


async def test_a_broker_that_is_away_is_told_within_seconds() -> None:
    async with LagReader(KafkaConnection("127.0.0.1:9")) as lags:
        with pytest.raises(KafkaUnavailable):
            await lags.read({"g": ["t"]})


async def test_a_broker_that_says_nothing_holds_nobody_up_for_longer_than_one_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lag, "READ_SECONDS", 1.0)
    place, address = free_socket()
    place.listen()
    begun = time.monotonic()
    async with LagReader(KafkaConnection(address.removeprefix("http://"))) as lags:
        answers = await asyncio.gather(*(lags.read({"g": ["t"]}) for _ in range(10)), return_exceptions=True)
    assert {type(answer) for answer in answers} == {KafkaUnavailable}
    assert time.monotonic() - begun < 5, "ten reads one after another take ten seconds"
    place.close()
