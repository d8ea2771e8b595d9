"""A record that is hard to set aside is set aside all the same, whole or cut, with its place."""

import hashlib
from uuid import uuid4

import pytest

from shared.database.engine import Sessions
from shared.events.envelope import Message
from shared.events.topics import DAY_MS, DEAD_LETTER_BYTES, MAX_BYTES, Topic, dead_letter_topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.dead_letter import VALUE_BYTES, is_part
from shared.kafka.producer import EventProducer
from shared.kafka.topics import ensure_topics
from tests.eventually import eventually
from tests.service.shared.running_consumer import (
    dead_letters,
    has_handled,
    insert_handled,
    running_consumer,
    take_command,
)

LARGEST = 1_048_470
KINDS = {
    "value": Message(b"k", b"x" * LARGEST, []),
    "value-without-key": Message(None, b"x" * LARGEST, []),
    "key": Message(b"k" * LARGEST, None, []),
    "one-header": Message(b"k", None, [("x", b"h" * (LARGEST - 50))]),
    "header-name": Message(b"k", None, [("h" * (LARGEST - 50), None)]),
    "many-headers": Message(b"k", b"", [("name", b"value")] * 95_300),
    "nothing-but-a-key": Message(b"k", None, []),
}


@pytest.mark.parametrize("room", [MAX_BYTES, DEAD_LETTER_BYTES])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_largest_records_are_set_aside(
    kafka: KafkaConnection, sessions: Sessions, producer: EventProducer, kind: str, room: int
) -> None:
    topic, message, good = f"fit.{uuid4().hex}", KINDS[kind], [uuid4(), uuid4()]
    await ensure_topics(kafka, [Topic(topic, 1, DAY_MS), Topic(dead_letter_topic(topic), 1, DAY_MS, room)])
    await producer.send(topic, take_command(good[0]))
    await producer.send(topic, message)
    await producer.send(topic, take_command(good[1]))
    async with running_consumer(kafka, topic, insert_handled, sessions, producer):
        await eventually(has_handled(sessions, good), 5)
    (letter,) = await dead_letters(kafka, topic)
    headers = dict(letter.headers)
    assert (headers["dead_letter_topic"], headers["dead_letter_offset"]) == (topic.encode(), b"1")
    if room == DEAD_LETTER_BYTES or kind == "nothing-but-a-key":
        assert not is_part(letter.headers)
        assert (letter.key, letter.value) == (message.key, message.value)
        assert list(letter.headers)[: len(message.headers)] == message.headers
    else:
        assert is_part(letter.headers)
        assert (message.value or b"").startswith((letter.value or b"")[:VALUE_BYTES])
        if kind == "value":
            assert hashlib.sha256(message.value or b"").hexdigest() in headers["dead_letter_part"].decode()
