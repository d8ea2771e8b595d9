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
from shared.database import Sessions
from shared.logs import get_log

log = get_log(__name__)

PATIENCE = httpx.Timeout(20.0, connect=5.0)
NUMBER_SECONDS, LOOK_SECONDS = 30.0, 0.25
KEPT = timedelta(days=1)
PERSON: Mapping[str, str] = {
    "first_name": "Koe",
    "last_name": "Pyyntö",
    "personal_identity_code": "131052-308T",
    "phone": "040 123 4567",
}
BEGIN = text("insert into canary_runs (run, begun_at, event_id) values (:run, now(), :event_id) on conflict do nothing returning run")
ANSWERED = text("update canary_runs set answered_at = :at where run = :run")
SHOWN = text("update canary_runs set shown_at = :at where run = :run")
FAILED = text("update canary_runs set error = :error where run = :run")
FORGET = text("""
    with gone as (delete from canary_runs where begun_at < :before returning request_id)
    delete from history using gone where history.request_id = gone.request_id
""")


class Canary:
    """`await Canary(…).run()` sends until cancelled. The number of a run is its period's, so that several processes send one.

    The form and its key hold the id of the registration to come, which nobody else can know: who guessed it could fill in the form first.
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
        try:
            shown_at = await self._ask(http, run, event_id)
        except httpx.HTTPError as error:
            await self._note(FAILED, run, error=type(error).__name__)
            log.warning("canary_not_taken", run=run, error=type(error).__name__)
            return
        if shown_at:
            await self._note(SHOWN, run, at=shown_at)

    async def _ask(self, http: httpx.AsyncClient, run: int, event_id: str) -> datetime | None:
        form = {**PERSON, "email": self._mailbox, "run": event_id}
        body = {"service": canary.SERVICE, "language": "fi", "form": form}
        answer = await http.post(self._url, json=body, headers={"Idempotency-Key": event_id})
        answered_at = datetime.now(timezone.utc)
        if answer.status_code != HTTPStatus.ACCEPTED:
            await self._note(FAILED, run, error=f"status {answer.status_code}")
            log.warning("canary_not_taken", run=run, error=f"status {answer.status_code}")
            return None
        await self._note(ANSWERED, run, at=answered_at)
        give_up = time.monotonic() + NUMBER_SECONDS
        while time.monotonic() < give_up:
            seen = await http.get(f"{self._url}/{answer.json()['request_id']}")
            if seen.status_code == HTTPStatus.OK and seen.json()["work_number"]:
                return datetime.now(timezone.utc)
            await asyncio.sleep(LOOK_SECONDS)
        return None

    async def _note(self, statement: object, run: int, **values: object) -> None:
        async with self._sessions.begin() as session:
            await session.execute(statement, {"run": run, **values})  # type: ignore[call-overload]  # one of the texts above
