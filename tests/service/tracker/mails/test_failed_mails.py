"""A mail that failed is an alarm until it is sent after all, or an operator settles the matter."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from services.tracker.ledger.alarms import update_alarms
from services.tracker.personal_data.keyring import Keyring
from shared.database.engine import Sessions
from shared.events.mail_outcomes import MailDeferred, MailFailed, MailSent
from shared.kafka.connection import KafkaConnection
from tests.infra.issuer import Issuer
from tests.infra.serving import free_socket, serving
from tests.service.tracker.api_client import ApiClient, running_api
from tests.service.tracker.builders import make_settings
from tests.service.tracker.database import fetch_rows, register_one
from tests.service.tracker.ledger_builders import (
    event_id_of,
    handle_outcomes,
    mail_outcome_event,
    make_older,
    read_ledger,
)

API = "/api/v1/failed-mails"


class NotifierDouble:
    """Notifier's routes.

    It holds `failed` (event ids) as failed, and notes which it was told to try again.
    """

    def __init__(self, failed: list[str]) -> None:
        self.failed = failed
        self.retried: list[int] = []
        self.retried_together: list[list[str]] = []
        self.status = 202

    def app(self) -> FastAPI:
        """Make what serves them."""
        app = FastAPI()

        @app.get("/api/v1/deliveries")
        async def deliveries(state: str, request_id: UUID) -> dict[str, Any]:
            assert state == "failed"
            facts = {"request_id": str(request_id), "template": "receipt"}
            return {
                "deliveries": [
                    {"id": number, "event_id": event, **facts} for number, event in enumerate(self.failed)
                ],
                "next": None,
            }

        @app.post("/api/v1/deliveries/retry")
        async def retry_many(which: dict[str, Any]) -> Response:
            chosen = [event for event in which["events"] if event in self.failed]
            self.failed = [event for event in self.failed if event not in chosen]
            self.retried_together.append(chosen)
            return JSONResponse({"events": chosen, "next": None}, self.status if self.status >= 500 else 200)

        @app.post("/api/v1/deliveries/{number}/retry")
        async def retry(number: int) -> Response:
            self.retried.append(number)
            return Response(status_code=self.status)

        return app


@asynccontextmanager
async def beside_notifier(
    notifier: NotifierDouble, dsn: str, kafka: KafkaConnection, issuer: Issuer
) -> AsyncIterator[ApiClient]:
    place, address = free_socket()
    settings = make_settings(dsn, kafka, oidc_issuer=issuer.address, notifier_url=address)
    async with serving(notifier.app(), place), running_api(settings, issuer) as api:
        yield api


async def failed_receipt(sessions: Sessions, keyring: Keyring) -> str:
    """Register a request whose receipt fails; return the event that owes it."""
    request_id = await register_one(sessions, keyring)
    cause = await event_id_of(sessions, request_id)
    await handle_outcomes(sessions, mail_outcome_event(MailFailed, request_id, cause))
    return cause


async def waiting(sessions: Sessions) -> list[str]:
    return [each.reason for each in (await read_ledger(sessions)).overdue]


@pytest.mark.usefixtures("readers_caught_up")
async def test_it_is_an_alarm_until_somebody_settles_it(
    api: ApiClient, sessions: Sessions, keyring: Keyring
) -> None:
    cause = await failed_receipt(sessions, keyring)
    ledger = await read_ledger(sessions)
    ((overdue,), (late,)) = ledger.overdue, ledger.overdue[0].requests
    assert (overdue.reason, overdue.count, late.note) == ("mail-failed", 1, "mail.failed.v1 5xx")
    async with sessions.begin() as session:
        await update_alarms(session, ledger)
    (listed,) = (await api.get(API, "operate")).raise_for_status().json()
    assert (listed["event_id"], listed["reply"], listed["work_number"]) == (cause, "5xx", late.work_number)
    for _ in range(2):
        assert (await api.post(f"{API}/{cause}/settle", None, "operate")).status_code == 200
    assert (await api.get(API, "operate")).json() == []
    settled = await read_ledger(sessions)
    assert (settled.overdue, settled.receipts_failed, settled.receipts_waiting) == ((), 1, 0)
    async with sessions.begin() as session:
        await update_alarms(session, settled)
    assert [
        row.reason
        for row in await fetch_rows(sessions, "select reason from alarms where ended_at is not null")
    ] == ["mail-failed"]


async def test_one_that_fails_again_is_an_alarm_again(
    sessions: Sessions, keyring: Keyring, api: ApiClient
) -> None:
    cause = await failed_receipt(sessions, keyring)
    await api.post(f"{API}/{cause}/settle", None, "operate")
    (row,) = await fetch_rows(sessions, "select request_id from owed_mails")
    await handle_outcomes(sessions, mail_outcome_event(MailDeferred, row.request_id, cause))
    assert await waiting(sessions) == []
    await handle_outcomes(sessions, mail_outcome_event(MailFailed, row.request_id, cause))
    assert await waiting(sessions) == ["mail-failed"]
    await handle_outcomes(sessions, mail_outcome_event(MailSent, row.request_id, cause))
    assert await waiting(sessions) == []


async def test_one_that_is_tried_again_is_owed_like_a_new_one(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, issuer: Issuer
) -> None:
    cause = await failed_receipt(sessions, keyring)
    await make_older(sessions, 600)
    notifier = NotifierDouble(["another", cause])
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        answer = await api.post(f"{API}/{cause}/retry", None, "operate")
        assert (answer.status_code, answer.json()["failed_at"]) == (200, None)
        assert notifier.retried == [1]
        assert "mail-failed" not in await waiting(sessions)
        assert "no-receipt" not in await waiting(sessions)
        await make_older(sessions, 61)
        assert "no-receipt" in await waiting(sessions)
        assert (await api.post(f"{API}/{cause}/retry", None, "operate")).status_code == 404


async def test_what_notifier_no_longer_holds_as_failed_is_told_and_stays(
    sessions: Sessions, keyring: Keyring, tracker_database: str, kafka: KafkaConnection, issuer: Issuer
) -> None:
    cause = await failed_receipt(sessions, keyring)
    notifier = NotifierDouble([])
    async with beside_notifier(notifier, tracker_database, kafka, issuer) as api:
        assert (await api.post(f"{API}/{cause}/retry", None, "operate")).status_code == 409
        notifier.failed, notifier.status = [cause], 409
        assert (await api.post(f"{API}/{cause}/retry", None, "operate")).status_code == 409
        notifier.status = 500
        assert (await api.post(f"{API}/{cause}/retry", None, "operate")).status_code == 503
    assert await waiting(sessions) == ["mail-failed"]


@pytest.mark.parametrize("action", ["retry", "settle"])
async def test_only_an_operator_does_either_and_only_to_what_failed(
    api: ApiClient, sessions: Sessions, keyring: Keyring, action: str
) -> None:
    cause = await failed_receipt(sessions, keyring)
    assert (await api.post(f"{API}/{cause}/{action}", None, "requests:write")).status_code == 403
    assert (await api.post(f"{API}/{UUID(int=7)}/{action}", None, "operate")).status_code == 404
    for nonsense in ("%00", "nothing"):
        assert (await api.post(f"{API}/{nonsense}/{action}", None, "operate")).status_code == 422
    other = await event_id_of(sessions, await register_one(sessions, keyring))
    assert (await api.post(f"{API}/{other}/{action}", None, "operate")).status_code == 404
