"""What becomes of mails that the mail server takes, refuses, defers or leaves hanging."""

from datetime import timedelta

import pytest

from services.notifier.settings import Settings
from shared.database.engine import Sessions
from shared.events.envelope import Envelope
from shared.events.rejected import Rejected
from tests.eventually import eventually
from tests.service.notifier.mail_server import MailServer
from tests.service.notifier.office import (
    SENDER,
    Citizen,
    delivered,
    dispatching,
    hand_over,
    make_settings,
    rows,
)

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
    async with dispatching(settings, sessions):
        await hand_over(sessions, events)
        await delivered(sessions, citizen)
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
    async with dispatching(settings, sessions) as dispatcher:
        await hand_over(sessions, events)
        dispatcher.wake()
        await delivered(sessions, citizen)
        await hand_over(sessions, [*events, *events])
        other = Citizen()
        await hand_over(sessions, [other.registered()])
        dispatcher.wake()
        await delivered(sessions, other)
    assert len(mail_server.addressed(citizen.email)) == 2


async def test_sealed_parts_that_cannot_be_opened_are_rejected(sessions: Sessions) -> None:
    citizen, other = Citizen(), Citizen()
    stolen = citizen.registered().event.model_copy(update={"request_id": other.request_id})
    with pytest.raises(Rejected, match="cannot-open"):
        await hand_over(sessions, [Envelope(stolen, "test")])
    assert await rows(sessions) == []


async def test_no_address_is_kept_in_clear_and_nothing_of_a_sent_mail(
    settings: Settings, sessions: Sessions
) -> None:
    citizen = Citizen()
    await hand_over(sessions, [citizen.registered()])
    (row,) = await rows(sessions)
    assert citizen.email not in str(row)
    assert citizen.email.encode() not in row.contents
    async with dispatching(settings, sessions):
        assert (await delivered(sessions, citizen)).contents is None


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_refused_recipient_fails_at_once_and_its_connection_goes_on(
    sessions: Sessions, mail_server: MailServer, notifier_database: str, *, pipelining: bool
) -> None:
    mail_server.pipelining = pipelining
    refused, other = Citizen(), Citizen()
    mail_server.rcpt[refused.email].append(f"550 5.1.1 <{refused.email}> unknown")
    async with dispatching(make_settings(notifier_database, mail_server.port, smtp_connections=1), sessions):
        await hand_over(sessions, [refused.registered(), other.registered()])
        row = await delivered(sessions, refused, "failed")
        await delivered(sessions, other)
    assert row.last_reply == "550 5.1.1"
    assert mail_server.connections == 1


async def test_a_deferred_mail_is_sent_later_as_the_same_mail(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizen = Citizen()
    mail_server.rcpt[citizen.email].append("450 4.2.0 greylisted")
    mail_server.data[citizen.email].append("451 4.3.0 disk full")
    async with dispatching(settings, sessions):
        await hand_over(sessions, [citizen.registered()])
        row = await delivered(sessions, citizen)
    assert row.attempts == 3
    outcomes = await rows(sessions, "select * from outcomes order by id")
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
    async with dispatching(
        make_settings(
            notifier_database, mail_server.port, retry_hours=timedelta(seconds=3) / timedelta(hours=1)
        ),
        sessions,
    ):
        await hand_over(sessions, [citizen.registered()])
        row = await delivered(sessions, citizen, "failed")
    assert row.attempts > 1
    assert (await rows(sessions, "select * from outcomes order by id desc limit 1"))[0].state == "failed"


async def test_a_server_that_hangs_up_before_its_250_gets_the_same_mail_again(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    after, amid = Citizen(), Citizen("hang-up-in-data@kansalainen.example")
    mail_server.data[after.email].append("hang up")
    mail_server.rcpt["in-data"].append("hang up")
    async with dispatching(settings, sessions):
        await hand_over(sessions, [after.registered(), amid.registered()])
        await delivered(sessions, after)
        await delivered(sessions, amid)
    first, second = mail_server.addressed(after.email)
    assert first.mail["Message-ID"] == second.mail["Message-ID"]
    assert len(mail_server.addressed(amid.email)) == 1


async def test_a_connection_lost_while_idle_costs_no_try(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    first, second = Citizen(), Citizen()
    async with dispatching(settings, sessions) as dispatcher:
        await hand_over(sessions, [first.registered()])
        dispatcher.wake()
        await delivered(sessions, first)
        mail_server.hang_up()
        mail_server.sender_replies.append("421 4.3.2 closing")
        await hand_over(sessions, [second.registered()])
        dispatcher.wake()
        assert (await delivered(sessions, second)).attempts == 1
    assert [row.state for row in await rows(sessions, "select state from outcomes")] == ["sent", "sent"]


async def test_the_pool_goes_on_beside_a_mailbox_that_hangs(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    hanging = [Citizen("hanging@kansalainen.example") for _ in range(20)]
    mail_server.rcpt["hanging@kansalainen.example"].extend(["hang"] * 100)
    others = [Citizen() for _ in range(40)]
    async with dispatching(
        make_settings(notifier_database, mail_server.port, smtp_timeout=30), sessions
    ) as dispatcher:
        await hand_over(sessions, [citizen.registered() for citizen in (*hanging, *others)])
        dispatcher.wake()

        async def others_have_theirs() -> bool:
            return len(mail_server.got) == len(others)

        await eventually(others_have_theirs, 3.0)

        async def the_rest_stood_back() -> bool:
            waiting = "select count(*) from deliveries where state = 'pending'"
            return bool((await rows(sessions, waiting))[0][0] == len(hanging) - 3)

        await eventually(the_rest_stood_back, LATER)
        await mail_server.close()


async def test_a_hanging_server_is_left_after_the_timeout(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizen = Citizen()
    mail_server.data[citizen.email].append("hang")
    async with dispatching(settings, sessions):
        await hand_over(sessions, [citizen.registered()])
        row = await delivered(sessions, citizen)
    assert row.attempts == 2


async def test_an_absent_server_uses_up_no_tries_and_is_told_of_once(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    await mail_server.close()
    citizens = [Citizen() for _ in range(30)]
    async with dispatching(settings, sessions) as dispatcher:
        await hand_over(sessions, [citizen.registered() for citizen in citizens])
        dispatcher.wake()

        async def all_told() -> bool:
            return bool(
                (await rows(sessions, "select count(*) from outcomes where state = 'deferred'"))[0][0]
                == len(citizens)
            )

        await eventually(all_told)
        await mail_server.open()
        for citizen in citizens:
            assert (await delivered(sessions, citizen)).attempts == 1
    told = await rows(sessions, "select state, count(*) from outcomes group by state order by state")
    assert [tuple(row) for row in told] == [("deferred", 30), ("sent", 30)]
    assert len(mail_server.got) == 30


async def test_a_mail_nobody_could_send_for_too_long_has_failed(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    await mail_server.close()
    citizen = Citizen()
    async with dispatching(make_settings(notifier_database, mail_server.port, retry_hours=0.0001), sessions):
        await hand_over(sessions, [citizen.registered(), citizen.resolved()])
        assert (await delivered(sessions, citizen, "failed")).last_reply == "ConnectionRefusedError"


async def test_addresses_that_no_server_takes_fail_and_the_others_of_the_world_are_sent(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    bad = [Citizen("anna"), Citizen("anna@@kunta..fi"), Citizen("anna@kunta.fi\r\nRCPT TO:<x@y.fi>")]
    abroad, umlaut = Citizen("anna@sähkö.example"), Citizen("äiti@kansalainen.example")
    async with dispatching(settings, sessions):
        await hand_over(sessions, [citizen.registered() for citizen in (*bad, abroad, umlaut)])
        for citizen in bad:
            await delivered(sessions, citizen, "failed")
        await delivered(sessions, abroad)
        await delivered(sessions, umlaut)
    assert {
        row.reply for row in await rows(sessions, "select reply from outcomes where state = 'failed'")
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
    async with dispatching(settings, sessions):
        await hand_over(sessions, [citizen.registered()])
        await delivered(sessions, citizen, "failed")


async def test_mails_of_a_request_keep_their_order_and_others_do_not_wait(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    slow, quick = Citizen(), Citizen()
    mail_server.rcpt[slow.email].extend(["450 later"] * 2)
    async with dispatching(settings, sessions) as dispatcher:
        await hand_over(sessions, [slow.registered()])
        dispatcher.wake()
        await delivered(sessions, slow, "deferred")
        await hand_over(
            sessions, [slow.state_changed("waiting_for_customer"), slow.resolved(), quick.registered()]
        )
        dispatcher.wake()
        await delivered(sessions, quick)
        await delivered(sessions, slow)
    assert [
        got.mail["Message-ID"].split(".")[1].split("@")[0] for got in mail_server.addressed(slow.email)
    ] == ["receipt", "question", "resolution"]


async def test_stopping_ends_what_is_under_way_and_gives_the_rest_back(
    sessions: Sessions, mail_server: MailServer, notifier_database: str
) -> None:
    citizens = [Citizen() for _ in range(200)]
    await hand_over(sessions, [citizen.registered() for citizen in citizens])
    async with dispatching(make_settings(notifier_database, mail_server.port), sessions):

        async def some_sent() -> bool:
            return len(mail_server.got) > 10

        await eventually(some_sent)
    states = dict(
        tuple(row) for row in await rows(sessions, "select state, count(*) from deliveries group by state")
    )
    assert states.get("sent") == len(mail_server.got)
    assert set(states) <= {"sent", "pending"}
    assert len({got.recipient for got in mail_server.got}) == len(mail_server.got)


async def test_mails_wait_while_the_server_refuses_our_sender_and_go_when_it_takes_it(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    mail_server.sender_replies.extend(["530 5.7.0 Must issue a STARTTLS command first"] * 12)
    citizens = [Citizen() for _ in range(5)]
    async with dispatching(settings, sessions):
        await hand_over(sessions, [citizen.registered() for citizen in citizens])
        for citizen in citizens:
            await delivered(sessions, citizen, within=LATER)
    assert not mail_server.sender_replies
    assert len(mail_server.got) == len(citizens)
