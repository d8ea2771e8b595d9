"""The ledger says what came, what became of it, and what is overdue.

Nothing is counted twice, whatever comes twice.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from sqlalchemy import text

from services.tracker.clients.intake import SpooledRequest, SpooledRequests
from services.tracker.domain import Action, By
from services.tracker.handle.handle_request import handle_request
from services.tracker.ledger.fold_counts import fold_counts
from services.tracker.ledger.overdue import Ledger
from services.tracker.models import DeadLetter, UnsignedBefore
from services.tracker.personal_data.keyring import Keyring
from services.tracker.register.on_request_submitted import on_request_submitted
from services.tracker.trouble.dead_letters import AlreadyRedriven, settle_dead_letter
from shared.database.engine import Sessions
from shared.events.mail_outcomes import MailDeferred, MailFailed, MailOutcome, MailSent
from shared.events.topics import SUBMITTED
from shared.kafka.lag import Lag, Unread
from shared.web.problems import NotFound
from tests.service.tracker.builders import NOW, signed, submission
from tests.service.tracker.console_builders import dead_letter
from tests.service.tracker.database import fetch_rows, register, register_one
from tests.service.tracker.ledger_builders import (
    KafkaDouble,
    SpoolDouble,
    event_id_of,
    handle_outcomes,
    mail_outcome_event,
    make_older,
    read_ledger,
)

MAIJA = By("staff", "maija")
KINDS: Sequence[type[MailOutcome]] = (MailSent, MailDeferred, MailFailed)


def reasons(ledger: Ledger) -> list[tuple[str, int]]:
    return [(each.reason, each.count) for each in ledger.overdue]


async def handle(
    sessions: Sessions, keyring: Keyring, request_id: UUID, action: Action, text: str | None = None
) -> None:
    async with sessions.begin() as session:
        await handle_request(session, request_id, action, MAIJA, text=text, keyring=keyring)


async def published(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await (await session.connection()).exec_driver_sql("update history set value = null")


async def test_every_request_is_counted_once_through_its_life(sessions: Sessions, keyring: Keyring) -> None:
    sent = submission()
    request_id = await register_one(sessions, keyring, sent)
    await register(sessions, keyring, sent, sent, submission())
    ledger = await read_ledger(sessions)
    assert (ledger.accepted, ledger.numbered, ledger.receipted, ledger.receipts_waiting, ledger.resolved) == (
        2,
        2,
        0,
        2,
        0,
    )
    receipt = mail_outcome_event(MailSent, request_id, await event_id_of(sessions, request_id))
    await handle_outcomes(sessions, receipt, receipt)
    await handle_outcomes(sessions, receipt)
    for said in ("Valmis.", "Valmis toisen kerran."):
        await handle(sessions, keyring, request_id, "resolve", said)
        await handle(sessions, keyring, request_id, "resolve", said)
        await handle(sessions, keyring, request_id, "reopen")
    ledger = await read_ledger(sessions)
    assert (ledger.numbered, ledger.receipted, ledger.receipts_waiting, ledger.resolved) == (2, 1, 1, 1)


async def test_folding_the_counts_changes_none(sessions: Sessions, keyring: Keyring) -> None:
    await register(sessions, keyring, submission(), submission())
    await register(sessions, keyring, submission())
    async with sessions.begin() as session:
        await fold_counts(session)
    assert [
        row.n for row in await fetch_rows(sessions, "select n from ledger_counts where name = 'numbered'")
    ] == [3]
    assert (await read_ledger(sessions)).numbered == 3


async def test_what_a_rolled_back_batch_counted_never_was(sessions: Sessions, keyring: Keyring) -> None:
    async with sessions() as session:
        await on_request_submitted(session, [submission()], keyring=keyring)
        await session.rollback()
    assert (await read_ledger(sessions)).numbered == 0


async def test_a_receipt_is_overdue_after_a_minute_until_it_went_or_failed(
    sessions: Sessions, keyring: Keyring
) -> None:
    one, other = await register_one(sessions, keyring), await register_one(sessions, keyring)
    await published(sessions)
    await make_older(sessions, 59)
    assert reasons(await read_ledger(sessions)) == []
    await make_older(sessions, 2)
    await handle_outcomes(sessions, mail_outcome_event(MailDeferred, one, await event_id_of(sessions, one)))
    ledger = await read_ledger(sessions)
    assert reasons(ledger) == [("no-receipt", 2)]
    (overdue,) = ledger.overdue
    assert {late.request_id: late.note for late in overdue.requests} == {
        one: "mail.deferred.v1 4xx",
        other: None,
    }
    assert all(late.work_number for late in overdue.requests)
    await handle_outcomes(sessions, mail_outcome_event(MailFailed, one, await event_id_of(sessions, one)))
    await handle_outcomes(sessions, mail_outcome_event(MailSent, other, await event_id_of(sessions, other)))
    ledger = await read_ledger(sessions)
    assert (reasons(ledger), ledger.receipts_failed, ledger.receipted) == ([("mail-failed", 1)], 1, 1)
    await handle_outcomes(sessions, mail_outcome_event(MailSent, one, await event_id_of(sessions, one)))
    ledger = await read_ledger(sessions)
    assert (reasons(ledger), ledger.receipts_failed, ledger.receipted) == ([], 0, 2)


async def test_a_resolution_that_does_not_go_out_is_overdue_too(sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    await handle_outcomes(
        sessions, mail_outcome_event(MailSent, request_id, await event_id_of(sessions, request_id))
    )
    await handle(sessions, keyring, request_id, "resolve", "Valmis.")
    await published(sessions)
    await make_older(sessions, 61)
    ledger = await read_ledger(sessions)
    assert [(each.reason, [late.request_id for late in each.requests]) for each in ledger.overdue] == [
        ("no-mail", [request_id])
    ]
    await handle_outcomes(
        sessions,
        mail_outcome_event(
            MailSent, request_id, await event_id_of(sessions, request_id, "request.resolved.v1"), "resolution"
        ),
    )
    ledger = await read_ledger(sessions)
    assert (reasons(ledger), ledger.receipted) == ([], 1)


async def test_whatever_notifier_tells_in_whatever_batches_the_counts_are_those_of_the_outcomes(
    sessions: Sessions, keyring: Keyring
) -> None:
    chance = random.Random(7)
    requests = [await register_one(sessions, keyring) for _ in range(8)]
    causes = {request_id: await event_id_of(sessions, request_id) for request_id in requests}
    outcomes = [
        mail_outcome_event(
            chance.choices(KINDS, (1, 3, 2))[0],
            request_id,
            causes[request_id],
            at=NOW + timedelta(seconds=step),
        )
        for request_id in requests
        for step in range(chance.randrange(5))
    ]
    while outcomes:
        count = chance.randrange(1, 6)
        batch, outcomes = outcomes[:count], outcomes[count:]
        await handle_outcomes(sessions, *batch, *batch[:1])
        ledger = await read_ledger(sessions)
        (expected,) = await fetch_rows(
            sessions,
            """
            select count(*) filter (where sent) as receipted, count(*)
            filter (where last = 'mail.failed.v1' and not sent) as failed from (
                select bool_or(type = 'mail.sent.v1') as sent,
                (array_agg(type order by occurred_at desc))[1] as last
                from mail_outcomes group by request_id
            ) each
            """,
        )
        assert (ledger.receipted, ledger.receipts_failed) == (expected.receipted, expected.failed)
        assert (
            ledger.numbered
            == ledger.receipted + ledger.receipts_failed + ledger.receipts_waiting
            == len(requests)
        )


async def test_history_that_is_not_published_is_overdue(sessions: Sessions, keyring: Keyring) -> None:
    request_id = await register_one(sessions, keyring)
    assert reasons(await read_ledger(sessions)) == []
    await make_older(sessions, 11)
    ledger = await read_ledger(sessions)
    assert [(each.reason, [late.request_id for late in each.requests]) for each in ledger.overdue] == [
        ("unpublished", [request_id])
    ]


async def test_an_entry_that_kafka_never_takes_is_an_alarm_until_an_operator_deals_with_it(
    sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(text("update history set refused = 'too-large'"))
    ledger = await read_ledger(sessions)
    assert [
        (each.reason, [(late.request_id, late.note) for late in each.requests]) for each in ledger.overdue
    ] == [("unsendable", [(request_id, "request.registered.v1 too-large")])]


async def test_a_record_that_nobody_registers_is_overdue_after_ten_seconds_unless_it_is_a_repeat(
    sessions: Sessions, keyring: Keyring
) -> None:
    known, new, fresh = await register_one(sessions, keyring), UUID(int=1), UUID(int=2)
    ages = [(known, 40), (new, 30), (new, 25), (fresh, 5)]
    times = [datetime.now(timezone.utc) - timedelta(seconds=age) for _, age in ages]
    unread = [_signed(7 + at, id_, time) for at, ((id_, _), time) in enumerate(zip(ages, times, strict=True))]
    of_strangers = [
        Unread(0, 98, b"no id", b"{}", [], times[0]),
        replace(unread[1], key=str(UUID(int=9)).encode()),
    ]
    log = KafkaDouble([Lag("tracker.submitted", SUBMITTED, 0, 6, times[0])], [*unread, *of_strangers])
    ledger = await read_ledger(sessions, log)
    assert reasons(ledger) == [("no-number", 1), ("lag", 6)]
    assert [late.request_id for late in ledger.overdue[0].requests] == [new]
    assert (ledger.on_the_log, ledger.accepted) == (4, 5)


async def test_what_lay_on_the_log_before_intake_signed_counts_as_accepted(sessions: Sessions) -> None:
    now = datetime.now(timezone.utc)
    log = KafkaDouble(
        [Lag("tracker.submitted", SUBMITTED, 0, 3, now)],
        [Unread(0, offset, b"old", b"{}", [], now) for offset in (4, 5, 6)],
    )
    assert (await read_ledger(sessions, log)).on_the_log == 0
    async with sessions.begin() as session:
        session.add(UnsignedBefore(partition=0, next_offset=6))
    assert (await read_ledger(sessions, log)).on_the_log == 2


def _signed(offset: int, request_id: UUID, at: datetime) -> Unread:
    record = signed(submission(request_id))
    return Unread(0, offset, record.key, record.value, record.headers, at)


async def test_a_reader_that_is_behind_for_less_than_ten_seconds_is_no_alarm(sessions: Sessions) -> None:
    log = KafkaDouble(
        [Lag("notifier", "requests.lifecycle", 0, 500, datetime.now(timezone.utc) - timedelta(seconds=5))]
    )
    ledger = await read_ledger(sessions, log)
    assert (reasons(ledger), ledger.lag["notifier"]) == ([], 500)


async def test_whatever_is_in_the_spool_is_overdue_at_once(sessions: Sessions) -> None:
    spooled = SpooledRequests(
        waiting=1, oldest_at=NOW, requests=[SpooledRequest(request_id=UUID(int=3), spooled_at=NOW)]
    )
    ledger = await read_ledger(sessions, spool=SpoolDouble(spooled))
    assert [
        (each.reason, each.count, [late.request_id for late in each.requests]) for each in ledger.overdue
    ] == [("spool", 1, [UUID(int=3)])]
    assert (ledger.in_the_spool, ledger.accepted) == (1, 1)


async def test_what_cannot_be_asked_is_said_and_not_taken_for_nothing(sessions: Sessions) -> None:
    ledger = await read_ledger(sessions, KafkaDouble(away=True), SpoolDouble(None))
    assert [(each.reason, each.place) for each in ledger.overdue] == [
        ("unknown", "kafka"),
        ("unknown", "spool"),
    ]
    assert (ledger.accepted, ledger.on_the_log, ledger.in_the_spool) == (None, None, None)


async def test_a_dead_letter_is_overdue_until_an_operator_dealt_with_it(
    sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    await published(sessions)
    async with sessions.begin() as session:
        for digest, key in ((b"a", str(request_id).encode()), (b"b", b"\xff")):
            letter = dead_letter(b"x")
            letter.digest, letter.key = digest, key
            session.add(letter)
    ledger = await read_ledger(sessions)
    assert (reasons(ledger), ledger.dead_letters) == ([("dead-letter", 2)], 2)
    assert [(late.request_id, late.note) for late in ledger.overdue[0].requests] == [(request_id, "bad-form")]
    for _ in range(2):
        async with sessions.begin() as session:
            assert (await settle_dead_letter(session, 1, MAIJA, None)).dismissed_by == "maija"
    async with sessions.begin() as session:
        (await session.get_one(DeadLetter, 2)).redriven_at = NOW
    assert reasons(await read_ledger(sessions)) == []
    async with sessions.begin() as session:
        with pytest.raises(AlreadyRedriven):
            await settle_dead_letter(session, 2, MAIJA, None)
        with pytest.raises(NotFound):
            await settle_dead_letter(session, 3, MAIJA, None)


@pytest.mark.parametrize(
    ("drawn", "low"),
    [
        (79_999_999, []),
        (80_000_000, [(80, "nine digits")]),
        (99_999_999, [(99, "nine digits")]),
        (100_000_000, []),
        (819_999_999, []),
        (820_000_000, [(80, "ten digits")]),
        (1_000_000_000, [(100, "ten digits")]),
    ],
)
async def test_numbers_that_run_short_are_an_alarm_from_eighty_percent_on(
    sessions: Sessions, drawn: int, low: list[tuple[int, str]]
) -> None:
    async with sessions.begin() as session:
        await session.execute(text("select setval('work_number_sequence', :last)"), {"last": drawn - 1})
    ledger = await read_ledger(sessions)
    assert [(each.count, each.place) for each in ledger.overdue if each.reason == "numbers-low"] == low
    assert ledger.numbers_drawn == drawn


async def test_a_number_of_a_rolled_back_transaction_is_counted_as_burnt(
    sessions: Sessions, keyring: Keyring
) -> None:
    await register_one(sessions, keyring)
    async with sessions() as session:
        await on_request_submitted(session, [submission(), submission()], keyring=keyring)
        await session.rollback()
    ledger = await read_ledger(sessions)
    assert (ledger.numbered, ledger.numbers_drawn, ledger.numbers_burnt) == (1, 3, 2)
