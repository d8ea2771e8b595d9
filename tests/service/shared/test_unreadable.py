"""A record that cannot be read, whoever fails at it, holds up nobody: every reader of ours goes on behind it within a second or two.

Each kind here is one that a real broker takes.
"""

import gzip
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import cramjam
import pytest
from aiokafka.codec import lz4_encode
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Sessions
from shared.events.topics import DAY_MS, Topic, dead_letter_topic
from shared.health import Liveness
from shared.kafka.connection import KafkaConnection
from shared.kafka.keep_raw import RawConsumer, RawRecord
from shared.kafka.lag import LagReader
from shared.kafka.producer import EventProducer
from shared.kafka.topics import ensure_topics
from tests.eventually import eventually
from tests.following import following
from tests.infra.raw_kafka import batch, produce, record, varint
from tests.service.shared.consuming import consuming, dead_letters, holds, insert, take
from tests.service.tracker.publishing import running

BOMB = 80 * 1024 * 1024
GOING_ON_SECONDS = 5.0


def event(request_id: UUID, *headers: tuple[bytes, bytes | None], delta: int = 0, body_end: bytes = b"") -> bytes:
    """Encode a right command with more headers."""
    message = take(request_id)
    named = [(name.encode(), value) for name, value in message.headers]
    return record(message.key, message.value, [*named, *headers], delta=delta, body_end=body_end)


def zstd(payload: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(payload))


def too_short(whole: bytes) -> bytes:
    """Let a record claim one byte less than it has."""
    size, shift = 0, 0
    for place, byte in enumerate(whole):
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return varint((size >> 1) - 1) + whole[place + 1 :]
    raise AssertionError


@dataclass(frozen=True)
class Kind:
    """A batch of one request, or of several; those at the places `lost` are set aside, the others are carried out."""

    make: Callable[[Sequence[UUID]], bytes]
    size: int = 1
    lost: tuple[int, ...] = ()


KINDS = {
    "header-name-not-text": Kind(lambda ids: batch(event(ids[0], (b"\xff\xfe", b"x")))),
    "header-name-not-text-compressed": Kind(lambda ids: batch(zstd(event(ids[0], (b"\xff\xfe", None))), codec=4)),
    "header-name-not-text-among-others": Kind(
        lambda ids: batch(event(ids[0]) + event(ids[1], (b"\xc3", b""), delta=1) + event(ids[2], delta=2), 3), 3
    ),
    "header-bytes-not-text": Kind(lambda ids: batch(event(ids[0], (b"ce_kasittelija", b"M\xe4kel\xe4")))),
    "bytes-behind-gzip": Kind(lambda ids: batch(gzip.compress(event(ids[0])) + b"xx", codec=1)),
    "two-gzip-members": Kind(lambda ids: batch(gzip.compress(event(ids[0])) + gzip.compress(event(ids[1], delta=1)), 2, codec=1), 2),
    "snappy-without-frames": Kind(lambda ids: batch(bytes(cramjam.snappy.compress_raw(event(ids[0]))), codec=2)),
    "lz4": Kind(lambda ids: batch(lz4_encode(event(ids[0])), codec=3)),
    "same-offset-twice": Kind(lambda ids: batch(event(ids[0]) + event(ids[1]), 2), 2),
    "offset-before-the-batch": Kind(lambda ids: batch(event(ids[0], delta=-5))),
    "offset-far-ahead": Kind(lambda ids: batch(event(ids[0], delta=1_000_000))),
    "time-before-all-times": Kind(lambda ids: batch(event(ids[0]), timestamp=-(2**62))),
    "unknown-attributes": Kind(lambda ids: batch(event(ids[0]), codec=0x4000)),
    "gigabytes-in-kilobytes": Kind(lambda _: batch(zstd(record(b"k", bytes(BOMB))), codec=4), lost=(0,)),
    "record-length-wrong": Kind(lambda ids: batch(gzip.compress(too_short(event(ids[0], (b"x", b"y")))), codec=1), lost=(0,)),
    "neither-key-nor-value": Kind(lambda _: batch(record(None, None)), lost=(0,)),
    "nested-json": Kind(lambda _: batch(record(b"k", b"[" * 400_000)), lost=(0,)),
}


@pytest.fixture
async def one_partition(kafka: KafkaConnection) -> str:
    name = f"unreadable.{uuid4().hex}"
    await ensure_topics(kafka, [Topic(name, 1, DAY_MS), Topic(dead_letter_topic(name), 1, DAY_MS)])
    return name


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
async def sent(request: pytest.FixtureRequest, kafka: KafkaConnection, one_partition: str, producer: EventProducer) -> "Sent":
    """Send one of the kind between two that are right."""
    kind: Kind = request.param
    before, after, ids = uuid4(), uuid4(), [uuid4() for _ in range(kind.size)]
    await producer.send(one_partition, take(before))
    assert await produce(kafka.bootstrap_servers, one_partition, kind.make(ids)) == 0, "the broker takes it"
    await producer.send(one_partition, take(after))
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


async def test_a_consumer_sets_it_aside_and_goes_on(kafka: KafkaConnection, sent: Sent, sessions: Sessions, producer: EventProducer) -> None:
    async with consuming(kafka, sent.topic, insert, sessions, producer):
        await eventually(holds(sessions, sent.carried), GOING_ON_SECONDS)
        letters = await dead_letters(kafka, sent.topic)
    assert len(letters) == sent.lost
    for letter in letters:
        headers = dict(letter.headers)
        assert (headers["dead_letter_topic"], headers["dead_letter_offset"]) == (sent.topic.encode(), b"1")
    async with LagReader(kafka) as lags:
        assert await lags.read({f"group-{sent.topic}": [sent.topic]}) == []


async def test_a_follower_goes_on(kafka: KafkaConnection, sent: Sent) -> None:
    async with following(kafka, sent.topic, back_seconds=60) as found:

        async def both() -> bool:
            return {str(sent.before).encode(), str(sent.after).encode()} <= {each.key for each in found}

        await eventually(both, GOING_ON_SECONDS)


async def test_the_ledger_can_look_at_it(kafka: KafkaConnection, sent: Sent) -> None:
    async with LagReader(kafka) as lags:
        (behind,) = await lags.read({"nobody": [sent.topic]})
        assert (behind.behind, behind.oldest_at is not None) == (sent.size + 2, True)
        assert {each.offset for each in await lags.peek("nobody", sent.topic)} == set(range(sent.size + 2))
        messages, whole = await lags.between(sent.topic, 0, 0, sent.size + 2)
        assert (len(messages), whole) == (sent.size + 2, True)
        await lags.between(sent.topic, 0, 1, 2)


async def test_a_reader_of_dead_letters_keeps_it(kafka: KafkaConnection, sent: Sent, sessions: Sessions) -> None:
    kept: list[RawRecord] = []

    async def keep(_: AsyncSession, records: Sequence[RawRecord]) -> None:
        kept.extend(records)

    async def all_kept() -> bool:
        return [each.offset for each in kept] == list(range(sent.size + 2))

    reader = RawConsumer(kafka, f"raw-{sent.topic}", [sent.topic], handler=keep, sessions=sessions, liveness=Liveness(None, ()))
    begun = time.monotonic()
    async with running(reader.run()):
        await eventually(all_kept, GOING_ON_SECONDS)
    assert time.monotonic() - begun < GOING_ON_SECONDS
