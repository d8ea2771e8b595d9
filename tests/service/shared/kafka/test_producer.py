"""A producer that cannot send any more is replaced, whatever spoiled it.

A refused record is no outage and holds up no other.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber

from shared.events.envelope import Message
from shared.events.topics import SUBMITTED
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer, KafkaUnavailable, RecordRefused
from tests.eventually import eventually
from tests.service.tracker.published_events import read_topic

RECORD = Message(b"producer-test", b"{}", [])


@pytest.fixture
async def producer(kafka: KafkaConnection) -> AsyncIterator[EventProducer]:
    async with EventProducer(kafka, "test") as producer:
        yield producer


@pytest.mark.parametrize(
    "failure", [KafkaError("Unexpected error during batch delivery"), OutOfOrderSequenceNumber()]
)
async def test_a_producer_whose_sender_died_is_replaced(producer: EventProducer, failure: KafkaError) -> None:
    await producer.send(SUBMITTED, RECORD)
    assert producer._producer is not None  # noqa: SLF001  what aiokafka does when its sender ends cannot be had otherwise at will
    producer._producer._message_accumulator.fail_all(failure)  # noqa: SLF001  as above
    with pytest.raises(KafkaUnavailable):
        await producer.send(SUBMITTED, RECORD)

    async def sends_again() -> None:
        await producer.send(SUBMITTED, RECORD)

    await eventually(sends_again)


async def test_a_producer_whose_sender_hangs_is_replaced(
    producer: EventProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.kafka.producer.STALLED_SECONDS", 1.5)
    await producer.send(SUBMITTED, RECORD)
    assert producer._producer is not None  # noqa: SLF001  as above
    await producer._producer._sender.close()  # noqa: SLF001  as above
    for _ in range(2):
        with pytest.raises(KafkaUnavailable):
            await producer.send(SUBMITTED, RECORD, within=1.0)
    await producer.send(SUBMITTED, RECORD)


@pytest.fixture
def make_topic(kafka: KafkaConnection) -> Callable[..., Awaitable[str]]:
    async def make(**configs: str) -> str:
        name = f"test.{uuid4().hex}"
        admin = AIOKafkaAdminClient(**kafka.client_options())
        await admin.start()
        settings = {key.replace("_", "."): value for key, value in configs.items()}
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs=settings)])
        await admin.close()
        return name

    return make


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message(None, None, []), "empty"),
        (Message(b"k", b"v", [("\ud800", b"")]), "invalid-record"),
        (Message(b"k", b"v", [(cast("Any", None), b"")]), "invalid-record"),
        (Message(b"k", cast("Any", "text"), []), "invalid-record"),
        (Message(b"k", b"v", [("name", cast("Any", 7))]), "invalid-record"),
        (Message(b"k", b"x" * 1_100_000, []), "too-large"),
        (Message(b"k", b"", [("name", b"x" * 1_100_000)]), "too-large"),
        (Message(b"k", b"x" * 5_000_000, []), "too-large"),
    ],
)
async def test_a_record_that_kafka_never_takes_is_refused_and_is_no_outage(
    kafka: KafkaConnection,
    producer: EventProducer,
    make_topic: Callable[..., Awaitable[str]],
    message: Message,
    reason: str,
) -> None:
    topic = await make_topic()
    with pytest.raises(RecordRefused) as refusal:
        await producer.send_all(topic, [RECORD, message, RECORD])
    assert (refusal.value.index, refusal.value.reason) == (1, reason)
    await producer.send_all(topic, [RECORD, RECORD], within=5)
    assert len(await read_topic(kafka, topic)) >= 2


async def test_a_rule_of_the_topic_refuses_only_the_record_that_breaks_it(
    kafka: KafkaConnection, producer: EventProducer, make_topic: Callable[..., Awaitable[str]]
) -> None:
    topic = await make_topic(cleanup_policy="compact")
    with pytest.raises(RecordRefused) as refusal:
        await producer.send_all(topic, [RECORD, RECORD, Message(None, b"no key", []), RECORD])
    assert (refusal.value.index, refusal.value.reason) == (2, "invalid-record")
    assert {record.key for record in await read_topic(kafka, topic)} == {RECORD.key}


async def test_the_one_record_that_is_too_large_is_found_in_a_batch_that_is_refused_as_a_whole(
    kafka: KafkaConnection, producer: EventProducer, make_topic: Callable[..., Awaitable[str]]
) -> None:
    topic = await make_topic(max_message_bytes="2000")
    small = [Message(b"k", b"%03d" % number + b"x" * 500, []) for number in range(40)]
    await producer.send_all(topic, small)
    assert [record.value for record in await read_topic(kafka, topic)] == [message.value for message in small]
    with pytest.raises(RecordRefused) as refusal:
        await producer.send_all(topic, [*small[:20], Message(b"k", b"x" * 3000, []), *small[20:]])
    assert refusal.value.index == 20


async def test_neighbours_of_a_refused_record_are_sent_by_the_same_producer(
    kafka: KafkaConnection, producer: EventProducer, make_topic: Callable[..., Awaitable[str]]
) -> None:
    topic = await make_topic()
    for _ in range(3):
        with pytest.raises(RecordRefused):
            await producer.send(topic, Message(b"k", b"x" * 1_100_000, []))
        await producer.send(topic, RECORD, within=5)
    assert len(await read_topic(kafka, topic)) == 3
