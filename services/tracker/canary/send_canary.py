"""Sends a test request to intake as a citizen would, once in each period, whichever process comes first."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from uuid import uuid4

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import canary
from shared.database.engine import Sessions
from shared.process.logs import get_log

log = get_log(__name__)

PATIENCE = httpx.Timeout(20.0, connect=5.0)
TAKE_SECONDS, AGAIN_SECONDS = 30.0, 1.0
"""So long an intake that is away, as when everything starts, is asked again.

What it costs is in the time until the answer.
"""
NUMBER_SECONDS, LOOK_SECONDS = 30.0, 0.25
KEPT = timedelta(days=1)
PERSON: Mapping[str, str] = {
    "first_name": "Koe",
    "last_name": "Pyyntö",
    "personal_identity_code": "131052-308T",
    "phone": "040 123 4567",
}
BEGIN = text(
    "insert into canary_runs (run, begun_at, event_id) values (:run, now(), :event_id) "
    "on conflict do nothing returning run"
)
ANSWERED = text("update canary_runs set answered_at = :at where run = :run")
SHOWN = text("update canary_runs set shown_at = :at where run = :run")
FAILED = text("update canary_runs set error = :error where run = :run")
FORGET = text("""
    with gone as (delete from canary_runs where begun_at < :before returning request_id)
    delete from history using gone where history.request_id = gone.request_id
""")


class Canary:
    """`await Canary(…).run()` sends until cancelled.

    The number of a run is its period's, so that several processes send one.

    The form and its key hold the id of the registration to come, which nobody else can know: who guessed it
    could fill in the form first.
    """

    def __init__(self, sessions: Sessions, intake_url: str, mailbox: str, every_seconds: float) -> None:
        self._sessions = sessions
        self._url = f"{intake_url.rstrip('/')}/api/v1/requests"
        self._mailbox = mailbox
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Send one in each period."""
        async with httpx.AsyncClient(timeout=PATIENCE) as http:
            while True:
                began = time.time()
                try:
                    await self._send(http, int(began / self._every_seconds))
                except (SQLAlchemyError, OSError, TimeoutError) as error:
                    log.warning("canary_not_kept", error=type(error).__name__)
                except Exception as error:
                    log.exception("canary_failed", error=type(error).__name__)
                await asyncio.sleep(self._every_seconds - time.time() % self._every_seconds)

    async def _send(self, http: httpx.AsyncClient, run: int) -> None:
        event_id = str(uuid4())
        async with self._sessions.begin() as session:
            await session.execute(FORGET, {"before": datetime.now(timezone.utc) - KEPT})
            if await session.scalar(BEGIN, {"run": run, "event_id": event_id}) is None:
                return
        body = {
            "service": canary.SERVICE,
            "language": "fi",
            "form": {**PERSON, "email": self._mailbox, "run": event_id},
        }
        try:
            answer = await self._submit(http, body, event_id)
            await self._note(ANSWERED, run, at=datetime.now(timezone.utc))
            await self._look_for_number(http, run, answer.json()["request_id"])
        except httpx.HTTPError as error:
            reason = (
                f"status {error.response.status_code}"
                if isinstance(error, httpx.HTTPStatusError)
                else type(error).__name__
            )
            await self._note(FAILED, run, error=reason)
            log.warning("canary_not_taken", run=run, error=reason)

    async def _submit(
        self, http: httpx.AsyncClient, body: Mapping[str, object], event_id: str
    ) -> httpx.Response:
        """Send the form as a patient citizen does.

        Raises `httpx.HTTPError` where it was refused, or not taken in time.
        """
        give_up = time.monotonic() + TAKE_SECONDS
        while True:
            try:
                return (
                    await http.post(self._url, json=body, headers={"Idempotency-Key": event_id})
                ).raise_for_status()
            except httpx.HTTPError as error:
                refused = isinstance(error, httpx.HTTPStatusError) and not _may_pass(error.response)
                if refused or time.monotonic() >= give_up:
                    raise
            await asyncio.sleep(AGAIN_SECONDS)

    async def _look_for_number(self, http: httpx.AsyncClient, run: int, request_id: str) -> None:
        give_up = time.monotonic() + NUMBER_SECONDS
        while time.monotonic() < give_up:
            seen = await http.get(f"{self._url}/{request_id}")
            if seen.status_code == HTTPStatus.OK and seen.json()["work_number"]:
                await self._note(SHOWN, run, at=datetime.now(timezone.utc))
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _note(self, statement: object, run: int, **values: object) -> None:
        async with self._sessions.begin() as session:
            await session.execute(statement, {"run": run, **values})  # type: ignore[call-overload]  # one of the texts above


def _may_pass(answer: httpx.Response) -> bool:
    return answer.is_server_error or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
