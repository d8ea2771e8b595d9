"""A test request goes all the way, is timed, is in no figure, and is missed when it stays away."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Request, Response
from pydantic_core import to_json
from sqlalchemy import text

from services.tracker.canary import send_canary
from services.tracker.canary.send_canary import Canary
from services.tracker.ledger.overdue import CanaryRun, Overdue
from services.tracker.ledger.read_canary import read_canary
from services.tracker.mails.on_mail_outcome import on_mail_outcome
from services.tracker.personal_data.keyring import Keyring
from shared import canary
from shared.database.engine import Sessions
from shared.events.mail_outcomes import MailFailed, MailSent
from shared.events.request_lifecycle import RequestRegistered
from tests.eventually import eventually
from tests.infra.serving import free_socket, serving
from tests.service.tracker.builders import submission
from tests.service.tracker.database import fetch_rows, register
from tests.service.tracker.ledger_builders import KafkaDouble, ledger_reader, mail_outcome_event

IDS = {"first": str(UUID(int=1)), "second": str(UUID(int=2))}


class Intake:
    """Intake's API in its place: takes forms, and shows the number of those that tracker has numbered."""

    def __init__(self, address: str, sessions: Sessions) -> None:
        self.address = address
        self.sessions = sessions
        self.status = 202
        self.forms: list[dict[str, Any]] = []
        self.keys: list[str] = []

    def app(self) -> FastAPI:
        """Make what serves it."""
        app = FastAPI()

        @app.post("/api/v1/requests")
        async def take(request: Request) -> Response:
            self.forms.append(await request.json())
            self.keys.append(request.headers["idempotency-key"])
            return Response(
                f'{{"request_id": "{UUID(int=len(self.forms))}"}}', self.status, media_type="application/json"
            )

        @app.get("/api/v1/requests/{request_id}")
        async def show(request_id: UUID) -> dict[str, str | None]:
            found = await fetch_rows(
                self.sessions, "select run from canary_runs where numbered_at is not null"
            )
            return {"work_number": canary.WORK_NUMBER if found else None, "request_id": str(request_id)}

        return app


@pytest.fixture
async def intake(sessions: Sessions) -> AsyncIterator[Intake]:
    place, address = free_socket()
    intake = Intake(address, sessions)
    async with serving(intake.app(), place):
        yield intake


async def read(sessions: Sessions) -> tuple[CanaryRun | None, Overdue]:
    async with sessions() as session:
        now = await session.scalar(text("select now()"))
        assert now
        return await read_canary(session, now, 60)


async def runs(sessions: Sessions) -> list[Any]:
    return list(await fetch_rows(sessions, "select * from canary_runs order by run"))


def arrived(event_id: str) -> Any:  # noqa: ANN401  an envelope
    """Make the submission that intake makes of a run's form."""
    form = {
        "person": {"first_name": "Koe", "last_name": "P", "email": "canary@a.example"},
        "answers": [{"field": "run", "label": "Ajo", "value": event_id}],
    }
    return submission(form=to_json(form), service=canary.SERVICE, queue="canary")


async def test_a_canary_is_sent_once_a_period_by_however_many_processes_and_goes_all_the_way(
    sessions: Sessions, keyring: Keyring, intake: Intake
) -> None:
    tasks = [
        asyncio.create_task(Canary(sessions, intake.address, "canary@a.example", 3_600).run())
        for _ in range(3)
    ]
    try:

        async def answered() -> Any:  # noqa: ANN401  a row
            (row,) = await runs(sessions)
            assert row.answered_at
            return row

        await eventually(answered)
        assert [form["form"]["email"] for form in intake.forms] == ["canary@a.example"]
        sent = arrived(intake.forms[0]["form"]["run"])
        await register(sessions, keyring, sent, sent)
        await register(sessions, keyring, sent)

        async def shown() -> Any:  # noqa: ANN401  as above
            (row,) = await runs(sessions)
            assert row.shown_at
            return row

        await eventually(shown)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    (entry,) = await fetch_rows(sessions, "select * from history")
    event = RequestRegistered.model_validate_json(entry.value)
    assert (event.service, event.work_number) == (canary.SERVICE, canary.WORK_NUMBER)
    async with sessions.begin() as session:
        await on_mail_outcome(
            session, [mail_outcome_event(MailSent, sent.event.request_id, str(entry.event_id))]
        )
    whole, alarm = await read(sessions)
    assert whole
    assert set(whole.seconds) == {"answered", "shown", "numbered", "mailed"}
    assert alarm.count == 0


async def test_nobody_else_can_fill_in_its_form_or_use_its_key_first(
    sessions: Sessions, keyring: Keyring, intake: Intake
) -> None:
    async with sessions.begin() as session:
        await session.execute(
            text("insert into canary_runs (run, begun_at, event_id) values (29927689, now(), :first)"),
            {"first": IDS["first"]},
        )
    await register(sessions, keyring, arrived("29927689"))
    assert [row.numbered_at for row in await runs(sessions)] == [None]
    for sent in (1, 2):
        async with sessions.begin() as session:
            await session.execute(text("delete from canary_runs"))
        task = asyncio.create_task(Canary(sessions, intake.address, "canary@a.example", 3_600).run())
        try:
            await eventually(partial(_has_sent, intake, sent))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert len({*intake.keys, *(form["form"]["run"] for form in intake.forms)}) == 2, (
        "each run has a key of its own that nothing tells"
    )


async def _has_sent(intake: Intake, count: int) -> bool:
    return len(intake.forms) >= count


async def test_it_is_in_no_figure_list_or_number(sessions: Sessions, keyring: Keyring) -> None:
    async with sessions.begin() as session:
        await session.execute(
            text(
                "insert into canary_runs (run, begun_at, event_id) values (1, now(), :first), (2, "
                "now(), :second)"
            ),
            IDS,
        )
    first, second = IDS.values()
    await register(
        sessions, keyring, arrived(first), submission(), arrived(second), arrived("99"), arrived("x")
    )
    await register(sessions, keyring, arrived(first))
    ids = [str(row.event_id) for row in await runs(sessions)]
    async with sessions.begin() as session:
        await on_mail_outcome(
            session,
            [
                mail_outcome_event(MailSent, UUID(int=1), ids[0]),
                mail_outcome_event(MailFailed, UUID(int=2), ids[1]),
            ],
        )
        await session.execute(text("update history set value = null"))
    ledger = await ledger_reader(sessions, KafkaDouble()).read()
    assert (ledger.accepted, ledger.numbered, ledger.numbers_drawn, ledger.receipts_waiting) == (1, 1, 1, 1)
    assert ledger.overdue == ()
    for table, count in (("requests", 1), ("owed_mails", 1), ("mail_outcomes", 0), ("dead_letters", 0)):
        assert len(await fetch_rows(sessions, f"select 1 from {table}")) == count  # noqa: S608  the test's own


@pytest.mark.parametrize(
    ("stages", "note"),
    [
        ("", "the form was not answered: ConnectError"),
        ("answered_at = now()", "no number: ConnectError"),
        ("answered_at = now(), numbered_at = now()", "no mail: ConnectError"),
        ("answered_at = now(), numbered_at = now(), mailed_at = now()", "late: ConnectError"),
    ],
)
async def test_one_that_stays_away_is_an_alarm_that_says_where(
    sessions: Sessions, stages: str, note: str
) -> None:
    async with sessions.begin() as session:
        await session.execute(
            text(
                "insert into canary_runs (run, begun_at, error) values (1, now() - interval '61 s', "
                "'ConnectError')"
            )
        )
        if stages:
            await session.execute(text(f"update canary_runs set {stages}"))  # noqa: S608  the test's own
    assert [(each.count, each.note) for each in [(await read(sessions))[1]]] == [(1, note)]


async def test_one_that_failed_is_over_when_a_later_one_went_all_the_way(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(
            text(
                "insert into canary_runs (run, begun_at, error) values (1, now() - interval '61 s', "
                "'ConnectError')"
            )
        )
    assert (await read(sessions))[1].count == 1
    async with sessions.begin() as session:
        await session.execute(
            text(
                "insert into canary_runs (run, begun_at, mailed_at) values (2, now() - interval '5 s', now())"
            )
        )
    assert (await read(sessions))[1].count == 0


async def test_a_young_one_is_waited_for_and_none_at_all_for_long_is_an_alarm(sessions: Sessions) -> None:
    assert (await read(sessions))[1].count == 0
    async with sessions.begin() as session:
        await session.execute(
            text("insert into canary_runs (run, begun_at) values (1, now() - interval '50 s')")
        )
    assert (await read(sessions))[1].count == 0
    async with sessions.begin() as session:
        await session.execute(
            text(
                "update canary_runs set begun_at = now() - interval '250 s', mailed_at = now() - "
                "interval '249 s'"
            )
        )
    assert (await read(sessions))[1].note == "none was sent"


@pytest.mark.parametrize("status", [429, 503])
async def test_an_intake_that_is_away_for_a_moment_is_asked_again_with_the_same_key(
    sessions: Sessions, intake: Intake, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_canary, "AGAIN_SECONDS", 0.05)
    intake.status = status
    task = asyncio.create_task(Canary(sessions, intake.address, "canary@a.example", 3_600).run())
    try:
        await eventually(partial(_has_sent, intake, 2))
        intake.status = 202

        async def answered() -> bool:
            return [(row.answered_at is not None, row.error) for row in await runs(sessions)] == [
                (True, None)
            ]

        await eventually(answered)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert len(set(intake.keys)) == 1


@pytest.mark.parametrize("status", [403, 503])
async def test_a_form_that_is_refused_is_noted_and_rows_are_gone_after_a_day(
    sessions: Sessions, keyring: Keyring, intake: Intake, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_canary, "TAKE_SECONDS", 0)
    intake.status = status
    async with sessions.begin() as session:
        await session.execute(
            text("insert into canary_runs (run, begun_at, event_id) values (1, now(), :first)"),
            {"first": IDS["first"]},
        )
    await register(sessions, keyring, arrived(IDS["first"]))
    async with sessions.begin() as session:
        await session.execute(text("update canary_runs set begun_at = now() - interval '25 h'"))
    task = asyncio.create_task(Canary(sessions, intake.address, "canary@a.example", 3_600).run())
    try:

        async def refused() -> bool:
            return [row.error for row in await runs(sessions)] == [f"status {status}"]

        await eventually(refused)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await fetch_rows(sessions, "select id from history") == []
