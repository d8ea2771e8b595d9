"""When a request is erased, its mails keep rows and outcomes, and lose their contents and addresses."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from services.notifier.mail.send_again import ContentsGone, SendAgain, send_again
from services.notifier.queue.again import ManyAgain, NotRetriable, again, many_again
from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox
from shared.database.engine import Sessions
from shared.events.envelope import Envelope
from shared.events.event import Event
from shared.events.request_lifecycle import RequestErased
from tests.service.notifier.builders import (
    PRIVATE_KEY,
    SUBMITTED,
    Citizen,
    fetch_rows,
    handle_batch,
    running_dispatcher,
    wait_for_delivery,
)
from tests.service.notifier.mail_server import MailServer

KEPT = (
    "select count(*) as n from deliveries where contents is not null union all select count(*) from "
    "sent_contents"
)


def erased(citizen: Citizen) -> Envelope[Event]:
    facts = {
        "work_number": "482913057",
        "service": "palkkatodistus",
        "queue": "palkat",
        "state": "resolved",
        "retention_days": 1,
    }
    event = RequestErased(
        request_id=citizen.request_id, closed_at=SUBMITTED, occurred_at=SUBMITTED + timedelta(days=1), **facts
    )
    return Envelope(event, "/asiointi/tracker")


async def kept(sessions: Sessions) -> int:
    return sum(row.n for row in await fetch_rows(sessions, KEPT))


async def test_a_sent_mail_keeps_its_row_and_loses_its_contents(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizen, other = Citizen(), Citizen()
    async with running_dispatcher(settings, sessions):
        await handle_batch(sessions, [citizen.registered(), citizen.resolved(), other.registered()])
        await wait_for_delivery(sessions, citizen)
        await wait_for_delivery(sessions, other)
    (before, *_) = await fetch_rows(sessions)
    assert (await kept(sessions), len(mail_server.got)) == (3, 3)
    for _ in range(2):
        await handle_batch(sessions, [erased(citizen)])
        assert await kept(sessions) == 1, "the other's stays"
        assert (await fetch_rows(sessions))[0] == before
    async with sessions() as session:
        with pytest.raises(ContentsGone):
            await send_again(session, ContentsBox(PRIVATE_KEY), before.id, SendAgain())


@pytest.mark.parametrize("state", ["pending", "deferred", "sending", "failed"])
async def test_a_mail_that_did_not_go_can_go_no_more(
    sessions: Sessions, settings: Settings, mail_server: MailServer, state: str
) -> None:
    citizen = Citizen()
    told = [citizen.registered(), citizen.resolved()]
    await handle_batch(sessions, told)
    async with sessions.begin() as session:
        owner = 999 if state == "sending" else None
        await session.execute(
            text("update deliveries set state = :state, owner = :owner"), {"state": state, "owner": owner}
        )
    await handle_batch(sessions, [erased(citizen)])
    found = await fetch_rows(sessions)
    assert {(row.state, row.contents, row.owner, row.finished_at is None) for row in found} == {
        ("failed", None, None, False)
    }
    async with sessions.begin() as session:
        assert await many_again(session, ManyAgain(template="receipt")) == []
        with pytest.raises(NotRetriable, match="no longer kept"):
            await again(session, found[0].id)
    async with running_dispatcher(settings, sessions):
        marker = Citizen()
        await handle_batch(sessions, [marker.registered(), *told])
        await wait_for_delivery(sessions, marker)
    assert mail_server.addressed(citizen.email) == []


async def test_in_one_batch_with_its_mails_they_are_empty_too(sessions: Sessions) -> None:
    citizen = Citizen()
    await handle_batch(sessions, [citizen.registered(), citizen.resolved(), erased(citizen)])
    assert await kept(sessions) == 0


async def test_what_came_back_about_a_mail_goes_with_it(sessions: Sessions) -> None:
    citizen, other = Citizen(), Citizen()
    await handle_batch(sessions, [citizen.registered(), other.registered()])
    async with sessions.begin() as session:
        boxes = (
            "insert into reports (digest, verdict, delivery_id, sending, mail) select message_id::bytea, "
            "'unclear', id, 1, 'box' from deliveries"
        )
        await session.execute(text(boxes))
    await handle_batch(sessions, [erased(citizen)])
    assert [
        row.mail for row in await fetch_rows(sessions, "select mail from reports order by delivery_id")
    ] == [
        None,
        b"box",
    ]
