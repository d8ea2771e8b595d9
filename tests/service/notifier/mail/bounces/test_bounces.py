"""A mail that bounces after the server's 250 becomes one outcome, however and by whomever it is reported."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from services.notifier.mail.bounces import take_in
from services.notifier.mail.bounces.list_reports import list_reports
from services.notifier.mail.bounces.return_path import Sending, return_paths
from services.notifier.mail.bounces.show_report import ReportText, show_report
from services.notifier.mail.send_again import ContentsGone, NotSendable, SendAgain, send_again
from services.notifier.retention import forget
from services.notifier.settings import Settings
from services.notifier.write.contents import ContentsBox
from shared.auth.authorize import Caller
from shared.database.engine import Sessions
from shared.web.problems import InvalidFields
from tests.pure.notifier.mail.bounces.report_samples import HEAD, UNKNOWN_USER, group, standard
from tests.service.notifier.bounce_reports import (
    RETURN_PATH,
    bounced_outcomes,
    build_report,
    inbox_of,
    report_listener,
    send_report,
)
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

LATE = group("delayed", "4.4.1")
BOX = ContentsBox(PRIVATE_KEY)


@pytest.fixture
def settings(notifier_database: str, mail_server: MailServer) -> Settings:
    """Return settings with a return path."""
    return make_settings(notifier_database, mail_server.port, return_path=RETURN_PATH)


async def sent_mail(settings: Settings, sessions: Sessions, citizen: Citizen | None = None) -> Any:  # noqa: ANN401  a row
    """Have a receipt sent; return its delivery."""
    citizen = citizen or Citizen()
    async with running_dispatcher(settings, sessions) as dispatcher:
        await handle_batch(sessions, [citizen.registered()], dispatcher)
        return await wait_for_delivery(sessions, citizen)


async def again(sessions: Sessions, delivery: int, **order: Any) -> Any:  # noqa: ANN401  a view
    async with sessions.begin() as session:
        return await send_again(session, BOX, delivery, SendAgain(**order))


async def read_all(sessions: Sessions) -> list[ReportText]:
    """Read what is listed."""
    async with sessions.begin() as session:
        listed = await list_reports(session, 10)
        return [
            await show_report(session, BOX, Caller("maija", "console", frozenset()), each.id)
            for each in listed
        ]


async def test_each_mail_goes_out_under_a_return_path_of_its_own(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    first, second = await sent_mail(settings, sessions), await sent_mail(settings, sessions)
    paths = return_paths(settings)
    assert [paths.read(got.sender) for got in mail_server.got] == [
        Sending(first.id, 1),
        Sending(second.id, 1),
    ]
    assert {str(got.mail["From"]).rpartition("<")[2].strip(">") for got in mail_server.got} == {
        settings.sender
    }


async def test_without_a_return_path_mails_go_out_under_the_sender(
    notifier_database: str, sessions: Sessions, mail_server: MailServer
) -> None:
    settings = make_settings(notifier_database, mail_server.port)
    await sent_mail(settings, sessions)
    assert mail_server.got[0].sender == settings.sender


async def test_a_report_becomes_an_outcome_however_often_it_comes(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    delivery = await sent_mail(settings, sessions)
    async with report_listener(settings, sessions) as port:
        for note in ("first", "first", "second", "first"):
            code, _ = await send_report(port, mail_server.got[0].sender.upper(), build_report(note=note))
            assert code == 250
    (bounce,) = await bounced_outcomes(sessions)
    assert (bounce.bounce, bounce.status, bounce.diagnostic, bounce.sending) == ("hard", "5.1.1", "5xx", 1)
    assert (bounce.request_id, bounce.event_id, bounce.message_id) == (
        delivery.request_id,
        delivery.event_id,
        delivery.message_id,
    )
    (row,) = await fetch_rows(sessions)
    assert (row.state, row.return_status) == ("sent", "5.1.1")
    assert row.returned_at is not None


async def test_many_reports_at_once_are_one_outcome_each(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    for _ in range(5):
        await sent_mail(settings, sessions)
    async with report_listener(settings, sessions) as port:
        brought = [
            send_report(port, got.sender, build_report(note=f"{number}"))
            for got in mail_server.got
            for number in range(3)
        ]
        assert {code for code, _ in await asyncio.gather(*brought)} == {250}
    assert (
        len({row.request_id for row in await bounced_outcomes(sessions)})
        == len(await bounced_outcomes(sessions))
        == 5
    )


async def test_a_late_mail_is_a_note_and_the_end_of_it_an_outcome(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    await sent_mail(settings, sessions)
    inbox, path = inbox_of(settings, sessions), mail_server.got[0].sender
    assert [await inbox.take_in(build_report(LATE, note), path) for note in ("4 h", "8 h")] == [
        "entered",
        "noted",
    ]
    assert (await fetch_rows(sessions))[0].returned_at is None
    assert await inbox.take_in(build_report(), path) == "entered"
    assert await inbox.take_in(build_report(LATE, "too late"), path) == "noted"
    assert [row.bounce for row in await bounced_outcomes(sessions)] == ["soft", "hard"]


@pytest.mark.parametrize(
    ("raw", "bounce"),
    [
        (b"From: a@b.example\nSubject: Automaattinen vastaus\n\nLomalla.\n", None),
        (standard(HEAD + group("delivered", "2.0.0")), None),
        (b"From: x@y.example\nSubject: ?\n\n???\n", "unclear"),
    ],
    ids=["automatic", "delivered", "unclear"],
)
async def test_only_what_needs_somebody_is_an_outcome(
    settings: Settings, sessions: Sessions, mail_server: MailServer, raw: bytes, bounce: str | None
) -> None:
    await sent_mail(settings, sessions)
    await inbox_of(settings, sessions).take_in(raw, mail_server.got[0].sender)
    assert [row.bounce for row in await bounced_outcomes(sessions)] == ([bounce] if bounce else [])
    (kept,) = await fetch_rows(sessions, "select * from reports")
    assert (kept.mail is not None) == (bounce == "unclear")
    assert kept.mail is None or b"???" not in kept.mail
    assert [shown.mail.partition("\n\n")[2] for shown in await read_all(sessions)] == (
        ["???\n"] if bounce == "unclear" else []
    )


async def test_a_forged_report_changes_nothing(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    delivery = await sent_mail(settings, sessions)
    path = mail_server.got[0].sender
    forged = path.replace(path[10], "a" if path[10] != "a" else "b")
    async with report_listener(settings, sessions) as port:
        for address in (
            forged,
            "bounces+aaaaaaaaaaaaaaaaaaaaaaaaaa@kunta.example",
            "root@kunta.example",
            f"{path}.evil.example",
        ):
            assert (await send_report(port, address, build_report()))[0] == 550
        # The addresses without a token take reports that name one of our mails.
        assert (await send_report(port, RETURN_PATH, build_report()))[0] == 250
        assert await bounced_outcomes(sessions) == []
        named = standard(
            HEAD + UNKNOWN_USER,
            returned=f"Message-ID: {delivery.message_id.replace('.receipt', '.question')}\n",
        )
        assert (await send_report(port, RETURN_PATH, named))[0] == 250
        assert await bounced_outcomes(sessions) == []
        named = standard(HEAD + UNKNOWN_USER, returned=f"Message-ID: {delivery.message_id}\n")
        assert (await send_report(port, settings.sender, named))[0] == 250
    assert [row.bounce for row in await bounced_outcomes(sessions)] == ["hard"]


async def test_what_names_no_mail_of_ours_is_kept_for_people_as_far_as_there_is_room(
    settings: Settings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_in, "MAX_UNMATCHED", 2)
    async with report_listener(settings, sessions) as port:
        with capture_logs() as logs:
            for note in ("one", "two", "three"):
                assert (await send_report(port, RETURN_PATH, build_report(note=note)))[0] == 250
    assert [each["event"] for each in logs if each["log_level"] == "warning"] == ["report_not_kept"]
    shown = await read_all(sessions)
    assert [(each.verdict, each.delivery_id, "550 5.1.1" in each.mail) for each in shown] == [
        ("hard", None, True)
    ] * 2


async def test_a_person_who_quotes_our_mail_reports_nothing(settings: Settings, sessions: Sessions) -> None:
    delivery = await sent_mail(settings, sessions)
    head = f"From: aino@posti.example\nSubject: Vs: Kiitos\nIn-Reply-To: {delivery.message_id}\n\n"
    answer = f"{head}550 5.1.1 kysyn vain\n".encode()
    assert await inbox_of(settings, sessions).take_in(answer, settings.sender) == "not ours"
    assert await bounced_outcomes(sessions) == []


async def test_a_report_that_comes_before_our_own_commit_is_kept(
    settings: Settings, sessions: Sessions
) -> None:
    await handle_batch(sessions, [Citizen().registered()])
    async with sessions.begin() as session:
        await session.execute(text("update deliveries set state = 'sending', owner = 7"))
    (waiting,) = await fetch_rows(sessions)
    path = return_paths(settings).path_of(Sending(waiting.id, 1))
    assert await inbox_of(settings, sessions).take_in(build_report(), path) == "entered"
    (row,) = await fetch_rows(sessions)
    assert row.returned_at is not None
    assert [bounce.bounce for bounce in await bounced_outcomes(sessions)] == ["hard"]


async def test_a_mail_is_sent_again_to_a_corrected_address_and_the_old_report_no_longer_concerns_it(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    citizen = Citizen()
    delivery = await sent_mail(settings, sessions, citizen)
    inbox, old_path = inbox_of(settings, sessions), mail_server.got[0].sender
    await inbox.take_in(build_report(), old_path)
    view = await again(sessions, delivery.id, email="oikea@posti.example", after=1)
    assert (view.state, view.sending, view.returned_at) == ("pending", 2, None)
    with pytest.raises(NotSendable):
        await again(sessions, delivery.id, after=1)
    async with running_dispatcher(settings, sessions):
        row = await wait_for_delivery(sessions, citizen)
    first, second = mail_server.got
    assert second.recipient == "oikea@posti.example"
    assert (
        second.mail["Message-ID"] == row.message_id == delivery.message_id.replace(".receipt@", ".receipt.2@")
    )
    assert first.mail["Message-ID"] == delivery.message_id
    assert return_paths(settings).read(second.sender) == Sending(delivery.id, 2)
    await inbox.take_in(build_report(note="late, of the first"), old_path)
    assert (await fetch_rows(sessions))[0].returned_at is None
    outcomes = await fetch_rows(sessions, "select state, sending from outcomes order by id")
    assert [tuple(each) for each in outcomes] == [("sent", 1), ("bounced", 1), ("sent", 2)]
    await inbox.take_in(build_report(note="of the second"), second.sender)
    assert [each.sending for each in await bounced_outcomes(sessions)] == [1, 2]


async def test_what_a_mail_said_is_kept_encrypted_until_its_time_is_over(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    delivery = await sent_mail(settings, sessions)
    (kept,) = await fetch_rows(sessions, "select * from sent_contents")
    assert kept.delivery_id == delivery.id
    assert b"kansalainen" not in kept.contents
    with pytest.raises(InvalidFields):
        await again(sessions, delivery.id, email="not an address")
    await inbox_of(settings, sessions).take_in(b"Subject: ?\n\n?", mail_server.got[0].sender)
    assert await forget(sessions, 30) is False
    assert len(await fetch_rows(sessions, "select * from sent_contents")) == 1
    await forget(sessions, 0)
    assert await fetch_rows(sessions, "select * from sent_contents") == []
    assert [row.mail for row in await fetch_rows(sessions, "select mail from reports")] == [None]
    with pytest.raises(ContentsGone):
        await again(sessions, delivery.id)


async def test_while_the_database_is_away_a_report_is_not_taken(
    settings: Settings, sessions: Sessions, mail_server: MailServer
) -> None:
    await sent_mail(settings, sessions)
    path = mail_server.got[0].sender
    async with report_listener(settings, sessions) as port:
        async with sessions.begin() as session:
            await session.execute(text("alter table reports rename to elsewhere"))
        assert (await send_report(port, path, build_report()))[0] == 451
        async with sessions.begin() as session:
            await session.execute(text("alter table elsewhere rename to reports"))
        assert (await send_report(port, path, build_report()))[0] == 250
    assert len(await bounced_outcomes(sessions)) == 1
