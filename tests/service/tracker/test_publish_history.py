"""The history reaches the log: all of it, in order, whatever was away."""

import asyncio
import time
from uuid import UUID

import pytest

from services.tracker.domain import Action
from services.tracker.handle_request import By, handle_request
from services.tracker.keyring import Keyring
from services.tracker.publish_history import HISTORY, history_publisher
from shared.database import Sessions
from shared.health import Liveness
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from tests.eventually import eventually
from tests.service.tracker.publishing import publishing, running
from tests.service.tracker.rows import register_one, rows
from tests.service.tracker.topic import published

STAFF = By("staff", "maija")
STORY = ["request.registered.v1", "request.assigned.v1", "request.resolved.v1", "request.closed.v1", "request.reopened.v1"]


async def live_a_life(sessions: Sessions, keyring: Keyring, request_id: UUID) -> None:
    async with sessions.begin() as session:
        await handle_request(session, request_id, "take", STAFF, keyring=keyring)
        await handle_request(session, request_id, "resolve", STAFF, text="Valmis", keyring=keyring)
    later: tuple[Action, ...] = ("close", "reopen")
    for action in later:
        async with sessions.begin() as session:
            await handle_request(session, request_id, action, STAFF, keyring=keyring)


async def all_published(sessions: Sessions) -> bool:
    return not await rows(sessions, "select 1 from history where published_at is null or value is not null")


async def test_the_history_is_published_in_order(
    sessions: Sessions, keyring: Keyring, tracker_database: str, producer: EventProducer, kafka: KafkaConnection
) -> None:
    requests = [await register_one(sessions, keyring) for _ in range(5)]
    for request_id in requests:
        await live_a_life(sessions, keyring, request_id)
    async with publishing(tracker_database, producer):
        await eventually(lambda: all_published(sessions))
    for request_id in requests:
        events = await published(kafka, request_id)
        assert [each.event.type for each in events] == STORY
        assert sorted(each.time for each in events) == [each.time for each in events]
        entries = await rows(sessions, "select event_id, traceparent from history where request_id = :id order by id", id=request_id)
        assert [(each.id, each.traceparent) for each in events] == [(str(row.event_id), row.traceparent) for row in entries]
        assert {each.source for each in events} == {"/asiointi/tracker"}


async def test_a_mark_that_was_lost_publishes_again_with_the_same_id(
    sessions: Sessions, keyring: Keyring, tracker_database: str, producer: EventProducer, kafka: KafkaConnection
) -> None:
    request_id = await register_one(sessions, keyring)
    (kept,) = await rows(sessions, "select value from history")
    async with publishing(tracker_database, producer):
        await eventually(lambda: all_published(sessions))
    async with sessions.begin() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("update history set value = $1, published_at = null", (kept.value,))
    async with publishing(tracker_database, producer):
        await eventually(lambda: all_published(sessions))
    first, second = await published(kafka, request_id)
    assert (first.id, first.event) == (second.id, second.event)


async def test_another_process_s_commit_is_published_at_once(
    sessions: Sessions, keyring: Keyring, tracker_database: str, producer: EventProducer
) -> None:
    request_id = await register_one(sessions, keyring)
    async with publishing(tracker_database, producer):
        await eventually(lambda: all_published(sessions))
        waits: list[float] = []
        acts: tuple[Action, ...] = ("take", "ask_customer") * 3
        for action in acts:
            async with sessions.begin() as session:
                await handle_request(session, request_id, action, STAFF, text="Mikä?", keyring=keyring)
            since = time.monotonic()
            await eventually(lambda: all_published(sessions))
            waits.append(time.monotonic() - since)
    assert sorted(waits)[3] < 0.5, "the fallback's second was not waited for"


async def test_while_kafka_is_away_the_history_waits(sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection) -> None:
    request_id = await register_one(sessions, keyring)
    liveness = Liveness(None, (HISTORY.name,))
    async with (
        EventProducer(KafkaConnection("127.0.0.1:9"), "nowhere") as nowhere,
        running(history_publisher(tracker_database, nowhere, liveness).run()),
    ):
        await eventually(lambda: asyncio.sleep(0, liveness.alive()))
        assert len(await rows(sessions, "select 1 from history where value is not null")) == 1
    async with EventProducer(kafka, "back") as producer, publishing(tracker_database, producer):
        await eventually(lambda: all_published(sessions))
    assert [each.event.type for each in await published(kafka, request_id)] == STORY[:1]


async def test_a_database_that_is_away_is_waited_for(producer: EventProducer) -> None:
    publisher = history_publisher("postgresql://nobody@127.0.0.1:9/nothing", producer, Liveness(None, ()))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await publisher.run()
