"""A relay that takes every mail and bounces later: Debian's Postfix, and its own reports."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from services.notifier.mail.send_again import SendAgain, send_again
from services.notifier.write.contents import ContentsBox
from shared.database.engine import Sessions
from tests.eventually import eventually
from tests.infra.postfix import postfix
from tests.service.notifier.bounce_reports import RETURN_PATH, bounced_outcomes, report_listener
from tests.service.notifier.builders import (
    PRIVATE_KEY,
    Citizen,
    fetch_rows,
    handle_batch,
    make_settings,
    running_dispatcher,
    wait_for_delivery,
)
from tests.service.notifier.mail_server import MailServer

PATIENCE = 40.0
UNKNOWN, BUSY = "550 5.1.1 No such mailbox", "451 4.2.1 Mailbox busy"


def refuse(server: MailServer, citizen: Citizen, answer: str, times: int = 1_000) -> None:
    """Have a mailbox refuse so often."""
    server.rcpt[citizen.email] = deque([answer] * times)


async def came_back(sessions: Sessions, count: int) -> Sequence[Row[Any]]:
    """Wait until so many reports have become outcomes."""

    async def there() -> Sequence[Row[Any]]:
        found = await bounced_outcomes(sessions)
        assert len(found) == count
        return found

    return await eventually(there, PATIENCE)


async def test_what_a_relay_bounces_becomes_known_and_is_sent_again_to_the_right_address(
    notifier_database: str, sessions: Sessions, mail_server: MailServer
) -> None:
    settings = make_settings(notifier_database, 1, return_path=RETURN_PATH)
    unknown, fine = [Citizen() for _ in range(5)], Citizen()
    for citizen in unknown:
        refuse(mail_server, citizen, UNKNOWN)
    async with report_listener(settings, sessions) as inbound:
        routes = {
            "kansalainen.example": f"smtp:[127.0.0.1]:{mail_server.port}",
            "kunta.example": f"smtp:[127.0.0.1]:{inbound}",
        }
        async with (
            postfix(routes) as relay,
            running_dispatcher(settings.model_copy(update={"smtp_port": relay}), sessions) as dispatcher,
        ):
            await handle_batch(sessions, [citizen.registered() for citizen in (*unknown, fine)], dispatcher)
            await asyncio.gather(
                *(wait_for_delivery(sessions, citizen, within=PATIENCE) for citizen in (*unknown, fine))
            )
            found = await came_back(sessions, len(unknown))
            assert {row.request_id for row in found} == {citizen.request_id for citizen in unknown}
            assert {(row.bounce, row.status, row.diagnostic) for row in found} == {("hard", "5.1.1", "5xx")}
            delivery = await wait_for_delivery(sessions, unknown[0])
            async with sessions.begin() as session:
                await send_again(
                    session,
                    ContentsBox(PRIVATE_KEY),
                    delivery.id,
                    SendAgain(email="oikea@kansalainen.example"),
                )
            dispatcher.wake()

            async def arrived() -> None:
                assert len(mail_server.addressed("oikea@kansalainen.example")) == 1

            await eventually(arrived, PATIENCE)
    assert len(await bounced_outcomes(sessions)) == len(unknown)
    assert len(mail_server.addressed(fine.email)) == 1


async def test_a_mail_that_a_relay_cannot_pass_on_yet_is_late_and_one_that_it_gives_up_comes_back(
    notifier_database: str, sessions: Sessions, mail_server: MailServer
) -> None:
    settings = make_settings(notifier_database, 1, return_path=RETURN_PATH)
    late, hopeless = Citizen(), Citizen()
    refuse(mail_server, late, BUSY, times=6)
    refuse(mail_server, hopeless, BUSY)
    async with report_listener(settings, sessions) as inbound:
        routes = {
            "kansalainen.example": f"smtp:[127.0.0.1]:{mail_server.port}",
            "kunta.example": f"smtp:[127.0.0.1]:{inbound}",
        }
        async with (
            postfix(routes, delay_warning_time="1s", maximal_queue_lifetime="12s") as relay,
            running_dispatcher(settings.model_copy(update={"smtp_port": relay}), sessions) as dispatcher,
        ):
            await handle_batch(sessions, [late.registered(), hopeless.registered()], dispatcher)
            found = await came_back(sessions, 3)
    told = {
        citizen: [row.bounce for row in found if row.request_id == citizen.request_id]
        for citizen in (late, hopeless)
    }
    assert told == {late: ["soft"], hopeless: ["soft", "hard"]}
    assert len(mail_server.addressed(late.email)) == 1
    returned = {row.request_id: row.return_status for row in await fetch_rows(sessions) if row.returned_at}
    assert list(returned) == [hopeless.request_id]
