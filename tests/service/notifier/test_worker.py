"""The whole worker, from the lifecycle topic to the mailbox and `mail.outcomes`, also when it is killed."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from services.notifier.settings import Settings
from shared.database.engine import Sessions, connect, migrate, open_database
from shared.events.envelope import Envelope, encode
from shared.events.event import Event
from shared.events.topics import LIFECYCLE, dead_letter_topic
from shared.kafka.connection import KafkaConnection
from shared.kafka.producer import EventProducer
from tests.conftest import FreshDatabase
from tests.eventually import eventually
from tests.follow_topic import followed_records
from tests.service.migrate_to import migrate_to
from tests.service.notifier.builders import (
    MIGRATIONS,
    Citizen,
    fetch_rows,
    handle_batch,
    make_settings,
    running_dispatcher,
    wait_for_delivery,
)
from tests.service.notifier.mail_server import MailServer
from tests.service.notifier.worker_process import outcomes_of, running_worker

PATIENCE = 30.0
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def settings(kafka: KafkaConnection, notifier_database: str, mail_server: MailServer) -> Settings:
    """Return settings with the broker."""
    return make_settings(notifier_database, mail_server.port, kafka_bootstrap_servers=kafka.bootstrap_servers)


@pytest.fixture
async def producer(kafka: KafkaConnection) -> AsyncIterator[EventProducer]:
    """Return a producer on the shared broker."""
    async with EventProducer(kafka, "test") as producer:
        yield producer


async def publish(producer: EventProducer, *envelopes: Envelope[Event]) -> None:
    await producer.send_all(LIFECYCLE, [encode(envelope) for envelope in envelopes])


async def test_an_event_becomes_a_mail_and_its_outcome_is_told(
    settings: Settings,
    sessions: Sessions,
    mail_server: MailServer,
    kafka: KafkaConnection,
    producer: EventProducer,
) -> None:
    citizen = Citizen()
    mail_server.rcpt[citizen.email].append("450 4.2.0 greylisted")
    registered = replace(citizen.registered(), traceparent=TRACE)
    async with running_worker(settings):
        await publish(producer, registered, registered)
        row = await wait_for_delivery(sessions, citizen, within=PATIENCE)
        outcomes = await asyncio.wait_for(
            outcomes_of(kafka, citizen.request_id, until="mail.sent.v1"), PATIENCE
        )
    assert [(told.event.type, told.event.attempt, told.event.cause_id) for told in outcomes] == [
        ("mail.deferred.v1", 1, registered.id),
        ("mail.sent.v1", 2, registered.id),
    ]
    assert {told.event.message_id for told in outcomes} == {row.message_id}
    assert {told.traceparent for told in outcomes} == {TRACE}
    assert await fetch_rows(sessions, "select * from outcomes") == []
    assert len(mail_server.addressed(citizen.email)) == 1


async def test_an_event_that_cannot_be_opened_is_put_aside_and_its_neighbours_are_mailed(
    settings: Settings, sessions: Sessions, kafka: KafkaConnection, producer: EventProducer
) -> None:
    poison, good = Citizen(), Citizen()
    event = poison.registered().event.model_copy(update={"sealed_contact": "00000000.AAAA"})
    async with running_worker(settings):
        await publish(producer, Envelope(event, "test"), good.registered())
        await delivered_soon(sessions, good)
    async with followed_records(kafka, dead_letter_topic(LIFECYCLE)) as letters:

        async def set_aside() -> bool:
            return any(letter.key == str(poison.request_id).encode() for letter in letters)

        await eventually(set_aside, PATIENCE)


async def delivered_soon(sessions: Sessions, citizen: Citizen) -> None:
    async def there() -> None:
        await wait_for_delivery(sessions, citizen, within=0.1)

    await eventually(there, PATIENCE)


async def test_a_worker_that_dies_right_after_the_250_repeats_that_mail_with_the_same_id_and_loses_none(
    settings: Settings, sessions: Sessions, mail_server: MailServer, tmp_path: Path
) -> None:
    citizens = [Citizen() for _ in range(60)]
    await handle_batch(sessions, [citizen.registered() for citizen in citizens])
    (tmp_path / "notifier.after-mail-accepted").touch()
    async with running_worker(settings, CRASH_POINTS=str(tmp_path)) as first:
        await asyncio.wait_for(first.wait(), PATIENCE)
    async with running_worker(settings):
        for citizen in citizens:
            await wait_for_delivery(sessions, citizen, within=PATIENCE)
    assert {got.recipient for got in mail_server.got} == {citizen.email for citizen in citizens}
    repeats = [
        recipient
        for recipient, times in Counter(got.recipient for got in mail_server.got).items()
        if times > 1
    ]
    assert repeats
    assert len(repeats) <= 8  # at most one a connection
    for recipient in repeats:
        assert len({got.mail["Message-ID"] for got in mail_server.addressed(recipient)}) == 1


async def test_the_mails_of_a_dead_worker_are_taken_over_at_once_and_those_of_a_living_one_never(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    hanging, other = Citizen(), Citizen()
    mail_server.rcpt[hanging.email].append("hang")
    await handle_batch(sessions, [hanging.registered()])
    async with running_worker(settings) as first:
        await wait_for_delivery(sessions, hanging, "sending", within=PATIENCE)
        async with running_worker(settings):
            await workers_there(sessions, 2)
            await handle_batch(sessions, [other.registered()])
            await wait_for_delivery(sessions, other, within=PATIENCE)
            assert (await wait_for_delivery(sessions, hanging, "sending")).attempts == 0
            first.kill()
            await wait_for_delivery(sessions, hanging, within=10.0)


async def workers_there(sessions: Sessions, number: int) -> None:
    async def there() -> bool:
        return (
            len(
                await fetch_rows(
                    sessions, "select 1 from leases where kind = 'deliveries' and expires_at > now()"
                )
            )
            == number
        )

    await eventually(there, PATIENCE)


async def test_the_mails_of_a_frozen_worker_go_by_another_and_only_those_under_way_may_repeat(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    under_way, waiting = [Citizen() for _ in range(8)], [Citizen() for _ in range(60)]
    for citizen in under_way:
        mail_server.rcpt[citizen.email].append("hang")
    await handle_batch(sessions, [citizen.registered() for citizen in (*under_way, *waiting)])
    async with running_worker(settings) as frozen:
        for citizen in (*under_way, *waiting):
            await wait_for_delivery(sessions, citizen, "sending", within=PATIENCE)
        frozen.send_signal(signal.SIGSTOP)
        async with running_worker(settings):
            for citizen in (*under_way, *waiting):
                await wait_for_delivery(sessions, citizen, within=PATIENCE)
            frozen.send_signal(signal.SIGCONT)
            await workers_there(sessions, 2)
            later = [Citizen() for _ in range(20)]
            await handle_batch(sessions, [citizen.registered() for citizen in later])
            for citizen in later:
                await wait_for_delivery(sessions, citizen, within=PATIENCE)
    assert {len(mail_server.addressed(citizen.email)) for citizen in (*waiting, *later)} == {1}
    for citizen in under_way:
        assert len({got.mail["Message-ID"] for got in mail_server.addressed(citizen.email)}) == 1


async def test_a_transaction_of_a_frozen_process_holds_up_its_own_mail_alone_and_ends(
    settings: Settings, sessions: Sessions, notifier_database: str
) -> None:
    locked, other = Citizen(), Citizen()
    await handle_batch(sessions, [locked.registered(), other.registered()])
    async with sessions.begin() as session:
        await session.execute(text("update deliveries set state = 'sending', owner = 4711"))
    frozen = await connect(notifier_database)
    await frozen.execute("begin")
    await frozen.execute("select from deliveries where request_id = $1 for share", locked.request_id)
    async with running_dispatcher(settings, sessions):
        await wait_for_delivery(sessions, other, within=10.0)
        await wait_for_delivery(sessions, locked, within=25.0)
    frozen.terminate()


async def test_outcomes_and_claims_of_the_version_before_the_lease_are_finished_after_the_upgrade(
    fresh_database: FreshDatabase, kafka: KafkaConnection, mail_server: MailServer
) -> None:
    dsn, citizen = await fresh_database("notifier"), Citizen()
    await migrate_to(MIGRATIONS, dsn, "0001")
    connection = await connect(dsn)
    await connection.execute(
        """insert into outcomes (request_id, event_id, template, message_id, state, attempt, reply)
        values ($1, 'e', 'receipt', '<m>', 'sent', 1, '2xx')""",
        citizen.request_id,
    )
    await asyncio.to_thread(migrate, MIGRATIONS, dsn)
    settings = make_settings(dsn, mail_server.port, kafka_bootstrap_servers=kafka.bootstrap_servers)
    other = Citizen()
    async with open_database(dsn) as sessions:
        await handle_batch(sessions, [other.registered()])
        await connection.execute("update deliveries set state = 'sending', owner = 815")
        await connection.execute("select pg_advisory_lock(815)")
        async with running_worker(settings):
            (told,) = await asyncio.wait_for(
                outcomes_of(kafka, citizen.request_id, until="mail.sent.v1"), PATIENCE
            )
            assert told.event.message_id == "<m>"
            assert (await wait_for_delivery(sessions, other, "sending")).owner == 815, (
                "its process of the older version still holds its lock"
            )
            await connection.execute("select pg_advisory_unlock(815)")
            await wait_for_delivery(sessions, other)
    await connection.close()


async def test_an_outcome_is_told_again_under_the_same_id_after_a_crash(
    settings: Settings, sessions: Sessions, kafka: KafkaConnection, tmp_path: Path
) -> None:
    citizen = Citizen()
    await handle_batch(sessions, [citizen.registered()])
    (tmp_path / "notifier.after-outcomes-ack").touch()
    async with running_worker(settings, CRASH_POINTS=str(tmp_path)) as first:
        await asyncio.wait_for(first.wait(), PATIENCE)
    async with running_worker(settings):

        async def all_told() -> bool:
            return not await fetch_rows(sessions, "select * from outcomes")

        await eventually(all_told, PATIENCE)
    outcomes = await outcomes_of(kafka, citizen.request_id, until="mail.sent.v1")
    assert len(outcomes) == 2
    assert len({told.id for told in outcomes}) == 1
