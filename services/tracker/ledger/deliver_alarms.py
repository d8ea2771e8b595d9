"""Delivers alarms to the operators' webhook, one message at a time, retrying with growing waits."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from services.tracker.ledger import alarm_messages
from services.tracker.ledger.alarm_message import message
from services.tracker.models import Alarm
from shared.database.engine import DATABASE_ERRORS, Sessions
from shared.process.logs import get_log

log = get_log(__name__)

PATIENCE = httpx.Timeout(30.0, connect=5.0)
"""An address that takes a message slowly has taken it: a repeat would be a second page for somebody."""
LEASE = timedelta(seconds=45)
"""So long no other process sends the message that one has taken up."""
FIRST_WAIT, MAX_WAIT = timedelta(seconds=5), timedelta(minutes=10)
MAX_RETRY_AFTER = timedelta(hours=1)
EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an address answered.

    `error` is none where it took the message, `retry_after` what it asked for.
    """

    error: str | None = None
    retry_after: timedelta | None = None


class AlarmDelivery:
    """`await AlarmDelivery(…).run()` delivers until cancelled; of several processes one sends at a time.

    `blind_since` says since when the database has been away: that is sent without it.
    """

    def __init__(
        self,
        sessions: Sessions,
        url: str,
        *,
        every_seconds: float = EVERY_SECONDS,
        first_wait: timedelta = FIRST_WAIT,
    ) -> None:
        self._sessions = sessions
        self._url = url
        self._address = alarm_messages.address_of(url)
        self._every_seconds = every_seconds
        self._first_wait = first_wait
        self._blind_tries = 0
        self._blind_after: datetime | None = None
        self.blind_since: datetime | None = None
        """Set while the database is away for longer than it may."""

    async def run(self) -> None:
        """Deliver until cancelled; errors are logged and the delivery is tried again."""
        async with httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False) as http:
            while True:
                try:
                    await self._round(http)
                except DATABASE_ERRORS as error:
                    log.warning("alarms_not_read", error=type(error).__name__)
                except Exception as error:
                    log.exception("alarm_delivery_failed", error=type(error).__name__)
                await asyncio.sleep(self._every_seconds)

    async def _round(self, http: httpx.AsyncClient) -> None:
        if self.blind_since:
            await self._deliver_blind(http, self.blind_since)
            return
        self._blind_tries, self._blind_after = 0, None
        async with self._sessions.begin() as session:
            taken_up = await alarm_messages.take_up(session, self._address, LEASE)
        if taken_up is None:
            return
        outcome = await post(http, self._url, taken_up.message_id, taken_up.message)
        async with self._sessions.begin() as session:
            if outcome.error is None:
                await alarm_messages.mark_taken(session, self._address, taken_up)
                return
            wait = self._wait(taken_up.failures, outcome)
            await alarm_messages.mark_failed(session, self._address, taken_up, outcome.error, wait)
        log.error(
            "alarm_undelivered",
            error=outcome.error,
            failures=taken_up.failures + 1,
            wait_seconds=round(wait.total_seconds()),
        )

    async def _deliver_blind(self, http: httpx.AsyncClient, since: datetime) -> None:
        now = datetime.now(timezone.utc)
        if self._blind_after and now < self._blind_after:
            return
        alarm = Alarm(reason="unknown", place="database", most=1, began_at=since)
        outcome = await post(http, self._url, UUID(int=int(since.timestamp() * 1_000_000)), message([alarm]))
        if outcome.error is None:
            self._blind_after = datetime.max.replace(tzinfo=timezone.utc)
            return
        wait = self._wait(self._blind_tries, outcome)
        self._blind_tries, self._blind_after = self._blind_tries + 1, now + wait
        log.error(
            "alarm_undelivered",
            error=outcome.error,
            failures=self._blind_tries,
            wait_seconds=round(wait.total_seconds()),
        )

    def _wait(self, failures: int, outcome: Outcome) -> timedelta:
        if outcome.retry_after is not None:
            return max(self._first_wait, outcome.retry_after)
        wait = min(MAX_WAIT, self._first_wait * 2.0 ** min(failures, 20))
        return wait * random.uniform(0.75, 1.0)  # noqa: S311  jitter, not a secret


async def post(http: httpx.AsyncClient, url: str, message_id: UUID, content: Mapping[str, Any]) -> Outcome:
    """Send one message; a repeat has the same `Idempotency-Key` and `id`.

    A redirect is not followed: who moved must say so in the settings.
    """
    try:
        request = http.stream(
            "POST", url, json={"id": str(message_id), **content}, headers={"Idempotency-Key": str(message_id)}
        )
        async with request as answer:
            if answer.is_success:
                return Outcome()
            retry_after = read_retry_after(answer.headers.get("retry-after"), datetime.now(timezone.utc))
            if answer.is_redirect:
                return Outcome(f"{answer.status_code} redirects to {_origin(answer)}", retry_after)
            return Outcome(f"status {answer.status_code}", retry_after)
    except httpx.HTTPError as error:
        return Outcome(type(error).__name__)
    except (httpx.InvalidURL, ValueError) as error:
        return Outcome(type(error).__name__)


def read_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Read seconds or an HTTP date, up to an hour; none where it is neither."""
    if not value:
        return None
    if value.isascii() and value.strip().isdigit():
        wait = timedelta(seconds=min(int(value[:12]), MAX_RETRY_AFTER.total_seconds()))
    else:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        wait = (at if at.tzinfo else at.replace(tzinfo=timezone.utc)) - now
    return max(timedelta(0), min(wait, MAX_RETRY_AFTER))


def _origin(answer: httpx.Response) -> str:
    """Return where a redirect leads without path and query, which can hold a secret."""
    try:
        target = answer.url.join(answer.headers.get("location", ""))
    except httpx.InvalidURL:
        return HTTPStatus(answer.status_code).phrase
    return f"{target.scheme}://{target.netloc.decode()}"
