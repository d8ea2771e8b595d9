"""Reads the ledger every few seconds, updates the alarms, and keeps the latest reading."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone

from services.tracker.canary.send_canary import Canary
from services.tracker.handle.answer_once import forget_answers
from services.tracker.ledger.alarms import update_alarms
from services.tracker.ledger.deliver_alarms import AlarmDelivery
from services.tracker.ledger.fold_counts import fold_counts
from services.tracker.ledger.overdue import Ledger
from services.tracker.ledger.read_ledger import LedgerReader
from services.tracker.models import Alarm
from shared.database.engine import DATABASE_ERRORS, Sessions
from shared.process.logs import get_log
from shared.process.loops import run_together, running_beside

log = get_log(__name__)

EVERY_SECONDS = 5.0
BLIND_WITHIN = timedelta(seconds=10)
ANSWER_SECONDS = 8.0
"""A database that is there and answers nobody is as far away as one that is gone."""
START_SECONDS = 15.0
"""So long after the start a part that has not answered yet is no alarm.

Everything may be starting at once.
"""


class LedgerWatch:
    """`await LedgerWatch(…).run()` watches until cancelled.

    It runs beside the app, so that it sees a worker that is gone.
    """

    def __init__(
        self,
        reader: LedgerReader,
        sessions: Sessions,
        alarm_url: str | None,
        *,
        every_seconds: float = EVERY_SECONDS,
        blind_within: timedelta = BLIND_WITHIN,
        start_seconds: float = START_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._reader = reader
        self._sessions = sessions
        self._delivery = (
            AlarmDelivery(sessions, alarm_url, every_seconds=min(every_seconds, 1.0)) if alarm_url else None
        )
        self._every_seconds = every_seconds
        self._blind_within = blind_within
        self._answer_seconds = answer_seconds
        self._starting_until = time.monotonic() + start_seconds
        self._reading = asyncio.Lock()
        self._read_at = 0.0
        self._blind_since: datetime | None = None
        self.latest: Ledger | None = None

    @property
    def age(self) -> float:
        """Return the seconds since the last reading began."""
        return time.monotonic() - self._read_at

    async def ledger(self, *, max_age: float = 0.0) -> Ledger:
        """Return a reading that is at most so many seconds old.

        Who asks while one is made that began later than that shares it.

        Raises what the driver raises while the database is away, `TimeoutError` where it does not answer.

        """
        begun_after = time.monotonic() - max_age
        if self.latest and self._read_at >= begun_after:
            return self.latest
        async with self._reading:
            if self.latest is None or self._read_at < begun_after:
                begun = time.monotonic()
                async with asyncio.timeout(self._answer_seconds):
                    self.latest, self._read_at = await self._reader.read(), begun
            return self.latest

    async def run(self) -> None:
        """Watch.

        While the database is away that is delivered, and becomes an alarm of its own once it is back.
        """
        await run_together(self._watch(), *([self._delivery.run()] if self._delivery else []))

    async def _watch(self) -> None:
        while True:
            try:
                await self._round()
            except Exception as error:
                if isinstance(error, DATABASE_ERRORS):
                    log.warning("ledger_not_read", error=type(error).__name__)
                else:
                    log.exception("ledger_round_failed", error=type(error).__name__)
                self._see_nothing()
            await asyncio.sleep(self._every_seconds)

    async def _round(self) -> None:
        ledger = await self.ledger()
        async with asyncio.timeout(self._answer_seconds), self._sessions.begin() as session:
            if self._blind_since and ledger.at - self._blind_since > self._blind_within:
                session.add(
                    Alarm(
                        reason="unknown",
                        place="database",
                        most=1,
                        began_at=self._blind_since,
                        ended_at=ledger.at,
                    )
                )
            await update_alarms(session, ledger, starting=time.monotonic() < self._starting_until)
            await fold_counts(session)
            await forget_answers(session)
        self._blind_since = None
        if self._delivery:
            self._delivery.blind_since = None

    def _see_nothing(self) -> None:
        now = datetime.now(timezone.utc)
        self._blind_since = self._blind_since or now
        if self._delivery and now - self._blind_since > self._blind_within:
            self._delivery.blind_since = self._blind_since


@asynccontextmanager
async def watching(watch: LedgerWatch, canary: Canary | None = None) -> AsyncIterator[LedgerWatch]:
    """Let it watch, and the canary beside it, for as long as the context lasts."""
    async with running_beside(*(each.run() for each in (watch, canary) if each)):
        yield watch
