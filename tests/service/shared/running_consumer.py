"""A consumer whose handler writes down what it was given."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.engine import Sessions
from shared.events.envelope import Envelope, Message, encode
from shared.events.event import Event
from shared.events.request_commands import TakeRequest
from shared.events.topics import dead_letter_topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.consume import BatchConsumer, Handler
from shared.kafka.producer import EventProducer
from shared.web.health import Liveness
from tests.eventually import eventually

SOURCE = "/asiointi/test"


async def insert_handled(session: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
    for envelope in events:
        await session.execute(
            text("insert into handled values (:e, :r)"), {"e": envelope.id, "r": envelope.event.request_id}
        )


async def handled(sessions: Sessions) -> list[UUID]:
    async with sessions() as session:
        return list((await session.execute(text("select request_id from handled"))).scalars())


@asynccontextmanager
async def running_consumer(
    kafka: KafkaConnection,
    topic: str,
    handler: Handler,
    sessions: Sessions,
    producer: EventProducer,
    liveness: Liveness | None = None,
) -> AsyncIterator[None]:
    consumer = BatchConsumer(
        kafka,
        f"group-{topic}",
        [topic],
        handler=handler,
        sessions=sessions,
        producer=producer,
        liveness=liveness or Liveness(None, ()),
    )
    task = asyncio.create_task(consumer.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def take_command(request_id: UUID) -> Message:
    return encode(Envelope(TakeRequest(request_id=request_id, actor="tester"), SOURCE))


async def dead_letters(kafka: KafkaConnection, topic: str) -> list["ConsumerRecord[bytes, bytes]"]:
    consumer = AIOKafkaConsumer(
        dead_letter_topic(topic),
        **kafka.client_options(),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            await eventually(_assigned(consumer))
            ends, found = (
                await consumer.end_offsets(list(consumer.assignment())),
                list["ConsumerRecord[bytes, bytes]"](),
            )
            while [place for place, end in ends.items() if await consumer.position(place) < end]:
                found += [
                    record
                    for records in (await consumer.getmany(timeout_ms=200)).values()
                    for record in records
                ]
        return found
    finally:
        await consumer.stop()


def _assigned(consumer: AIOKafkaConsumer) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return bool(consumer.assignment())  # not at once, of a topic that has just been made

    return check


def has_handled(sessions: Sessions, expected: Sequence[UUID]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return sorted(await handled(sessions)) == sorted(expected)

    return check
