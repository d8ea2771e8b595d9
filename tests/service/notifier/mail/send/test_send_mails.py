"""What becomes of mails that the mail server takes, refuses, defers or leaves hanging."""

from datetime import timedelta

import pytest

from services.notifier.settings import Settings
from shared.database.engine import Sessions
from shared.events.envelope import Envelope
from shared.events.rejected import Rejected
from tests.eventually import eventually
from tests.service.notifier.builders import (
    SENDER,
    Citizen,
    fetch_rows,
    handle_batch,
    make_settings,
    running_dispatcher,
    wait_for_delivery,
)
from tests.service.notifier.mail_server import MailServer

LATER = 20.0


@pytest.mark.parametrize("pipelining", [True, False])
async def test_each_kind_of_event_makes_its_mail(
    settings: Settings, sessions: Sessions, mail_server: MailServer, *, pipelining: bool
) -> None:
    mail_server.pipelining = pipelining
    citizen = Citizen()
    events = [
        citizen.registered(),
        citizen.state_changed("in_progress"),
        citizen.state_changed("waiting_for_customer"),
        citizen.resolved(),
        citizen.state_changed("rejected"),
    ]
    async with running_dispatcher(settings, sessions):
        await handle_batch(sessions, events)
        await wait_for_delivery(sessions, citizen)
    templates = [got.mail["Message-ID"].split(".")[1].split("@")[0] for got in mail_server.got]
    assert templates == ["receipt", "question", "resolution", "rejection"]
    receipt, *others = (got.mail for got in mail_server.got)
    assert receipt["In-Reply-To"] is None
    assert {mail["References"] for mail in others} == {receipt["Message-ID"]}
    assert "482 913 057" in receipt["Subject"]
    assert receipt["From"].addresses[0].addr_spec == SENDER


async def test_a_repeated_event_makes_no_second_mail(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizen = Citizen()
    events = [citizen.registered(), citizen.resolved()]
    async with running_dispatcher(settings, sessions) as dispatcher:
        await handle_batch(sessions, events)
        dispatcher.wake()
        await wait_for_delivery(sessions, citizen)
        await handle_batch(sessions, [*events, *events])
        other = Citizen()
        await handle_batch(sessions, [other.registered()])
        dispatcher.wake()
        await wait_for_delivery(sessions, other)
    assert len(mail_server.addressed(citizen.email)) == 2


async def test_sealed_parts_that_cannot_be_opened_are_rejected(sessions: Sessions) -> None:
    citizen, other = Citizen(), Citizen()
    stolen = citizen.registered().event.model_copy(update={"request_id": other.request_id})
    with pytest.raises(Rejected, match="cannot-open"):
        await handle_batch(sessions, [Envelope(stolen, "test")])
    assert await fetch_rows(sessions) == []


async def test_no_address_is_kept_in_clear_and_nothing_of_a_sent_mail(
    settings: Settings, sessions: Sessions
) -> None:
    citizen = Citizen()
    await handle_batch(sessions, [citizen.registered()])
    (row,) = await fetch_rows(sessions)
    assert citizen.email not in str(row)
    assert citizen.email.encode() not in row.contents
    async with running_dispatcher(settings, sessions):
        assert (await wait_for_delivery(sessions, citizen)).contents is None


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_refused_recipient_fails_at_once_and_its_connection_goes_on(
    sessions: Sessions, mail_server: MailServer, notifier_database: str, *, pipelining: bool
) -> None:
    mail_server.pipelining = pipelining
    refused, other = Citizen(), Citizen()
    mail_server.rcpt[refused.email].append(f"550 5.1.1 <{refused.email}> unknown")
    async with running_dispatcher(
        make_settings(notifier_database, mail_server.port, smtp_connections=1), sessions
    ):
        await handle_batch(sessions, [refused.registered(), other.registered()])
        row = await wait_for_delivery(sessions, refused, "failed")
        await wait_for_delivery(sessions, other)
    assert row.last_reply == "550 5.1.1"
    assert mail_server.connections == 1


async def test_a_deferred_mail_is_sent_later_as_the_same_mail(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizen = Citizen()
    mail_server.rcpt[citizen.email].append("450 4.2.0 greylisted")
    mail_server.data[citizen.email].append("451 4.3.0 disk full")
    async with running_dispatcher(settings, sessions):
        await handle_batch(sessions, [citizen.registered()])
        row = await wait_for_delivery(sessions, citizen)
    assert row.attempts == 3
    outcomes = await fetch_rows(sessions, "select * from outcomes order by id")
    told = [(outcome.state, outcome.reply, outcome.attempt) for outcome in outcomes]
    assert told == [
        ("deferred", "4xx", 1),
        ("deferred", "4xx", 2),
        ("sent", "2xx", 3),
    ]
    assert outcomes[0].retry_at > outcomes[0].occurred_at
    refused, taken = mail_server.addressed(citizen.email)
    assert refused.raw == taken.raw


async def test_a_deferred_mail_is_given_up_after_its_time(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    citizen = Citizen()
    mail_server.rcpt[citizen.email].extend(["450 later"] * 20)
    async with running_dispatcher(
        make_settings(
            notifier_database, mail_server.port, retry_hours=timedelta(seconds=3) / timedelta(hours=1)
        ),
        sessions,
    ):
        await handle_batch(sessions, [citizen.registered()])
        row = await wait_for_delivery(sessions, citizen, "failed")
    assert row.attempts > 1
    assert (await fetch_rows(sessions, "select * from outcomes order by id desc limit 1"))[
        0
    ].state == "failed"


async def test_a_server_that_hangs_up_before_its_250_gets_the_same_mail_again(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    after, amid = Citizen(), Citizen("hang-up-in-data@kansalainen.example")
    mail_server.data[after.email].append("hang up")
    mail_server.rcpt["in-data"].append("hang up")
    async with running_dispatcher(settings, sessions):
        await handle_batch(sessions, [after.registered(), amid.registered()])
        await wait_for_delivery(sessions, after)
        await wait_for_delivery(sessions, amid)
    first, second = mail_server.addressed(after.email)
    assert first.mail["Message-ID"] == second.mail["Message-ID"]
    assert len(mail_server.addressed(amid.email)) == 1


async def test_a_connection_lost_while_idle_costs_no_try(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    first, second = Citizen(), Citizen()
    async with running_dispatcher(settings, sessions) as dispatcher:
        await handle_batch(sessions, [first.registered()])
        dispatcher.wake()
        await wait_for_delivery(sessions, first)
        mail_server.hang_up()
        mail_server.sender_replies.append("421 4.3.2 closing")
        await handle_batch(sessions, [second.registered()])
        dispatcher.wake()
        assert (await wait_for_delivery(sessions, second)).attempts == 1
    assert [row.state for row in await fetch_rows(sessions, "select state from outcomes")] == ["sent", "sent"]


async def test_the_pool_goes_on_beside_a_mailbox_that_hangs(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    hanging = [Citizen("hanging@kansalainen.example") for _ in range(20)]
    mail_server.rcpt["hanging@kansalainen.example"].extend(["hang"] * 100)
    others = [Citizen() for _ in range(40)]
    async with running_dispatcher(
        make_settings(notifier_database, mail_server.port, smtp_timeout=30), sessions
    ) as dispatcher:
        await handle_batch(sessions, [citizen.registered() for citizen in (*hanging, *others)])
        dispatcher.wake()

        async def others_have_theirs() -> bool:
            return len(mail_server.got) == len(others)

        await eventually(others_have_theirs, 3.0)

        async def the_rest_stood_back() -> bool:
            waiting = "select count(*) from deliveries where state = 'pending'"
            return bool((await fetch_rows(sessions, waiting))[0][0] == len(hanging) - 3)

        await eventually(the_rest_stood_back, LATER)
        await mail_server.close()


async def test_a_hanging_server_is_left_after_the_timeout(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizen = Citizen()
    mail_server.data[citizen.email].append("hang")
    async with running_dispatcher(settings, sessions):
        await handle_batch(sessions, [citizen.registered()])
        row = await wait_for_delivery(sessions, citizen)
    assert row.attempts == 2


async def test_an_absent_server_uses_up_no_tries_and_is_told_of_once(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    await mail_server.close()
    citizens = [Citizen() for _ in range(30)]
    async with running_dispatcher(settings, sessions) as dispatcher:
        await handle_batch(sessions, [citizen.registered() for citizen in citizens])
        dispatcher.wake()

        async def all_told() -> bool:
            return bool(
                (await fetch_rows(sessions, "select count(*) from outcomes where state = 'deferred'"))[0][0]
                == len(citizens)
            )

        await eventually(all_told)
        await mail_server.open()
        for citizen in citizens:
            assert (await wait_for_delivery(sessions, citizen)).attempts == 1
    told = await fetch_rows(sessions, "select state, count(*) from outcomes group by state order by state")
    assert [tuple(row) for row in told] == [("deferred", 30), ("sent", 30)]
    assert len(mail_server.got) == 30


async def test_a_mail_nobody_could_send_for_too_long_has_failed(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    await mail_server.close()
    citizen = Citizen()
    async with running_dispatcher(
        make_settings(notifier_database, mail_server.port, retry_hours=0.0001), sessions
    ):
        await handle_batch(sessions, [citizen.registered(), citizen.resolved()])
        assert (await wait_for_delivery(sessions, citizen, "failed")).last_reply == "ConnectionRefusedError"


async def test_addresses_that_no_server_takes_fail_and_the_others_of_the_world_are_sent(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    bad = [Citizen("anna"), Citizen("anna@@kunta..fi"), Citizen("anna@kunta.fi\r\nRCPT TO:<x@y.fi>")]
    abroad, umlaut = Citizen("anna@sähkö.example"), Citizen("äiti@kansalainen.example")
    async with running_dispatcher(settings, sessions):
        await handle_batch(sessions, [citizen.registered() for citizen in (*bad, abroad, umlaut)])
        for citizen in bad:
            await wait_for_delivery(sessions, citizen, "failed")
        await wait_for_delivery(sessions, abroad)
        await wait_for_delivery(sessions, umlaut)
    assert {
        row.reply for row in await fetch_rows(sessions, "select reply from outcomes where state = 'failed'")
    } == {"bad-address"}
    assert {got.recipient for got in mail_server.got} == {
        "anna@xn--shk-qla6g.example",
        "äiti@kansalainen.example",
    }


async def test_an_address_beyond_ascii_fails_where_the_server_knows_none(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    mail_server.utf8 = False
    citizen = Citizen("äiti@kansalainen.example")
    async with running_dispatcher(settings, sessions):
        await handle_batch(sessions, [citizen.registered()])
        await wait_for_delivery(sessions, citizen, "failed")


async def test_mails_of_a_request_keep_their_order_and_others_do_not_wait(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    slow, quick = Citizen(), Citizen()
    mail_server.rcpt[slow.email].extend(["450 later"] * 2)
    async with running_dispatcher(settings, sessions) as dispatcher:
        await handle_batch(sessions, [slow.registered()])
        dispatcher.wake()
        await wait_for_delivery(sessions, slow, "deferred")
        await handle_batch(
            sessions, [slow.state_changed("waiting_for_customer"), slow.resolved(), quick.registered()]
        )
        dispatcher.wake()
        await wait_for_delivery(sessions, quick)
        await wait_for_delivery(sessions, slow)
    assert [
        got.mail["Message-ID"].split(".")[1].split("@")[0] for got in mail_server.addressed(slow.email)
    ] == ["receipt", "question", "resolution"]


async def test_stopping_ends_what_is_under_way_and_gives_the_rest_back(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    citizens = [Citizen() for _ in range(200)]
    await handle_batch(sessions, [citizen.registered() for citizen in citizens])
    async with running_dispatcher(make_settings(notifier_database, mail_server.port), sessions):

        async def some_sent() -> bool:
            return len(mail_server.got) > 10

        await eventually(some_sent)
    states = dict(
        tuple(row)
        for row in await fetch_rows(sessions, "select state, count(*) from deliveries group by state")
    )
    assert states.get("sent") == len(mail_server.got)
    assert set(states) <= {"sent", "pending"}
    assert len({got.recipient for got in mail_server.got}) == len(mail_server.got)


async def test_mails_wait_while_the_server_refuses_our_sender_and_go_when_it_takes_it(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    mail_server.sender_replies.extend(["530 5.7.0 Must issue a STARTTLS command first"] * 12)
    citizens = [Citizen() for _ in range(5)]
    async with running_dispatcher(settings, sessions):
        await handle_batch(sessions, [citizen.registered() for citizen in citizens])
        for citizen in citizens:
            await wait_for_delivery(sessions, citizen, within=LATER)
    assert not mail_server.sender_replies
    assert len(mail_server.got) == len(citizens)
