"""Outages: while a channel's breaker is open, it is probed, and what waits in the database is looked after.

No delivery uses up attempts of its own meanwhile. One that has waited for long is marked as deferred, once;
one that could not be sent for the whole time of its channel's retry schedule has failed.
"""

import asyncio
import time

from services.notifier.queue.channel import Channel, ChannelAway
from services.notifier.queue.outage_statements import defer_waiting, give_up_waiting
from services.notifier.queue.ownership import Ownership
from shared.database.engine import is_transient
from shared.process.backoff import Backoff
from shared.process.logs import get_log

log = get_log(__name__)

FIRST_PROBE_SECONDS, MAX_PROBE_SECONDS = 0.1, 5.0


class Outage:
    """One loop of a dispatcher: `await Outage(…).run()` ends outages of a channel until cancelled."""

    def __init__(self, channel: Channel, ownership: Ownership) -> None:
        self._channel = channel
        self._ownership = ownership

    async def run(self) -> None:
        """Wait for the breaker to open, probe, and close it, until cancelled."""
        breaker = self._channel.breaker
        while True:
            await breaker.opened.wait()
            since, backoff = time.monotonic(), Backoff(FIRST_PROBE_SECONDS, MAX_PROBE_SECONDS)
            while not await self._answers(backoff.tries):
                await backoff.wait()
            breaker.close()
            log.info("channel_back", channel=self._channel.name, seconds=round(time.monotonic() - since, 1))
            self._channel.back()
            self._ownership.wake()

    async def _answers(self, tries: int) -> bool:
        """Probe; a server may take minutes to answer, so waiting deliveries are looked after meanwhile."""
        breaker = self._channel.breaker
        probe = asyncio.create_task(self._channel.probe())
        try:
            while not (await asyncio.wait({probe}, timeout=MAX_PROBE_SECONDS))[0]:
                await self._look_after_waiting()
            probe.result()
        except ChannelAway as away:
            if tries == 0 or away.why != breaker.why:
                log.warning("channel_away", channel=self._channel.name, error=str(away))
            breaker.why = away.why
            await self._look_after_waiting()
            return False
        finally:
            probe.cancel()
        return True

    async def _look_after_waiting(self) -> None:
        await self._ownership.give_back(self._ownership.lanes.drop_all())
        if await self._defer_or_give_up():
            self._ownership.outcomes_written()

    async def _defer_or_give_up(self) -> bool:
        name, why, retry = self._channel.name, self._channel.breaker.why, self._channel.retry
        try:
            async with self._ownership.sessions.begin() as session:
                deferred = await defer_waiting(session, name, retry.first_seconds, why)
                failed = await give_up_waiting(session, name, retry.hours * 3600, why)
        except Exception as error:
            if not is_transient(error):
                raise
            return False
        return bool(deferred or failed)
