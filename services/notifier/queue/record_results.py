"""Writes the result of each attempt to the database.

While one commit is under way, the next results gather.
"""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from services.notifier.delivery import Claimed, Reply, Result
from services.notifier.domain import is_given_up, is_worth_telling, retry_delay
from services.notifier.queue.channel import RetrySchedule
from services.notifier.queue.deliveries import at_once, let_go, record
from shared.database.engine import Sessions, is_transient
from shared.process.backoff import Backoff
from shared.process.logs import get_log

log = get_log(__name__)


class Recorder:
    """Commits results in groups.

    `recorded(released)` is called after each commit; `released` is true if a delivery that waited for an
    earlier one is due now. At most `most` results wait: while the database is away nothing is sent that could
    not be recorded.
    """

    def __init__(
        self, sessions: Sessions, owner: int, recorded: Callable[[bool], None], *, most: int
    ) -> None:
        self._sessions = sessions
        self._owner = owner
        self._recorded = recorded
        self._results: list[Result] = []
        self._committing: list[Result] = []
        self._some = asyncio.Event()
        self._room = asyncio.Semaphore(most)
        self._most = most

    async def room(self) -> None:
        """Wait until another result may be made; `add` must follow, or `no_result`."""
        await self._room.acquire()

    def no_result(self) -> None:
        """Release the room: there is no result."""
        self._room.release()

    def add(self, result: Result) -> None:
        """Add a result; it is committed at once, or with the next group."""
        self._results.append(result)
        self._some.set()

    def ids(self) -> set[int]:
        """Return the id of every delivery whose result is not known to be committed."""
        return {result.id for result in (*self._results, *self._committing)}

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            await self._commit()

    async def flush(self) -> None:
        """Commit what is left."""
        if self._results:
            await self._commit()

    async def _commit(self) -> None:
        results, self._results = self._results, []
        self._committing = results
        backoff = Backoff(first=0.05, most=2.0)
        try:
            while not await self._try_to_commit(results):
                await backoff.wait()
        except BaseException:
            self._results = results + self._results
            raise
        finally:
            self._committing = []
        for _ in results:
            self._room.release()

    async def _try_to_commit(self, results: list[Result]) -> bool:
        try:
            async with at_once(self._sessions) as session:
                behind = await record(session, self._owner, results)
                self._recorded(behind and await let_go(session, [result.request_id for result in results]))
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("results_wait", count=len(results), error=type(error).__name__)
            return False
        return True


def result_of(delivery: Claimed, reply: Reply, retry: RetrySchedule) -> Result:
    """Decide what one attempt leads to: sent, deferred with a wait, or failed."""
    attempts = delivery.attempts + 1
    state, wait = "sent" if reply.kind == "2xx" else "failed", None
    if reply.kind in {"4xx", "connection"}:
        wait = retry_delay(attempts, retry.first_seconds, random.random())  # noqa: S311  jitter, not a secret
        now = datetime.now(timezone.utc)
        if is_given_up(delivery.trying_since, now + timedelta(seconds=wait), retry.hours):
            wait = None
        else:
            state = "deferred"
    tell = state != "deferred" or is_worth_telling(attempts)
    return Result(delivery.id, delivery.request_id, state, reply.kind, reply.codes, wait, tell)
