"""A returned mail no longer counts as received, waits for a person, and can be sent to another address."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Response
from sqlalchemy import text

from services.tracker.ledger.overdue import Ledger, working_days_before
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from shared.events.mail_outcomes import MailBounced, MailDeferred, MailFailed, MailSent
from shared.kafka.connection import KafkaConnection
from tests.infra.issuer import Issuer
from tests.infra.serving import free_socket, serving
from tests.service.tracker.api_client import ApiClient, running_api
from tests.service.tracker.builders import NOTIFIER, make_settings
from tests.service.tracker.database import fetch_rows, register_one
from tests.service.tracker.ledger_builders import (
    KafkaDouble,
    event_id_of,
    handle_outcomes,
    ledger_reader,
    mail_outcome_event,
    read_ledger,
)

API = "/api/v1/returned-mails"
FI = timezone(timedelta(hours=2))


class NotifierDouble:
    """Notifier's two routes: it knows one receipt, and notes the orders to send it again."""

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        self.sending = 1
        self.orders: list[dict[str, Any]] = []
        self.answer: tuple[int, str] = (202, "{}")

    def app(self) -> FastAPI:
        """Make what serves them."""
        app = FastAPI()

        @app.get("/api/v1/deliveries")
        async def deliveries(request_id: UUID) -> dict[str, Any]:
            known = {
                "id": 7,
                "event_id": self.event_id,
                "request_id": str(request_id),
                "template": "receipt",
                "sending": self.sending,
            }
            return {"deliveries": [known], "next": None}

        @app.post("/api/v1/deliveries/7/send-again")
        async def send_again(order: dict[str, Any]) -> Response:
            self.orders.append(order)
            if self.answer[0] == 202:
                self.sending += 1
            return Response(self.answer[1], status_code=self.answer[0])

        return app


@asynccontextmanager
async def beside_notifier(
    notifier: NotifierDouble, dsn: str, kafka: KafkaConnection, issuer: Issuer
) -> AsyncIterator[ApiClient]:
    place, address = free_socket()
    settings = make_settings(dsn, kafka, oidc_issuer=issuer.address, notifier_url=address)
    async with serving(notifier.app(), place), running_api(settings, issuer) as api:
        yield api


async def returned_receipt(sessions: Sessions, keyring: Keyring) -> tuple[UUID, str]:
    """Register a request whose receipt goes and comes back; gives it and the event that owes it."""
    request_id = await register_one(sessions, keyring)
    cause = await event_id_of(sessions, request_id)
    await handle_outcomes(sessions, mail_outcome_event(MailSent, request_id, cause))
    await handle_outcomes(sessions, mail_outcome_event(MailBounced, request_id, cause))
    return request_id, cause


def counts(ledger: Ledger) -> tuple[int, int, int, int]:
    """Return numbered, receipted, failed and under way, which must add up."""
    assert ledger.numbered == ledger.receipted + ledger.receipts_failed + ledger.receipts_waiting
    return ledger.numbered, ledger.receipted, ledger.receipts_failed, ledger.receipts_waiting


async def unsettled(sessions: Sessions, days: float) -> list[str]:
    return [
        each.reason
        for each in (await ledger_reader(sessions, KafkaDouble(), returned_within=days).read()).overdue
    ]


async def test_a_receipt_that_came_back_is_no_longer_counted_as_received_and_is_no_fault(
    sessions: Sessions, keyring: Keyring, api: ApiClient
) -> None:
    await register_one(sessions, keyring)
    request_id, cause = await returned_receipt(sessions, keyring)
    ledger = await read_ledger(sessions)
    assert counts(ledger) == (2, 0, 1, 1)
    assert "mail-failed" not in [each.reason for each in ledger.overdue]
    (listed,) = (await api.get(API, "operate")).raise_for_status().json()
    assert (listed["event_id"], listed["bounce"], listed["return_status"], listed["sending"]) == (
        cause,
        "hard",
        "5.1.1",
        1,
    )
    assert (await api.get("/api/v1/failed-mails", "operate")).json() == []
    timeline = (await api.get(f"/api/v1/requests/{request_id}", "requests:read")).json()["timeline"]
    assert sorted(each["type"] for each in timeline if each["kind"] == "mail") == [
        "mail.bounced.v1",
        "mail.sent.v1",
    ]
    assert [each["details"].get("status") for each in timeline if each["type"] == "mail.bounced.v1"] == [
        "5.1.1"
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("at_once", [True, False], ids=["one batch", "one by one"])
async def test_in_whatever_order_and_however_often_the_outcomes_come_the_ledger_is_the_same(
    sessions: Sessions, keyring: Keyring, order: tuple[int, ...], *, at_once: bool
) -> None:
    request_id = await register_one(sessions, keyring)
    cause = await event_id_of(sessions, request_id)
    sent, late = (
        mail_outcome_event(MailSent, request_id, cause),
        mail_outcome_event(MailBounced, request_id, cause, bounce="soft"),
    )
    outcomes = [(sent, mail_outcome_event(MailBounced, request_id, cause), late)[each] for each in order]
    for _ in range(2):
        for batch in [outcomes] if at_once else [[each] for each in outcomes]:
            await handle_outcomes(sessions, *batch)
    assert counts(await read_ledger(sessions)) == (1, 0, 1, 0)
    (owed,) = await fetch_rows(sessions, "select * from owed_mails")
    assert owed.returned_message_id == "<m1>"


async def test_a_mail_that_is_late_is_only_a_note(
    sessions: Sessions, keyring: Keyring, api: ApiClient
) -> None:
    request_id = await register_one(sessions, keyring)
    cause = await event_id_of(sessions, request_id)
    await handle_outcomes(
        sessions,
        mail_outcome_event(MailSent, request_id, cause),
        mail_outcome_event(MailBounced, request_id, cause, bounce="soft"),
    )
    assert counts(await read_ledger(sessions)) == (1, 1, 0, 0)
    assert (await api.get(API, "operate")).json() == []


async def test_it_is_an_alarm_only_when_nobody_deals_with_it_in_time(
    sessions: Sessions, keyring: Keyring, api: ApiClient
) -> None:
    _, cause = await returned_receipt(sessions, keyring)
    async with sessions.begin() as session:
        await session.execute(text("update owed_mails set returned_at = now()"))
    assert await unsettled(sessions, 2) == []
    assert await unsettled(sessions, 0) == ["returned-mail-unsettled"]
    assert (await api.post(f"{API}/{cause}/settle", {"note": " "}, "operate")).status_code == 422
    for _ in range(2):
        assert (
            await api.post(f"{API}/{cause}/settle", {"note": "Soitettiin, tietää nyt."}, "operate")
        ).status_code == 200
    assert await unsettled(sessions, 0) == []
    assert (await api.get(API, "operate")).json() == []
    assert counts(await read_ledger(sessions)) == (1, 0, 1, 0)
    notes = await fetch_rows(sessions, "select details, value from history where type = 'mail.settled'")
    assert [(note.details["note"], note.value) for note in notes] == [("Soitettiin, tietää nyt.", None)]


async def test_it_is_sent_again_to_a_corrected_address_that_later_mails_go_to_as_well(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, issuer: Issuer
) -> None:
    request_id, cause = await returned_receipt(sessions, keyring)
    notifier = NotifierDouble(cause)
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        answer = await api.post(f"{API}/{cause}/send-again", {"email": " oikea@posti.example "}, "operate")
        assert (answer.status_code, answer.json()["sending"], answer.json()["returned_at"]) == (200, 2, None)
        assert notifier.orders == [{"email": "oikea@posti.example", "after": 1}]
        assert (await api.post(f"{API}/{cause}/send-again", {}, "operate")).status_code == 404
        shown = (await api.get(f"/api/v1/requests/{request_id}", "requests:read")).json()
        assert shown["person"]["email"] == "oikea@posti.example"
        assert {"request.contact_corrected.v1", "mail.sent_again"} <= {
            each["type"] for each in shown["timeline"]
        }
        (found,) = (
            await api.post("/api/v1/requests/search", {"q": "oikea@posti.example"}, "requests:read")
        ).json()["requests"]
        assert found["request_id"] == str(request_id)
    (event,) = await fetch_rows(
        sessions, "select value from history where type = 'request.contact_corrected.v1'"
    )
    sealed = json.loads(event.value)["sealed_contact"]
    contact = json.loads(NOTIFIER.open(sealed, purpose="contact", request_id=request_id))
    assert contact["email"] == "oikea@posti.example"
    assert (await fetch_rows(sessions, "select sealed_contact from requests"))[0].sealed_contact == sealed
    assert b"oikea@posti" not in event.value
    assert counts(await read_ledger(sessions)) == (1, 0, 0, 1)
    await handle_outcomes(
        sessions, mail_outcome_event(MailBounced, request_id, cause, message_id="<m1>", status="5.0.0")
    )
    assert counts(await read_ledger(sessions)) == (1, 0, 0, 1)
    await handle_outcomes(sessions, mail_outcome_event(MailSent, request_id, cause, sending=2))
    assert counts(await read_ledger(sessions)) == (1, 1, 0, 0)
    await handle_outcomes(
        sessions,
        mail_outcome_event(MailBounced, request_id, cause),
        mail_outcome_event(MailDeferred, request_id, cause),
    )
    assert counts(await read_ledger(sessions)) == (1, 1, 0, 0)
    await handle_outcomes(sessions, mail_outcome_event(MailBounced, request_id, cause, sending=2))
    assert counts(await read_ledger(sessions)) == (1, 0, 1, 0)


async def test_what_notifier_says_to_it_is_told_and_an_order_whose_answer_was_lost_is_not_given_twice(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, issuer: Issuer
) -> None:
    request_id, cause = await returned_receipt(sessions, keyring)
    notifier = NotifierDouble(cause)
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        for status, slug, told_as in (
            (409, "not-sendable", 409),
            (409, "contents-gone", 409),
            (422, "invalid-fields", 422),
            (500, "", 503),
        ):
            notifier.answer = status, f'{{"type": "urn:asiointi:problem:{slug}"}}'
            answer = await api.post(f"{API}/{cause}/send-again", {"email": "x@y.example"}, "operate")
            assert answer.status_code == told_as
            assert slug in answer.text
        (unchanged,) = await fetch_rows(sessions, "select email from requests")
        assert unchanged.email != "x@y.example"
        notifier.sending, notifier.orders = 2, []
        assert (await api.post(f"{API}/{cause}/send-again", {"email": "x@y.example"}, "operate")).json()[
            "sending"
        ] == 2
        assert notifier.orders == []
    assert (await fetch_rows(sessions, "select email from requests where request_id = :id", id=request_id))[
        0
    ].email == "x@y.example"


async def test_a_second_sending_that_fails_at_once_is_a_failed_mail(
    sessions: Sessions, keyring: Keyring, api: ApiClient
) -> None:
    request_id, cause = await returned_receipt(sessions, keyring)
    await handle_outcomes(sessions, mail_outcome_event(MailFailed, request_id, cause, sending=2))
    assert (await api.get(API, "operate")).json() == []
    assert [each["event_id"] for each in (await api.get("/api/v1/failed-mails", "operate")).json()] == [cause]


async def test_a_report_about_what_nobody_was_owed_changes_no_count(
    sessions: Sessions, keyring: Keyring
) -> None:
    request_id = await register_one(sessions, keyring)
    await handle_outcomes(
        sessions, mail_outcome_event(MailSent, request_id, await event_id_of(sessions, request_id))
    )
    await handle_outcomes(
        sessions,
        mail_outcome_event(MailBounced, request_id, str(UUID(int=7))),
        mail_outcome_event(MailBounced, UUID(int=8), "no uuid"),
    )
    assert counts(await read_ledger(sessions)) == (1, 1, 0, 0)


@pytest.mark.parametrize("action", ["send-again", "settle"])
async def test_only_an_operator_does_either_and_only_to_what_came_back(
    api: ApiClient, sessions: Sessions, keyring: Keyring, action: str
) -> None:
    _, cause = await returned_receipt(sessions, keyring)
    order = {"note": "x"} if action == "settle" else {}
    assert (await api.post(f"{API}/{cause}/{action}", order, "requests:write")).status_code == 403
    for nonsense in ("%00", "nothing"):
        assert (await api.post(f"{API}/{nonsense}/{action}", order, "operate")).status_code == 422
    request_id = await register_one(sessions, keyring)
    failed = await event_id_of(sessions, request_id)
    await handle_outcomes(sessions, mail_outcome_event(MailFailed, request_id, failed))
    for other in (failed, str(UUID(int=7))):
        assert (await api.post(f"{API}/{other}/{action}", order, "operate")).status_code == 404
    assert (await api.post(f"/api/v1/failed-mails/{cause}/settle", None, "operate")).status_code == 404


@pytest.mark.parametrize(
    ("now", "days", "before"),
    [
        ("2026-11-26T12:00", 2, "2026-11-24T12:00"),
        ("2026-11-30T12:00", 2, "2026-11-26T12:00"),
        ("2026-11-29T12:00", 1, "2026-11-27T00:00"),
        ("2026-11-28T00:00", 0.5, "2026-11-27T12:00"),
        ("2026-11-29T12:00", 0, "2026-11-29T12:00"),
    ],
)
def test_working_days_pass_over_weekends(now: str, days: float, before: str) -> None:
    moments = [datetime.fromisoformat(each).replace(tzinfo=FI) for each in (now, before)]
    assert working_days_before(moments[0], days) == moments[1]


async def test_a_failed_mail_is_sent_to_a_corrected_address(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, issuer: Issuer
) -> None:
    request_id = await register_one(sessions, keyring)
    cause = await event_id_of(sessions, request_id)
    await handle_outcomes(sessions, mail_outcome_event(MailFailed, request_id, cause))
    notifier = NotifierDouble(cause)
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        url = f"/api/v1/failed-mails/{cause}/send-again"
        assert (
            await api.post(f"{API}/{cause}/send-again", {"email": "oikea@posti.example"}, "operate")
        ).status_code == 404
        answer = await api.post(url, {"email": "oikea@posti.example"}, "operate")
        assert (answer.status_code, answer.json()["failed_at"]) == (200, None)
        assert (await api.post(url, {}, "operate")).status_code == 404
    assert notifier.orders == [{"email": "oikea@posti.example", "after": 1}]
    await handle_outcomes(sessions, mail_outcome_event(MailFailed, request_id, cause))
    assert counts(await read_ledger(sessions)) == (1, 0, 0, 1)
    await handle_outcomes(sessions, mail_outcome_event(MailSent, request_id, cause, sending=2))
    assert counts(await read_ledger(sessions)) == (1, 1, 0, 0)


async def test_a_delayed_retry_of_an_order_does_not_send_what_came_back_since(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, issuer: Issuer
) -> None:
    request_id, cause = await returned_receipt(sessions, keyring)
    notifier = NotifierDouble(cause)
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        headers = api.headers("operate") | {"Idempotency-Key": "once"}

        async def order() -> int:
            answer = await api.client.post(f"{API}/{cause}/send-again", json={}, headers=headers)
            return int(answer.raise_for_status().json()["sending"])

        assert await order() == 2
        await handle_outcomes(
            sessions,
            mail_outcome_event(MailSent, request_id, cause, sending=2),
            mail_outcome_event(MailBounced, request_id, cause, sending=2),
        )
        assert await order() == 2
        assert len(notifier.orders) == 1
        assert [each["sending"] for each in (await api.get(API, "operate")).json()] == [2]


@pytest.mark.parametrize("letter", ["\\u0000", "\\u200b"], ids=["NUL", "no width"])
async def test_what_nobody_sees_is_left_out_and_alone_it_is_nothing(
    sessions: Sessions,
    keyring: Keyring,
    tracker_database: str,
    kafka: KafkaConnection,
    issuer: Issuer,
    letter: str,
) -> None:
    _, cause = await returned_receipt(sessions, keyring)
    notifier = NotifierDouble(cause)
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        headers = api.headers("operate") | {"Content-Type": "application/json"}

        async def post(action: str, body: str) -> int:
            return (
                await api.client.post(f"{API}/{cause}/{action}", content=body, headers=headers)
            ).status_code

        assert await post("settle", f'{{"note": " {letter}"}}') == 422
        assert len((await api.get(API, "operate")).json()) == 1
        assert await post("send-again", f'{{"email": "a{letter}@posti.example{letter}"}}') == 200
    assert [order["email"] for order in notifier.orders] == ["a@posti.example"]
