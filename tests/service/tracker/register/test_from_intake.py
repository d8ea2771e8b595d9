"""Only what intake made is registered.

What a stranger writes goes to the dead letters, and its neighbours go on.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest
from uuid_utils.compat import uuid4

from services.tracker.ledger.unread import MAX_BATCH_SIZE, UnreadSubmissions
from services.tracker.personal_data.keyring import Keyring
from services.tracker.register.from_intake import (
    FromIntake,
    is_unsigned_before_recorded,
    read_unsigned_before,
    record_unsigned_before,
)
from services.tracker.register.on_request_submitted import on_request_submitted
from services.tracker.take_unsigned import run as take_unsigned
from shared.crypto.record_mac import RecordSigner
from shared.database.engine import Sessions
from shared.events.envelope import Envelope, Message, encode
from shared.events.event import Event
from shared.events.topics import DAY_MS, SUBMITTED, Topic, dead_letter_topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.consume import BatchConsumer
from shared.kafka.lag import LagReader
from shared.kafka.producer import EventProducer
from shared.kafka.topics import ensure_topics
from shared.web.health import Liveness
from tests.eventually import eventually
from tests.service.tracker.builders import make_settings, signed, submission
from tests.service.tracker.database import fetch_rows
from tests.service.tracker.published_events import read_topic
from tests.service.tracker.running_loops import running_loop


@pytest.fixture
async def topic(kafka: KafkaConnection) -> str:
    """Make a topic of one partition, so that offsets are known."""
    name = f"from-intake.{uuid4().hex}"
    await ensure_topics(kafka, [Topic(name, 1, DAY_MS), Topic(dead_letter_topic(name), 1, DAY_MS)])
    return name


class World:
    """Sends to a topic and looks at what became of it."""

    def __init__(
        self,
        kafka: KafkaConnection,
        topic: str,
        sessions: Sessions,
        producer: EventProducer,
        keyring: Keyring,
    ) -> None:
        self.kafka, self.topic, self.sessions, self.producer, self.keyring = (
            kafka,
            topic,
            sessions,
            producer,
            keyring,
        )

    async def send(self, *records: Message) -> None:
        """Send records in order."""
        await self.producer.send_all(self.topic, records)

    @asynccontextmanager
    async def registering(self, **unsigned_before: int) -> AsyncIterator[None]:
        """Register what intake made; `p0=4`: before offset 4 of partition 0 it needs no MAC."""
        ours = FromIntake(
            self.keyring.record_verifier, {int(name[1:]): offset for name, offset in unsigned_before.items()}
        )
        handler = partial(on_request_submitted, keyring=self.keyring)
        consumer = BatchConsumer(
            self.kafka,
            self.topic,
            [self.topic],
            handler=handler,
            sessions=self.sessions,
            producer=self.producer,
            liveness=Liveness(None, ()),
            read=ours.read,
        )
        async with running_loop(consumer.run()):
            yield

    async def registered(self, count: int) -> set[UUID]:
        """Wait for so many requests, and give them."""

        async def all_there() -> set[UUID]:
            found = {
                row.request_id for row in await fetch_rows(self.sessions, "select request_id from requests")
            }
            assert len(found) == count
            return found

        return await eventually(all_there)

    async def refused(self) -> list[tuple[bytes | None, str]]:
        """Return the keys and reasons of the dead letters, in their order."""
        found = []
        for letter in await read_topic(self.kafka, dead_letter_topic(self.topic)):
            why = {name: (value or b"").decode(errors="replace") for name, value in letter.headers}
            found.append((letter.key, f"{why['dead_letter_reason']}: {why['dead_letter_detail']}"))
        return found


@pytest.fixture
def world(
    kafka: KafkaConnection, topic: str, sessions: Sessions, producer: EventProducer, keyring: Keyring
) -> World:
    """Return a topic with its readers."""
    return World(kafka, topic, sessions, producer, keyring)


def id_of(envelope: Envelope[Event]) -> UUID:
    return envelope.event.request_id


async def test_a_forged_submission_is_refused_and_its_neighbours_go_on(world: World) -> None:
    before, after = submission(), submission()
    unsigned, other_key, altered = submission(authentication="strong"), submission(), signed(submission())
    records = [
        signed(before),
        encode(unsigned),
        RecordSigner([b"f" * 32]).sign(encode(other_key)),
        replace(
            altered,
            value=(altered.value or b"").replace(b'"authentication":"none"', b'"authentication":"strong"'),
        ),
        replace(signed(submission()), key=b"another"),
        Message(b"bytes", b"\xff", []),
        signed(after),
    ]
    await world.send(*records)
    async with world.registering():
        assert await world.registered(2) == {id_of(before), id_of(after)}
    expected = ["no MAC", "wrong MAC", "wrong MAC", "wrong MAC", "no MAC"]
    assert await world.refused() == [
        (record.key, f"not-from-intake: {why}") for record, why in zip(records[1:-1], expected, strict=True)
    ]


async def test_what_was_sent_before_intake_signed_is_registered_and_nothing_unsigned_after_that(
    world: World,
) -> None:
    old, late, new = [submission() for _ in range(3)], submission(), submission()
    forged = RecordSigner([b"f" * 32]).sign(encode(submission()))
    await world.send(*map(encode, old), forged, encode(late), signed(new))
    async with world.registering(p0=4):
        assert await world.registered(4) == {*map(id_of, old), id_of(new)}
    assert [why for _, why in await world.refused()] == [
        "not-from-intake: wrong MAC",
        "not-from-intake: no MAC",
    ]


async def test_how_far_unsigned_records_reach_is_recorded_once_and_moved_by_command_only(
    tracker_database: str, kafka: KafkaConnection, sessions: Sessions, producer: EventProducer
) -> None:
    assert not await is_unsigned_before_recorded(tracker_database)
    for ends in ({0: 7, 1: 0}, {0: 9, 1: 4, 2: 3}):
        await record_unsigned_before(tracker_database, ends)
        async with sessions.begin() as session:
            assert await read_unsigned_before(session) == {0: 7, 1: 0}
    assert await is_unsigned_before_recorded(tracker_database)
    await producer.send(SUBMITTED, encode(submission()))
    await take_unsigned(make_settings(tracker_database, kafka))
    async with sessions.begin() as session, LagReader(kafka) as lags:
        assert await read_unsigned_before(session) == await lags.end_offsets(SUBMITTED)


async def test_only_what_intake_made_counts_on_the_log_however_much_of_strangers_lies_before_it(
    world: World,
) -> None:
    forged = encode(submission())
    ours = FromIntake(world.keyring.record_verifier, {0: 1})
    async with LagReader(world.kafka) as lags:
        unread = UnreadSubmissions(lags, world.topic, world.topic)
        await world.send(forged, signed(submission()), *[forged] * MAX_BATCH_SIZE, signed(submission()))
        await eventually_count(unread, ours, 5)  # the last three were not looked at yet
        await eventually_count(unread, ours, 3)
        await world.send(forged, signed(submission()))
        await eventually_count(unread, ours, 4)
        async with world.registering(p0=1):
            await world.registered(4)
        await eventually_count(unread, ours, 0)
        assert (await unread.look(ours)).oldest == []


async def eventually_count(unread: UnreadSubmissions, ours: FromIntake, count: int) -> None:
    async def counted() -> None:
        assert (await unread.look(ours)).count == count

    await eventually(counted, 60)
