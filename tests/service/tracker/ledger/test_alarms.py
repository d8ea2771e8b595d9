"""An alarm is raised once for what is overdue, told until somebody took it, and ended when it is over."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from services.tracker.ledger.alarm_message import SENTENCES
from services.tracker.ledger.alarms import update_alarms
from services.tracker.ledger.deliver_alarms import AlarmDelivery, read_retry_after
from services.tracker.ledger.metrics import exposition
from services.tracker.ledger.overdue import REASONS, Late, Ledger, Overdue
from services.tracker.ledger.read_ledger import LedgerReader
from services.tracker.ledger.watch import LedgerWatch, watching
from shared.database.engine import Sessions
from tests.eventually import eventually
from tests.service.tracker.alarm_receiver import AlarmReceiver, Answer, running_alarm_receiver
from tests.service.tracker.database import fetch_rows
from tests.service.tracker.ledger_builders import KafkaDouble, ledger_reader, read_ledger

ID = UUID(int=5)


def ledger(*overdue: Overdue) -> Ledger:
    now = datetime.now(timezone.utc)
    counts: dict[str, int] = {
        "numbers_drawn": 10,
        "numbered": 3,
        "receipted": 1,
        "receipts_failed": 1,
        "resolved": 1,
        "dead_letters": 0,
    }
    return Ledger(
        at=now, **counts, canary=None, on_the_log=2, in_the_spool=0, lag={"notifier": 4}, overdue=overdue
    )


async def update(sessions: Sessions, *overdue: Overdue) -> None:
    async with sessions.begin() as session:
        await update_alarms(session, ledger(*overdue))


async def alarms(sessions: Sessions) -> Sequence[tuple[str, str, int, bool]]:
    found = await fetch_rows(sessions, "select * from alarms order by id")
    return [(row.reason, row.place, row.most, row.ended_at is not None) for row in found]


async def test_an_alarm_lasts_as_long_as_what_it_is_about_and_keeps_the_worst(sessions: Sessions) -> None:
    await update(sessions)
    for count in (1, 5, 2):
        await update(sessions, Overdue("no-number", count), Overdue("lag", count, "notifier"))
    await update(sessions, Overdue("lag", 1, "tracker.submitted"))
    await update(sessions)
    await update(sessions, Overdue("no-number", 1))
    assert sorted(await alarms(sessions)) == [
        ("lag", "notifier", 5, True),
        ("lag", "tracker.submitted", 1, True),
        ("no-number", "", 1, False),
        ("no-number", "", 5, True),
    ]


async def test_two_watches_at_once_raise_one_alarm(sessions: Sessions) -> None:
    await asyncio.gather(*(update(sessions, Overdue("spool", 1)) for _ in range(5)))
    assert await alarms(sessions) == [("spool", "", 1, False)]


async def test_what_cannot_be_seen_is_not_taken_for_over(sessions: Sessions) -> None:
    await update(
        sessions,
        Overdue("no-number", 1),
        Overdue("lag", 1, "notifier"),
        Overdue("spool", 1),
        Overdue("no-receipt", 1),
    )
    await update(sessions, Overdue("unknown", 1, "kafka"))
    standing = {(reason, ended) for reason, _, _, ended in await alarms(sessions)}
    assert standing == {
        ("no-number", False),
        ("lag", False),
        ("spool", True),
        ("no-receipt", True),
        ("unknown", False),
    }
    await update(sessions)
    assert all(ended for _, _, _, ended in await alarms(sessions))


@pytest.fixture
async def pager() -> AsyncIterator[AlarmReceiver]:
    async with running_alarm_receiver() as pager:
        yield pager


async def test_an_alarm_is_sent_until_it_is_taken_and_its_end_too(
    sessions: Sessions, pager: AlarmReceiver
) -> None:
    pager.answers = [Answer(503), Answer(200)]
    await update(sessions, Overdue("no-receipt", 2, requests=[Late(ID, datetime.now(timezone.utc))]))
    async with delivering(sessions, pager):
        await eventually(lambda: has_heard(pager, 2))
        assert [message["text"] for message in pager.heard] == [
            "ALARM: 2 requests without a receipt, nor a report that it failed"
        ] * 2
        assert pager.heard[-1]["alarms"][0]["ended_at"] is None
        await update(sessions)
        await eventually(lambda: heard(pager, "Over: "))
        assert len(pager.heard) == 3
    assert str(ID) not in str(pager.heard)


async def test_a_repeat_has_the_id_of_the_first_whatever_begins_meanwhile(
    sessions: Sessions, pager: AlarmReceiver
) -> None:
    pager.answers = [Answer(500), Answer(500), Answer(200)]
    await update(sessions, Overdue("spool", 1))
    async with delivering(sessions, pager):
        await eventually(lambda: has_heard(pager, 1))
        await update(sessions, Overdue("spool", 1), Overdue("no-number", 1))
        await eventually(lambda: has_heard(pager, 4))
    first, *repeats, other = pager.heard
    assert repeats == [first, first]
    assert [each["reason"] for each in other["alarms"]] == ["no-number"]
    assert pager.keys == [message["id"] for message in pager.heard]
    assert len(set(pager.keys)) == 2


async def test_an_address_that_takes_seven_seconds_hears_an_alarm_once(
    sessions: Sessions, pager: AlarmReceiver
) -> None:
    pager.answers = [Answer(200, seconds=7)]
    await update(sessions, Overdue("spool", 1))
    async with delivering(sessions, pager):
        await eventually(lambda: all_told(sessions), timeout=15)
    assert len(pager.heard) == 1


@pytest.mark.parametrize("dated", [False, True])
async def test_an_address_that_asks_to_wait_is_not_asked_before(
    sessions: Sessions, pager: AlarmReceiver, dated: bool
) -> None:
    begun, at = time.monotonic(), datetime.now(timezone.utc) + timedelta(seconds=5)
    # The header has whole seconds, so up to one of the five is lost.
    earliest = begun + 4
    pager.answers = [Answer(429, {"Retry-After": format_datetime(at, usegmt=True) if dated else "2"})]
    await update(sessions, Overdue("spool", 1))
    async with delivering(sessions, pager):
        await eventually(lambda: has_heard(pager, 2))
    assert pager.at[1] >= (earliest if dated else pager.at[0] + 1.9)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("999999999999999999", 3600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("١٢", None),
    ],
)
def test_whatever_stands_in_retry_after_is_bounded(value: str | None, seconds: int | None) -> None:
    wait = read_retry_after(value, datetime.now(timezone.utc))
    assert (wait.total_seconds() if wait is not None else None) == seconds


async def test_waits_grow_while_an_address_takes_nothing(sessions: Sessions, pager: AlarmReceiver) -> None:
    pager.answers = [Answer(500)] * 5
    await update(sessions, Overdue("spool", 1))
    async with delivering(sessions, pager, first_wait=0.1):
        await eventually(lambda: has_heard(pager, 6))
    waits = [later - sooner for sooner, later in itertools.pairwise(pager.at)]
    assert waits[4] > 1.1
    assert waits[4] > 2 * waits[1]


async def test_a_redirect_is_not_followed_but_is_an_alarm_of_its_own(
    sessions: Sessions, pager: AlarmReceiver
) -> None:
    pager.answers = [Answer(307, {"Location": f"{pager.url}/secret?token=1"})] * 1000
    await update(sessions, Overdue("spool", 1), Overdue("no-mail", 1))
    async with delivering(sessions, pager):
        await eventually(lambda: has_heard(pager, 2))
    told = ledger_reader(sessions, KafkaDouble(), alarm_url=pager.url)
    assert (await told.read()).of("alarm-undelivered") == 0
    async with sessions.begin() as session:
        await session.execute(
            text("update alarm_addresses set failing_since = failing_since - interval '61 s'")
        )
    (found,) = [each for each in (await told.read()).overdue if each.reason == "alarm-undelivered"]
    assert (found.count, found.note) == (2, f"307 redirects to {pager.url.removesuffix('/alarms')}")
    assert "secret" not in str(pager.paths)
    assert (await ledger_reader(sessions, KafkaDouble(), alarm_url=None).read()).of("alarm-undelivered") == 0
    assert (await ledger_reader(sessions, KafkaDouble(), alarm_url="http://127.0.0.1:9/other").read()).of(
        "alarm-undelivered"
    ) == 0


async def test_an_address_that_takes_alarms_again_ends_the_alarm_about_it(
    sessions: Sessions, pager: AlarmReceiver
) -> None:
    pager.answers = [Answer(500)]
    await update(sessions, Overdue("spool", 1))
    async with delivering(sessions, pager, first_wait=0.5):
        await eventually(lambda: has_heard(pager, 1))
        async with sessions.begin() as session:
            await session.execute(
                text("update alarm_addresses set failing_since = failing_since - interval '1 day'")
            )
        await eventually(lambda: all_told(sessions))
    assert (await ledger_reader(sessions, KafkaDouble(), alarm_url=pager.url).read()).of(
        "alarm-undelivered"
    ) == 0


async def test_several_processes_send_an_alarm_once(sessions: Sessions, pager: AlarmReceiver) -> None:
    pager.answers = [Answer(200, seconds=0.5)]
    await update(sessions, Overdue("spool", 1))
    async with delivering(sessions, pager), delivering(sessions, pager), delivering(sessions, pager):
        await eventually(lambda: all_told(sessions))
    assert len(pager.heard) == 1


async def has_heard(pager: AlarmReceiver, messages: int) -> bool:
    return len(pager.heard) >= messages


async def all_told(sessions: Sessions) -> bool:
    return not await fetch_rows(sessions, "select id from alarms where told_at is null")


@asynccontextmanager
async def delivering(
    sessions: Sessions, pager: AlarmReceiver, *, first_wait: float = 0.05
) -> AsyncIterator[None]:
    """Deliver to the pager for as long as the context lasts."""
    delivery = AlarmDelivery(
        sessions, pager.url, every_seconds=0.02, first_wait=timedelta(seconds=first_wait)
    )
    task = asyncio.create_task(delivery.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_watch_raises_tells_and_ends_by_itself(sessions: Sessions, pager: AlarmReceiver) -> None:
    log = KafkaDouble(away=True)

    async with watching(
        LedgerWatch(ledger_reader(sessions, log), sessions, pager.url, every_seconds=0.05, start_seconds=0.3)
    ) as watch:
        await eventually(lambda: heard(pager, "ALARM: kafka: "))
        assert (await watch.ledger(max_age=60)).accepted is None
        log.away = False
        await eventually(lambda: heard(pager, "Over: kafka: "))
    assert await alarms(sessions) == [("unknown", "kafka", 1, True)]


async def test_what_is_still_starting_with_us_is_no_alarm_but_all_else_is(sessions: Sessions) -> None:
    unknown = Overdue("unknown", 1, "spool")
    async with sessions.begin() as session:
        await update_alarms(session, ledger(unknown, Overdue("mail-failed", 2)), starting=True)
    assert await alarms(sessions) == [("mail-failed", "", 2, False)]
    await update(sessions, unknown, Overdue("mail-failed", 2))
    async with sessions.begin() as session:
        await update_alarms(session, ledger(unknown), starting=True)
    assert sorted(await alarms(sessions)) == [("mail-failed", "", 2, True), ("unknown", "spool", 1, False)]


async def heard(pager: AlarmReceiver, words: str) -> bool:
    return any(message["text"].startswith(words) for message in pager.heard)


async def test_a_database_that_was_away_is_told_at_once_and_kept_as_an_alarm(
    sessions: Sessions, pager: AlarmReceiver
) -> None:
    away = True

    class Failing(LedgerReader):
        def __init__(self) -> None: ...

        async def read(self) -> Ledger:
            if away:
                raise ConnectionResetError
            return await read_ledger(sessions)

    watch = LedgerWatch(
        Failing(), sessions, pager.url, every_seconds=0.05, blind_within=timedelta(seconds=0.2)
    )
    async with watching(watch):
        await eventually(lambda: heard(pager, "ALARM: database: "))
        away = False
        await eventually(lambda: heard(pager, "Over: database: "))
        assert watch.age < 5
    assert await alarms(sessions) == [("unknown", "database", 1, True)]
    assert len(pager.heard) == 2


async def test_a_database_that_answers_nobody_is_told_like_one_that_is_away(
    sessions: Sessions, pager: AlarmReceiver
) -> None:
    watch = LedgerWatch(
        ledger_reader(sessions, KafkaDouble()),
        sessions,
        pager.url,
        every_seconds=0.05,
        blind_within=timedelta(seconds=0.2),
        answer_seconds=0.5,
    )
    async with watching(watch):
        async with sessions.begin() as session:
            await session.execute(text("lock table owed_mails in access exclusive mode"))
            await eventually(lambda: heard(pager, "ALARM: database: "))
        await eventually(lambda: heard(pager, "Over: database: "))


async def test_the_watch_goes_on_after_a_round_that_went_wrong_in_any_way(
    sessions: Sessions, pager: AlarmReceiver
) -> None:
    faults = [KeyError("once"), ValueError("twice")]

    class Failing(LedgerReader):
        def __init__(self) -> None: ...

        async def read(self) -> Ledger:
            if faults:
                raise faults.pop()
            return ledger(Overdue("mail-failed", 3))

    async with watching(LedgerWatch(Failing(), sessions, pager.url, every_seconds=0.05)):
        await eventually(lambda: heard(pager, "ALARM: 3 mails that did not reach"))


def test_every_reason_has_its_words() -> None:
    assert set(SENTENCES) == set(REASONS)


def test_the_metrics_tell_every_reason_and_the_age_and_nothing_of_anybody() -> None:
    overdue = Overdue(
        "no-receipt",
        7,
        oldest_at=datetime.now(timezone.utc),
        requests=[Late(ID, datetime.now(timezone.utc), "482913057")],
    )
    told = exposition(ledger(overdue), 1.5).decode()
    for line in (
        "asiointi_ledger_up 1.0",
        "asiointi_ledger_age_seconds 1.5",
        'asiointi_requests_total{stage="accepted"} 5.0',
        'asiointi_requests_total{stage="numbered"} 3.0',
        'asiointi_overdue{reason="no-receipt"} 7.0',
        'asiointi_overdue{reason="no-number"} 0.0',
        'asiointi_lag_records{group="notifier"} 4.0',
        "asiointi_receipts_waiting 1.0",
        "asiointi_to_be_removed 0.0",
    ):
        assert line in told.splitlines()
    assert "482913057" not in told
    assert str(ID) not in told
    assert exposition(None, 9.0).decode().splitlines()[-1] == "asiointi_ledger_up 0.0"
