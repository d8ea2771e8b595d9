"""The mail server is away: the pool pauses and one connection probes, so that no mail's own tries are used up.

Mails that have waited for long are said to be deferred once; one that nobody could send for too long has failed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from services.notifier.queue.outage_statements import defer_waiting, give_up_waiting
from services.notifier.mail.send.open_session import ServerAway
from services.notifier.mail.send.send_mail import MailConnection
from shared.database.engine import Sessions, is_transient
from shared.process.backoff import Backoff
from shared.process.logs import get_log

log = get_log(__name__)

FIRST_PROBE_SECONDS, LONGEST_PROBE_SECONDS = 0.1, 5.0


class Outage:
    """`there` is set while the server takes mails; `begin()` says that it does not.

    `pause()` is awaited before each probe and takes back what waits in memory; `over()` is called when mails go again, `told()` when there are
    outcomes to publish. `patience` and `give_up` are in seconds.
    """

    def __init__(
        self, sessions: Sessions, probe: MailConnection, sender: str, *, patience: float, give_up: float
    ) -> None:
        self.there = asyncio.Event()
        self.there.set()
        self._away = asyncio.Event()
        self._sessions = sessions
        self._probe = probe
        self._sender = sender
        self._why = ""
        self._patience = patience
        self._give_up = give_up

    def begin(self, why: str) -> None:
        """Pause the pool and begin to probe; `why` stands as the last answer to the mails that wait."""
        self._why = why
        self.there.clear()
        self._away.set()

    async def run(
        self, *, pause: Callable[[], Awaitable[None]], over: Callable[[], None], told: Callable[[], None]
    ) -> None:
        """Watch over outages until cancelled."""
        while True:
            await self._away.wait()
            since, backoff = time.monotonic(), Backoff(FIRST_PROBE_SECONDS, LONGEST_PROBE_SECONDS)
            while not await self._answers(backoff.tries, pause, told):
                await backoff.wait()
            self._away.clear()
            self.there.set()
            log.info("mail_server_back", seconds=round(time.monotonic() - since, 1))
            over()

    async def _answers(
        self, tries: int, pause: Callable[[], Awaitable[None]], told: Callable[[], None]
    ) -> bool:
        """Probe; a server may take minutes to say anything, so the mails that wait are seen to meanwhile."""
        probe = asyncio.create_task(self._probe.check(self._sender))
        try:
            while not (await asyncio.wait({probe}, timeout=LONGEST_PROBE_SECONDS))[0]:
                await self._see_to(pause, told)
            probe.result()
        except ServerAway as away:
            if tries == 0 or away.why != self._why:
                log.warning("mail_server_away", error=str(away))
            self._why = away.why
            await self._see_to(pause, told)
            return False
        finally:
            probe.cancel()
        return True

    async def _see_to(self, pause: Callable[[], Awaitable[None]], told: Callable[[], None]) -> None:
        await pause()
        if await self._tell():
            told()

    async def _tell(self) -> bool:
        try:
            async with self._sessions.begin() as session:
                deferred = await defer_waiting(session, self._patience, self._why)
                failed = await give_up_waiting(session, self._give_up, self._why)
        except Exception as error:
            if not is_transient(error):
                raise
            return False
        return bool(deferred or failed)
