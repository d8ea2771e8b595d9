"""A long run of records that the handler rejects delays the records behind it by seconds only."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.engine import Sessions
from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.rejected import Rejected
from shared.events.topics import dead_letter_topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.consume_raw import RawConsumer, RawRecord
from shared.kafka.lag import LagReader
from shared.kafka.producer import EventProducer
from shared.web.health import Liveness
from tests.eventually import eventually
from tests.service.shared.running_consumer import has_handled, insert_handled, running_consumer, take_command
from tests.service.tracker.running_loops import running_loop

FLOOD = 1_000
SECONDS = 30.0


@pytest.mark.parametrize("error", [Rejected, KeyError])
async def test_a_flood_that_the_handler_cannot_take_passes_quickly(
    error: type[Exception], kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    bad, good = {uuid4() for _ in range(FLOOD)}, [uuid4() for _ in range(20)]

    async def picky(session: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
        if any(envelope.event.request_id in bad for envelope in events):
            raise error("test")
        await insert_handled(session, events)

    async def set_aside() -> int:
        async with LagReader(kafka) as lags:
            messages, _ = await lags.records_between(dead_letter_topic(topic), 0, 0, FLOOD + 1)
        return len(messages)

    await producer.send_all(topic, [take_command(each) for each in [*bad, *good]])
    async with running_consumer(kafka, topic, picky, sessions, producer):
        await eventually(has_handled(sessions, good), SECONDS)

        async def all_set_aside() -> bool:
            return await set_aside() == FLOOD

        await eventually(all_set_aside)


async def test_after_a_failed_record_the_order_of_a_request_stays(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    request_id, given, failures = uuid4(), list[str](), 2
    events = [take_command(request_id) for _ in range(5)]

    async def failing_twice(session: AsyncSession, envelopes: Sequence[Envelope[Event]]) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise KeyError("a mistake of ours")
        await insert_handled(session, envelopes)
        given.extend(envelope.id for envelope in envelopes)

    await producer.send_all(topic, events)
    async with running_consumer(kafka, topic, failing_twice, sessions, producer):
        await eventually(has_handled(sessions, [UUID(str(request_id))] * 5))
    assert given == [(dict(each.headers)["ce_id"] or b"").decode() for each in events]


async def test_a_flood_whose_headers_cannot_be_kept_is_kept_quickly(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    kept = list[RawRecord]()

    async def picky(_: AsyncSession, records: Sequence[RawRecord]) -> None:
        if any(dict(record.headers).get("ce_id") == b"bad" for record in records):
            raise KeyError("a mistake of ours")
        kept.extend(records)

    async def all_kept() -> bool:
        return len(kept) == FLOOD + 1

    bad = [replace(take_command(uuid4()), headers=[("ce_id", b"bad")]) for _ in range(FLOOD)]
    await producer.send_all(topic, [*bad, take_command(uuid4())])
    reader = RawConsumer(
        kafka, f"raw-{topic}", [topic], handler=picky, sessions=sessions, liveness=Liveness(None, ())
    )
    async with running_loop(reader.run()):
        await eventually(all_kept, SECONDS)
    assert sum(bool(record.headers) for record in kept) == 1
