"""Events that Kafka refuses: an alarm, and a way out for operators; nothing else waits for them."""

import pytest
from sqlalchemy import text

from services.tracker.domain import By
from services.tracker.handle.handle_request import MAX_TEXT_LENGTH, handle_request
from services.tracker.personal_data.keyring import Keyring
from services.tracker.register.on_request_submitted import MAX_LENGTH_OF_OTHERS, MAX_LENGTHS
from shared.database.engine import Sessions
from shared.kafka.producer import EventProducer
from tests.eventually import eventually
from tests.service.tracker.api_client import ApiClient
from tests.service.tracker.builders import submission
from tests.service.tracker.database import fetch_rows, register_one
from tests.service.tracker.running_loops import running_publisher

STAFF = By("staff", "m" * 100)
ALL_PUBLISHED = "select 1 from history where value is not null and refused is null"


async def refuse(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(text("update history set refused = 'too-large' where value is not null"))


async def published(sessions: Sessions) -> bool:
    return not await fetch_rows(sessions, ALL_PUBLISHED)


async def test_an_old_entry_with_a_huge_trace_is_set_aside_and_the_next_ones_go(
    sessions: Sessions, keyring: Keyring, tracker_database: str, producer: EventProducer
) -> None:
    poisoned, other = await register_one(sessions, keyring), await register_one(sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(
            text("update history set traceparent = repeat('x', 1100000) where request_id = :id"),
            {"id": poisoned},
        )
        await handle_request(session, poisoned, "take", STAFF, keyring=keyring)
    async with running_publisher(tracker_database, producer):
        await eventually(lambda: published(sessions))
    left = await fetch_rows(
        sessions, "select request_id, type, refused from history where published_at is null"
    )
    assert [tuple(row) for row in left] == [(poisoned, "request.registered.v1", "too-large")]
    assert (
        len(
            await fetch_rows(
                sessions,
                "select 1 from history where request_id = :id and published_at is not null",
                id=other,
            )
        )
        == 1
    )


@pytest.mark.parametrize("character", ["\x01", "\U0001f600"])
async def test_the_largest_entry_that_a_sender_can_cause_goes(
    character: str, sessions: Sessions, keyring: Keyring, tracker_database: str, producer: EventProducer
) -> None:
    name = character * MAX_LENGTH_OF_OTHERS
    longest = submission(
        sealed_contact="x" * MAX_LENGTHS["sealed_contact"],
        service=name,
        service_title=name,
        service_title_fi=name,
        queue=name,
    )
    request_id = await register_one(sessions, keyring, longest)
    async with sessions.begin() as session:
        await handle_request(
            session,
            request_id,
            "resolve",
            STAFF,
            text="a" + character * (MAX_TEXT_LENGTH - 2) + "z",
            keyring=keyring,
        )
    async with running_publisher(tracker_database, producer):
        await eventually(lambda: published(sessions))
    assert await fetch_rows(sessions, "select 1 from history where refused is not null") == []


async def test_operators_have_it_sent_again_or_settle_it_with_its_mail(
    api: ApiClient, sessions: Sessions, keyring: Keyring, tracker_database: str, producer: EventProducer
) -> None:
    again, settled = await register_one(sessions, keyring), await register_one(sessions, keyring)
    await refuse(sessions)
    first, second = (await api.get("/api/v1/unsendable", "operate")).raise_for_status().json()
    assert [(each["request_id"], each["refused"]) for each in (first, second)] == [
        (str(again), "too-large"),
        (str(settled), "too-large"),
    ]
    place = "/api/v1/unsendable"
    assert (await api.post(f"{place}/{first['event_id']}/settle", None, "requests:read")).status_code == 403
    assert (await api.post(f"{place}/{first['event_id']}/send-again", None, "operate")).json()[
        "refused"
    ] is None
    assert (await api.post(f"{place}/{second['event_id']}/settle", None, "operate")).status_code == 200
    assert (await api.post(f"{place}/{second['event_id']}/settle", None, "operate")).status_code == 404
    assert (await api.get(place, "operate")).json() == []
    async with running_publisher(tracker_database, producer):
        await eventually(lambda: published(sessions))
    assert [
        row.request_id
        for row in await fetch_rows(sessions, "select request_id from history where published_at is not null")
    ] == [again]
    assert [
        row.request_id
        for row in await fetch_rows(
            sessions, "select request_id from owed_mails where settled_at is not null"
        )
    ] == [settled]
