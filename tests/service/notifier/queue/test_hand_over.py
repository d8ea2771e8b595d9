"""Mails that go straight from the consumer to the pool.

Sent once whatever becomes of the transaction that wrote them down.
"""

import asyncio

import pytest

from services.notifier.queue.dispatch import Dispatcher
from services.notifier.settings import Settings
from shared.database.engine import Sessions
from tests.eventually import eventually
from tests.service.notifier.builders import (
    Citizen,
    fetch_rows,
    handle_batch,
    handle_events,
    make_settings,
    running_dispatcher,
    wait_for_delivery,
)
from tests.service.notifier.mail_server import MailServer


async def ready(dispatcher: Dispatcher) -> None:
    """Wait until the pool takes mails."""

    async def takes() -> None:
        assert dispatcher.hand_over.begin() > 0
        dispatcher.hand_over.after_commit()()

    await eventually(takes)


async def write_down(sessions: Sessions, dispatcher: Dispatcher, citizen: Citizen, *, commit: bool) -> None:
    """Do what the worker does with an event, and lose sight of it before its commit is known."""
    async with sessions() as session:
        await handle_events(session, [citizen.registered()], dispatcher.hand_over)
        await (session.commit() if commit else session.rollback())


async def test_a_receipt_goes_to_the_pool_without_being_claimed(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizen = Citizen()
    async with running_dispatcher(settings, sessions) as dispatcher:
        await ready(dispatcher)
        async with sessions.begin() as session:
            after_commit = await handle_events(session, [citizen.registered()], dispatcher.hand_over)
        row = await wait_for_delivery(sessions, citizen, "sending")
        assert row.owner == dispatcher.hand_over.owner
        assert mail_server.got == []
        after_commit()
        assert (await wait_for_delivery(sessions, citizen)).attempts == 1
    assert len(mail_server.addressed(citizen.email)) == 1


@pytest.mark.parametrize("commit", [True, False])
async def test_a_mail_whose_commit_is_in_doubt_is_sent_once_where_it_was_committed(
    settings: Settings, sessions: Sessions, mail_server: MailServer, *, commit: bool
) -> None:
    doubtful, next_one = Citizen(), Citizen()
    async with running_dispatcher(settings, sessions) as dispatcher:
        await ready(dispatcher)
        await write_down(sessions, dispatcher, doubtful, commit=commit)
        await handle_batch(sessions, [next_one.registered()], dispatcher)
        await wait_for_delivery(sessions, next_one)
        if commit:
            await wait_for_delivery(sessions, doubtful)
    assert len(mail_server.addressed(doubtful.email)) == commit
    assert len(mail_server.addressed(next_one.email)) == 1


async def test_repeats_and_later_mails_of_a_request_keep_their_order(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizens = [Citizen() for _ in range(50)]
    events = [event for citizen in citizens for event in (citizen.registered(), citizen.resolved())]
    async with running_dispatcher(settings, sessions) as dispatcher:
        await ready(dispatcher)
        await handle_batch(sessions, [*events, *events], dispatcher)
        await handle_batch(sessions, events, dispatcher)
        for citizen in citizens:
            await wait_for_delivery(sessions, citizen)
    for citizen in citizens:
        assert [
            got.mail["Message-ID"].split(".")[1].split("@")[0] for got in mail_server.addressed(citizen.email)
        ] == ["receipt", "resolution"]


async def test_more_than_the_pool_takes_are_claimed_when_it_has_room(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    citizens = [Citizen() for _ in range(100)]
    async with running_dispatcher(
        make_settings(notifier_database, mail_server.port, smtp_connections=1), sessions
    ) as dispatcher:
        await ready(dispatcher)
        await handle_batch(sessions, [citizen.registered() for citizen in citizens], dispatcher)
        states = dict(
            tuple(row)
            for row in await fetch_rows(sessions, "select state, count(*) from deliveries group by state")
        )
        assert states.get("pending", 0) > 50
        for citizen in citizens:
            await wait_for_delivery(sessions, citizen)
    assert len({got.recipient for got in mail_server.got}) == len(mail_server.got) == len(citizens)


async def test_an_address_that_no_server_takes_is_claimed_and_fails(
    settings: Settings, sessions: Sessions
) -> None:
    bad, good = Citizen("anna@@kunta..fi"), Citizen()
    async with running_dispatcher(settings, sessions) as dispatcher:
        await ready(dispatcher)
        await handle_batch(sessions, [bad.registered(), good.registered()], dispatcher)
        await wait_for_delivery(sessions, good)
        await wait_for_delivery(sessions, bad, "failed")


async def test_while_the_mail_server_is_away_the_pool_takes_nothing_new(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    first, second = Citizen(), Citizen()
    async with running_dispatcher(settings, sessions) as dispatcher:
        await ready(dispatcher)
        await mail_server.close()
        await handle_batch(sessions, [first.registered()], dispatcher)

        async def takes_nothing() -> None:
            assert dispatcher.hand_over.begin() == 0

        await eventually(takes_nothing)
        await handle_batch(sessions, [second.registered()], dispatcher)

        async def given_back() -> None:
            assert {row.state for row in await fetch_rows(sessions)} <= {"pending", "deferred"}

        await eventually(given_back)
        await mail_server.open()
        await asyncio.gather(*(wait_for_delivery(sessions, citizen) for citizen in (first, second)))
    assert {len(mail_server.addressed(citizen.email)) for citizen in (first, second)} == {1}
