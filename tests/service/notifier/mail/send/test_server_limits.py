"""What the mail server refuses for its own reasons.

Limits of connections and rate, slow steps, names it does not like.
"""

import asyncio
import time

import pytest

from services.notifier.settings import Settings
from shared.database.engine import Sessions
from tests.eventually import eventually
from tests.service.notifier.builders import (
    Citizen,
    fetch_rows,
    handle_batch,
    make_settings,
    running_dispatcher,
    wait_for_delivery,
)
from tests.service.notifier.mail_server import MailServer
from tests.service.notifier.scripted_server import NO_PIPELINING, Odd, ScriptedServer, reply

LATER = 30.0


async def test_all_mails_go_over_the_two_connections_that_a_server_takes_and_none_fails(
    sessions: Sessions, notifier_database: str
) -> None:
    server = ScriptedServer()
    server.odd = lambda step, _: (
        reply(b"421 4.7.0 Error: too many connections\r\n", doubtful=True)
        if step == "greeting" and server.open_now > 2
        else None
    )
    citizens = [Citizen() for _ in range(100)]
    async with (
        server,
        running_dispatcher(make_settings(notifier_database, server.port, smtp_connections=8), sessions),
    ):
        await handle_batch(sessions, [citizen.registered() for citizen in citizens])
        for citizen in citizens:
            assert (await wait_for_delivery(sessions, citizen, within=LATER)).attempts == 1
    assert sum(server.taken.values()) == len(citizens)
    assert server.connections < 8 * 3
    assert not server.faults


async def test_a_limit_of_rate_fails_no_mail_whatever_its_code(
    sessions: Sessions, notifier_database: str
) -> None:
    begun: list[float] = []

    def too_many(step: str, _: int) -> Odd | None:
        if step != "rcpt":
            return None
        now = time.monotonic()
        if sum(now - each < 1.0 for each in begun) >= 10:
            return reply(b"550 too many emails per second\r\n")
        begun.append(now)
        return None

    citizens = [Citizen() for _ in range(40)]
    server = ScriptedServer(too_many)
    async with server, running_dispatcher(make_settings(notifier_database, server.port), sessions):
        await handle_batch(sessions, [citizen.registered() for citizen in citizens])
        for citizen in citizens:
            await wait_for_delivery(sessions, citizen, within=LATER)
    refused = len([command for command in server.commands if command.startswith(b"RCPT")]) - len(citizens)
    assert 0 < refused < 2 * len(citizens)
    assert set(server.taken.values()) == {1}


async def test_the_answer_after_the_dot_is_waited_for_longer_than_for_any_other(
    sessions: Sessions, notifier_database: str
) -> None:
    async def slowly(writer: asyncio.StreamWriter, usual: bytes) -> None:
        await asyncio.sleep(1.5)
        writer.write(usual)

    server = ScriptedServer(lambda step, _: Odd(slowly) if step in {"greeting", "end"} else None)
    settings = make_settings(
        notifier_database,
        server.port,
        smtp_timeout=None,
        smtp_limits={"connect": 0.5, "mail": 0.5, "rcpt": 0.5, "data": 0.5},
    )
    citizen = Citizen()
    async with server, running_dispatcher(settings.model_copy(update={"smtp_port": server.port}), sessions):
        await handle_batch(sessions, [citizen.registered()])
        assert (await wait_for_delivery(sessions, citizen)).attempts == 1
    assert server.taken[citizen.email.encode()] == 1


async def test_mails_that_the_server_keeps_waiting_do_not_keep_the_places_of_others(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    slow, others = [Citizen() for _ in range(4)], [Citizen() for _ in range(20)]
    for citizen in slow:
        mail_server.data[citizen.email].append("hang")
    async with running_dispatcher(
        make_settings(notifier_database, mail_server.port, smtp_connections=4, smtp_timeout=None), sessions
    ) as dispatcher:
        await handle_batch(sessions, [citizen.registered() for citizen in slow])
        dispatcher.wake()

        async def all_hang() -> bool:
            return len(mail_server.got) == len(slow)

        await eventually(all_hang)
        await handle_batch(sessions, [citizen.registered() for citizen in others])
        for citizen in others:
            await wait_for_delivery(sessions, citizen, within=LATER)
        began = time.monotonic()
    assert time.monotonic() - began < 20, "the four that hang have ten minutes"
    states = await fetch_rows(
        sessions, "select state, last_reply, attempts, count(*) from deliveries group by 1, 2, 3 order by 1"
    )
    assert [tuple(row) for row in states] == [("deferred", "stopped", 1, 4), ("sent", "250 2.0.0", 1, 20)]


@pytest.mark.parametrize("refusal", [b"500 5.5.2 what?\r\n", b"502 5.5.1 no\r\n", b"504 5.5.4 no\r\n"])
async def test_a_server_that_knows_no_ehlo_is_greeted_by_helo(
    sessions: Sessions, notifier_database: str, refusal: bytes
) -> None:
    server, citizen = ScriptedServer(), Citizen()
    server.usual["ehlo"] = refusal
    async with server, running_dispatcher(make_settings(notifier_database, server.port), sessions):
        await handle_batch(sessions, [citizen.registered()])
        await wait_for_delivery(sessions, citizen)
    assert b"HELO [127.0.0.1]\r\n" in server.commands or any(
        command.startswith(b"HELO ") and b"." in command for command in server.commands
    )
    assert b"DATA\r\n" in server.commands


async def test_the_name_in_ehlo_is_the_one_of_the_settings(
    sessions: Sessions, notifier_database: str
) -> None:
    server, citizen = ScriptedServer(), Citizen()
    server.usual["ehlo"] = NO_PIPELINING
    async with (
        server,
        running_dispatcher(
            make_settings(notifier_database, server.port, smtp_ehlo_name="mail.kunta.example"), sessions
        ),
    ):
        await handle_batch(sessions, [citizen.registered()])
        await wait_for_delivery(sessions, citizen)
    assert server.commands[0] == b"EHLO mail.kunta.example\r\n"


async def test_a_server_that_refuses_every_login_fails_nothing_and_its_code_stands_at_the_mails(
    settings: Settings, sessions: Sessions
) -> None:
    server, citizen = ScriptedServer(), Citizen()
    server.usual["greeting"] = b"554 5.7.1 no service for you\r\n"
    async with server, running_dispatcher(settings.model_copy(update={"smtp_port": server.port}), sessions):
        await handle_batch(sessions, [citizen.registered()])
        row = await wait_for_delivery(sessions, citizen, "deferred")
        assert (row.attempts, row.last_reply) == (0, "554 5.7.1")
        server.usual["greeting"] = b"220 now\r\n"
        await wait_for_delivery(sessions, citizen, within=LATER)
