"""The loop of every worker: in batches, at least once, poison aside, and nobody held up."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from uuid import uuid4

import pytest
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database.engine import Sessions
from shared.events.envelope import Envelope, Message, encode
from shared.events.event import Event
from shared.events.rejected import Rejected
from shared.events.request_commands import TakeRequest
from shared.kafka.connection import KafkaConnection
from shared.kafka.consume import BatchConsumer
from shared.kafka.poll import GATHER_SECONDS
from shared.kafka.producer import EventProducer, KafkaUnavailable
from shared.web.health import Liveness
from tests.eventually import eventually
from tests.follow_topic import followed_records
from tests.service.shared.running_consumer import (
    dead_letters,
    handled,
    has_handled,
    insert_handled,
    running_consumer,
    take_command,
)


async def test_events_are_handled_once_over_a_restart(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    first, second = [uuid4() for _ in range(20)], [uuid4() for _ in range(5)]
    await producer.send_all(topic, [take_command(each) for each in first])
    async with running_consumer(kafka, topic, insert_handled, sessions, producer):
        await eventually(has_handled(sessions, first))
        await producer.send(topic, take_command(second[0]))
        await eventually(has_handled(sessions, [*first, second[0]]))
    await producer.send_all(topic, [take_command(each) for each in second[1:]])
    async with running_consumer(kafka, topic, insert_handled, sessions, producer):
        await eventually(has_handled(sessions, [*first, *second]))


async def test_random_bytes_go_aside_and_the_neighbours_pass(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    good = [uuid4(), uuid4()]
    await producer.send(topic, take_command(good[0]))
    await producer.send(
        topic, Message(b"\xff\x00", b"\x80\x81random", [("ce_type", b"\xfe"), ("other", b"kept")])
    )
    await producer.send(topic, Message(b"tombstone", None, []))
    await producer.send(topic, take_command(good[1]))
    async with running_consumer(kafka, topic, insert_handled, sessions, producer):
        await eventually(has_handled(sessions, good))
    letters = await dead_letters(kafka, topic)
    assert {(letter.key, letter.value) for letter in letters} == {
        (b"\xff\x00", b"\x80\x81random"),
        (b"tombstone", None),
    }
    headers = dict(next(letter for letter in letters if letter.value).headers)
    assert headers["other"] == b"kept"
    assert headers["dead_letter_reason"] == b"no-event"
    assert headers["dead_letter_topic"] == topic.encode()
    assert {"dead_letter_partition", "dead_letter_offset", "dead_letter_group", "dead_letter_time"} <= set(
        headers
    )


async def test_one_rejected_event_does_not_take_its_batch_along(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    ids = [uuid4() for _ in range(10)]

    async def picky(session: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
        await insert_handled(session, events)
        if any(envelope.event.request_id == ids[4] for envelope in events):
            raise Rejected("cannot-open", "test")

    await producer.send_all(topic, [take_command(each) for each in ids])
    async with running_consumer(kafka, topic, picky, sessions, producer):
        await eventually(has_handled(sessions, ids[:4] + ids[5:]))
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
        await insert_handled(session, events)

    await producer.send_all(topic, [take_command(bad), take_command(good)])

    async def both_told() -> bool:
        return await handled(sessions) == [good] and len(await dead_letters(kafka, topic)) == 1

    async with running_consumer(kafka, topic, breaking, sessions, producer):
        await eventually(both_told, 20)
    (letter,) = await dead_letters(kafka, topic)
    assert dict(letter.headers)["dead_letter_detail"] == b"KeyError"


async def test_a_server_that_is_away_is_waited_for(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
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
        await insert_handled(session, events)

    await producer.send(topic, take_command(request_id))
    async with running_consumer(kafka, topic, away, sessions, producer, liveness):
        await eventually(has_handled(sessions, [request_id]), 20)
    assert tries > 6
    # The first two tries are the batch's and the record's own.
    assert all(later > earlier for earlier, later in pairwise(beats[1:])), (
        "a worker that waits for a server is not started anew"
    )
    assert await dead_letters(kafka, topic) == []


async def test_killed_between_the_two_commits_an_event_is_handed_over_again(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    request_id = uuid4()
    await producer.send(topic, take_command(request_id))

    class Killed(BaseException):
        """Nothing outlives it, as nothing outlives a kill."""

    def die() -> None:
        raise Killed

    consumer = BatchConsumer(
        kafka,
        f"group-{topic}",
        [topic],
        handler=insert_handled,
        sessions=sessions,
        producer=producer,
        liveness=Liveness(None, ()),
        committed=die,
    )
    with pytest.raises(Killed):
        await consumer.run()
    assert await handled(sessions) == [request_id]
    async with running_consumer(kafka, topic, insert_handled, sessions, producer):
        await eventually(has_handled(sessions, [request_id, request_id]))


async def test_a_follower_sees_what_was_and_what_comes(
    kafka: KafkaConnection, topic: str, producer: EventProducer
) -> None:
    ids = [uuid4() for _ in range(3)]
    await producer.send_all(topic, [take_command(each) for each in ids[:2]])
    async with followed_records(kafka, topic, back_seconds=60) as records:

        async def seen(count: int) -> bool:
            return {record.key for record in records} == {str(each).encode() for each in ids[:count]}

        await eventually(lambda: seen(2))
        await producer.send(topic, take_command(ids[2]))
        await eventually(lambda: seen(3))


async def test_a_broker_that_is_away_is_told_within_the_deadline() -> None:
    async with EventProducer(KafkaConnection("127.0.0.1:1"), "test") as producer:
        with pytest.raises(KafkaUnavailable):
            await producer.send("anything", take_command(uuid4()), within=0.2)
        with pytest.raises(KafkaUnavailable):
            await producer.check()


async def test_what_a_handler_logs_names_its_record(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    named: list[dict[str, object]] = []

    async def fail_together(_: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
        if len(events) > 1:
            raise KeyError("together")
        named.append(dict(structlog.contextvars.get_contextvars()))

    async def all_named() -> bool:
        return len(named) == 3

    trace, ids = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", [uuid4() for _ in range(3)]
    sent = [
        encode(Envelope(TakeRequest(request_id=each, actor="tester"), "/asiointi/test", traceparent=trace))
        for each in ids
    ]
    await producer.send_all(topic, sent)
    async with running_consumer(kafka, topic, fail_together, sessions, producer):
        await eventually(all_named)
    assert {each["request_id"] for each in named} == {str(each) for each in ids}
    for each in named:
        assert (each["group"], each["topic"], each["trace"]) == (f"group-{topic}", topic, trace)
        assert {"partition", "offset"} <= each.keys()


async def test_under_load_records_gather_into_batches(
    kafka: KafkaConnection, topic: str, producer: EventProducer, sessions: Sessions
) -> None:
    sizes: list[int] = []

    async def note(_: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
        sizes.append(len(events))

    def came(count: int) -> Callable[[], Awaitable[bool]]:
        async def check() -> bool:
            return sum(sizes) == count

        return check

    async with running_consumer(kafka, topic, note, sessions, producer):
        await producer.send(topic, take_command(uuid4()))
        await eventually(came(1))
        started = time.monotonic()
        for _ in range(100):
            await asyncio.gather(*(producer.send(topic, take_command(uuid4())) for _ in range(3)))
        await eventually(came(301))
    assert len(sizes) <= (time.monotonic() - started) / GATHER_SECONDS + 2, sizes


async def test_a_transaction_that_hangs_is_tried_again(
    kafka: KafkaConnection,
    topic: str,
    producer: EventProducer,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.kafka.consume.TRANSACTION_SECONDS", 0.5)
    calls: list[int] = []

    async def hangs_at_first(session: AsyncSession, events: Sequence[Envelope[Event]]) -> None:
        calls.append(len(events))
        if len(calls) == 1:
            await asyncio.Event().wait()
        await insert_handled(session, events)

    ids = [uuid4()]
    await producer.send(topic, take_command(ids[0]))
    async with running_consumer(kafka, topic, hangs_at_first, sessions, producer):
        await eventually(has_handled(sessions, ids))
    assert await dead_letters(kafka, topic) == []
