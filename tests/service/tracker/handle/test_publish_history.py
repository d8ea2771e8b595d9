"""The history reaches the log: all of it, in order, whatever was away."""

import asyncio
from uuid import UUID, uuid4

import pytest

from services.tracker.domain import Action, By
from services.tracker.handle.handle_request import handle_request
from services.tracker.handle.publish_history import HISTORY, history_publisher
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions, connect, migrate
from shared.events.topics import LIFECYCLE
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from shared.outbox import publish
from shared.web.health import Liveness
from tests.conftest import FreshDatabase
from tests.eventually import eventually
from tests.service.migrate_to import migrate_to
from tests.service.tracker.builders import MIGRATIONS
from tests.service.tracker.database import fetch_rows, register_one
from tests.service.tracker.published_events import published_events, read_topic
from tests.service.tracker.running_loops import running_loop, running_publisher

STAFF = By("staff", "maija")
STORY = [
    "request.registered.v1",
    "request.assigned.v1",
    "request.resolved.v1",
    "request.closed.v1",
    "request.reopened.v1",
]


async def live_a_life(sessions: Sessions, keyring: Keyring, request_id: UUID) -> None:
    async with sessions.begin() as session:
        await handle_request(session, request_id, "take", STAFF, keyring=keyring)
        await handle_request(session, request_id, "resolve", STAFF, text="Valmis", keyring=keyring)
    later: tuple[Action, ...] = ("close", "reopen")
    for action in later:
        async with sessions.begin() as session:
            await handle_request(session, request_id, action, STAFF, keyring=keyring)


async def all_published(sessions: Sessions) -> bool:
    return not await fetch_rows(
        sessions, "select 1 from history where published_at is null or value is not null"
    )


async def test_the_history_is_published_in_order(
    sessions: Sessions,
    keyring: Keyring,
    tracker_database: str,
    producer: EventProducer,
    kafka: KafkaConnection,
) -> None:
    requests = [await register_one(sessions, keyring) for _ in range(5)]
    for request_id in requests:
        await live_a_life(sessions, keyring, request_id)
    async with running_publisher(tracker_database, producer):
        await eventually(lambda: all_published(sessions))
    for request_id in requests:
        events = await published_events(kafka, request_id)
        assert [each.event.type for each in events] == STORY
        assert sorted(each.time for each in events) == [each.time for each in events]
        entries = await fetch_rows(
            sessions,
            "select event_id, traceparent from history where request_id = :id order by id",
            id=request_id,
        )
        assert [(each.id, each.traceparent) for each in events] == [
            (str(row.event_id), row.traceparent) for row in entries
        ]
        assert {each.source for each in events} == {"/asiointi/tracker"}


async def test_a_mark_that_was_lost_publishes_again_with_the_same_id(
    sessions: Sessions,
    keyring: Keyring,
    tracker_database: str,
    producer: EventProducer,
    kafka: KafkaConnection,
) -> None:
    request_id = await register_one(sessions, keyring)
    (kept,) = await fetch_rows(sessions, "select value from history")
    async with running_publisher(tracker_database, producer):
        await eventually(lambda: all_published(sessions))
    async with sessions.begin() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("update history set value = $1, published_at = null", (kept.value,))
    async with running_publisher(tracker_database, producer):
        await eventually(lambda: all_published(sessions))
    first, second = await published_events(kafka, request_id)
    assert (first.id, first.event) == (second.id, second.event)


async def test_another_process_s_commit_is_published_at_once(
    sessions: Sessions,
    keyring: Keyring,
    tracker_database: str,
    producer: EventProducer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publish, "FALLBACK_SECONDS", 30.0)
    request_id = await register_one(sessions, keyring)
    async with running_publisher(tracker_database, producer):
        await eventually(lambda: all_published(sessions))
        acts: tuple[Action, ...] = ("take", "ask_customer") * 3
        for action in acts:
            async with sessions.begin() as session:
                await handle_request(session, request_id, action, STAFF, text="Mikä?", keyring=keyring)
            await eventually(lambda: all_published(sessions), 20)


async def test_history_written_before_the_lanes_is_published_after_the_upgrade(
    fresh_database: FreshDatabase, producer: EventProducer, kafka: KafkaConnection
) -> None:
    dsn = await fresh_database("tracker")
    await migrate_to(MIGRATIONS, dsn, "0006")
    request_ids = [uuid4() for _ in range(40)]
    connection = await connect(dsn)
    await connection.executemany(
        """insert into history (request_id, event_id, type, occurred_at, actor_kind, value)
        values ($1, $2, 'request.registered.v1', now(), 'system', '{}')""",
        [(request_id, uuid4()) for request_id in request_ids],
    )
    await asyncio.to_thread(migrate, MIGRATIONS, dsn)

    async def nothing_waits() -> bool:
        return not await connection.fetchval("select count(*) from history where value is not null")

    async with running_publisher(dsn, producer):
        await eventually(nothing_waits)
    await connection.close()
    keys = [record.key for record in await read_topic(kafka, LIFECYCLE)]
    assert all(keys.count(str(request_id).encode()) == 1 for request_id in request_ids)


async def test_while_kafka_is_away_the_history_waits(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection
) -> None:
    request_id = await register_one(sessions, keyring)
    liveness = Liveness(None, (HISTORY.name,))
    async with (
        EventProducer(KafkaConnection("127.0.0.1:9"), "nowhere") as nowhere,
        running_loop(history_publisher(tracker_database, nowhere, liveness).run()),
    ):
        await eventually(lambda: asyncio.sleep(0, liveness.alive()))
        assert len(await fetch_rows(sessions, "select 1 from history where value is not null")) == 1
    async with EventProducer(kafka, "back") as producer, running_publisher(tracker_database, producer):
        await eventually(lambda: all_published(sessions))
    assert [each.event.type for each in await published_events(kafka, request_id)] == STORY[:1]


async def test_a_database_that_is_away_is_waited_for(producer: EventProducer) -> None:
    publisher = history_publisher("postgresql://nobody@127.0.0.1:9/nothing", producer, Liveness(None, ()))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await publisher.run()
