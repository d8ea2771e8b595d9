"""The mail server is away: the pool pauses and one connection probes, so that no mail's own tries are used up.

Mails that have waited for long are said to be deferred once; one that nobody could send for too long has failed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import text

from services.notifier.deliveries import let_go
from services.notifier.open_session import ServerAway
from services.notifier.send_mail import MailConnection
from shared.backoff import Backoff
from shared.database import Sessions, is_transient
from shared.logs import get_log

log = get_log(__name__)

MOST = 500
FIRST_PROBE_SECONDS, LONGEST_PROBE_SECONDS = 0.1, 5.0

TELL = text("""
with waiting as materialized (
  select id from deliveries where state = 'pending' and next_attempt_at < now() - make_interval(secs => :seconds)
  order by next_attempt_at, id limit :most for update skip locked),
deferred as (
  update deliveries d set state = 'deferred', last_reply = :why from waiting where d.id = waiting.id
  returning d.id, d.request_id, d.event_id, d.template, d.message_id, d.traceparent, d.attempts, d.sending)
insert into outcomes (request_id, event_id, template, message_id, traceparent, sending, state, attempt, reply, codes, retry_at)
select request_id, event_id, template, message_id, traceparent, sending, 'deferred', attempts + 1, 'connection', :why,
  now() + make_interval(secs => :seconds)
from deferred order by id returning id""")

GIVE_UP = text("""
with late as materialized (
  select id from deliveries where state in ('pending', 'deferred') and next_attempt_at <= now()
  and trying_since < now() - make_interval(secs => :seconds) order by next_attempt_at, id limit :most for update skip locked),
failed as (
  update deliveries d set state = 'failed', last_reply = :why, next_attempt_at = null, finished_at = now()
  from late where d.id = late.id
  returning d.id, d.request_id, d.event_id, d.template, d.message_id, d.traceparent, d.attempts, d.sending)
insert into outcomes (request_id, event_id, template, message_id, traceparent, sending, state, attempt, reply, codes)
select request_id, event_id, template, message_id, traceparent, sending, 'failed', attempts + 1, 'connection', :why
from failed order by id returning request_id""")


class Outage:
    """`there` is set while the server takes mails; `begin()` says that it does not.

    `pause()` is awaited before each probe and takes back what waits in memory; `over()` is called when mails go again, `told()` when there are
    outcomes to publish. `patience` and `give_up` are in seconds.
    """

    def __init__(self, sessions: Sessions, probe: MailConnection, sender: str, *, patience: float, give_up: float) -> None:
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

    async def run(self, *, pause: Callable[[], Awaitable[None]], over: Callable[[], None], told: Callable[[], None]) -> None:
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

    async def _answers(self, tries: int, pause: Callable[[], Awaitable[None]], told: Callable[[], None]) -> bool:
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
                deferred = (await session.execute(TELL, {"seconds": self._patience, "most": MOST, "why": self._why})).all()
                failed = (await session.scalars(GIVE_UP, {"seconds": self._give_up, "most": MOST, "why": self._why})).all()
                await let_go(session, failed)
        except Exception as error:
            if not is_transient(error):
                raise
            return False
        return bool(deferred or failed)
