"""A producer that cannot send any more is replaced, whatever spoiled it."""

from collections.abc import AsyncIterator

import pytest
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber

from shared.events.envelope import Message
from shared.events.topics import SUBMITTED
from shared.kafka.producer import EventProducer, KafkaUnavailable
from tests.eventually import eventually

RECORD = Message(b"producer-test", b"{}", [])


@pytest.fixture
async def producer(kafka: str) -> AsyncIterator[EventProducer]:
    async with EventProducer(kafka, "test") as producer:
        yield producer


@pytest.mark.parametrize("failure", [KafkaError("Unexpected error during batch delivery"), OutOfOrderSequenceNumber()])
async def test_a_producer_whose_sender_died_is_replaced(producer: EventProducer, failure: KafkaError) -> None:
    await producer.send(SUBMITTED, RECORD)
    assert producer._producer is not None  # noqa: SLF001  what aiokafka does when its sender ends cannot be had otherwise at will
    producer._producer._message_accumulator.fail_all(failure)  # noqa: SLF001  as above
    with pytest.raises(KafkaUnavailable):
        await producer.send(SUBMITTED, RECORD)

    async def sends_again() -> None:
        await producer.send(SUBMITTED, RECORD)

    await eventually(sends_again)
