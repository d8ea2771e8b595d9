"""The limits that administrators set in Debian's Postfix.

Names, connections, rates, and a greeting that comes late.
"""

import asyncio
import time

from shared.database.engine import Sessions
from tests.infra.postfix import postfix
from tests.service.notifier.builders import (
    Citizen,
    fetch_rows,
    handle_batch,
    make_settings,
    running_dispatcher,
    wait_for_delivery,
)
from tests.service.notifier.mail_server import MailServer

PATIENCE = 90.0
LATE_GREETING = 11
NO_EXCEPTIONS = {"smtpd_client_event_limit_exceptions": ""}


async def _send(
    sessions: Sessions,
    database: str,
    mail_server: MailServer,
    count: int,
    settings: dict[str, object],
    **limits: str,
) -> None:
    citizens = [Citizen() for _ in range(count)]
    routes = {"kansalainen.example": f"smtp:[127.0.0.1]:{mail_server.port}"}
    async with (
        postfix(routes, **limits) as relay,
        running_dispatcher(make_settings(database, relay, **settings), sessions) as dispatcher,
    ):
        await handle_batch(sessions, [citizen.registered() for citizen in citizens])
        dispatcher.wake()
        await asyncio.gather(*(wait_for_delivery(sessions, citizen, within=PATIENCE) for citizen in citizens))


async def test_a_relay_that_wants_a_full_name_takes_the_one_that_we_give_without_a_setting(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    names = {
        "smtpd_helo_required": "yes",
        "smtpd_helo_restrictions": "reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname",
    }
    await _send(sessions, notifier_database, mail_server, 3, {}, **names)
    assert [row.attempts for row in await fetch_rows(sessions, "select attempts from deliveries")] == [
        1,
        1,
        1,
    ]


async def test_a_relay_that_takes_two_connections_of_eight_gets_all_mails_over_two(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    limit = {"smtpd_client_connection_count_limit": "2", **NO_EXCEPTIONS}
    await _send(
        sessions, notifier_database, mail_server, 60, {"smtp_connections": 8, "smtp_timeout": 20.0}, **limit
    )
    assert {row.attempts for row in await fetch_rows(sessions, "select attempts from deliveries")} == {1}


async def test_a_relay_that_limits_the_rate_of_mails_gets_all_of_them_in_its_time(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    limit = {"smtpd_client_message_rate_limit": "10", "anvil_rate_time_unit": "2s", **NO_EXCEPTIONS}
    await _send(sessions, notifier_database, mail_server, 30, {"smtp_timeout": 20.0}, **limit)


async def test_a_relay_that_greets_late_is_waited_for(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    late, began = (
        {"smtpd_delay_reject": "no", "smtpd_client_restrictions": f"sleep {LATE_GREETING}"},
        time.monotonic(),
    )
    await _send(sessions, notifier_database, mail_server, 2, {"smtp_timeout": None}, **late)
    assert time.monotonic() - began > LATE_GREETING
    assert {row.attempts for row in await fetch_rows(sessions, "select attempts from deliveries")} == {1}
