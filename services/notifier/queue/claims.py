"""The loop that claims due deliveries of one channel in batches and puts them into the lanes."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime, timedelta

from services.notifier.delivery import Claimed, Reply
from services.notifier.queue.channel import Channel
from services.notifier.queue.deliveries import LONG_AGO, at_once, claim
from services.notifier.queue.ownership import Ownership
from services.notifier.queue.record_results import result_of
from shared.database.engine import is_transient
from shared.process.backoff import Backoff
from shared.process.logs import get_log
from shared.web.health import Liveness

log = get_log(__name__)

CLAIMED_PER_CONNECTION = 16
FALLBACK_SECONDS = 1.0
LATE_COMMIT = timedelta(seconds=1)


class Claims:
    """`await Claims(…).run(liveness, name)` claims until cancelled, as much as the lanes have room for."""

    def __init__(self, channel: Channel, ownership: Ownership) -> None:
        self._channel = channel
        self._ownership = ownership
        self._most = CLAIMED_PER_CONNECTION * channel.most
        self._more = False
        self._claimed_to = LONG_AGO
        self._looked_all_over = float("-inf")

    async def run(self, liveness: Liveness, name: str) -> None:
        """Claim until cancelled: when woken, and once a second."""
        ownership, backoff = self._ownership, Backoff(first=0.05, most=2.0)
        while True:
            liveness.beat(name)
            if ownership.lease.valid and self._channel.breaker.is_closed:
                try:
                    await self._claim()
                    backoff.reset()
                except Exception as error:
                    # The claim may have been committed all the same, and only its answer lost.
                    ownership.unsure = True
                    if not is_transient(error):
                        raise
                    log.warning("database_away", error=type(error).__name__)
                    await backoff.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(FALLBACK_SECONDS):
                    await ownership.woken.wait()
            ownership.woken.clear()

    def taken(self) -> None:
        """Called for each delivery that leaves the lanes: when half of them are gone, more are claimed."""
        if self._more and len(self._ownership.lanes) * 2 <= self._most:
            self._ownership.wake()

    def look_all_over(self) -> None:
        """Have the next claim begin with the oldest delivery."""
        self._looked_all_over = float("-inf")
        self._ownership.wake()

    def room_for_new(self) -> int:
        """Return how many new deliveries may pass those that are due already.

        None where any of those wait.
        """
        ownership = self._ownership
        ready = ownership.lease.valid and self._channel.breaker.is_closed
        if not ready or ownership.ending or ownership.unsure or self._more:
            return 0
        return max(0, self._most - len(ownership.lanes))

    async def _claim(self) -> None:
        ownership = self._ownership
        room = self._most - len(ownership.lanes)
        if room <= 0:
            self._more = True
            return
        # While a transaction writes deliveries as ours, it is not known which of ours we do not know of.
        sure, generation = not ownership.unsure or ownership.handing_over, ownership.lease.generation
        if not sure:
            await ownership.disown_unknown()
        async with at_once(ownership.sessions) as session:
            claimed = await claim(
                session, ownership.lease.owner, self._channel.name, most=room, since=self._since()
            )
        if generation != ownership.lease.generation:
            ownership.doubt()
            return
        ownership.unsure = ownership.unsure and sure
        self._more = len(claimed) == room
        self._claimed_to = max((each.due_since for each in claimed), default=LONG_AGO)
        for each in claimed:
            await self._put(each)

    async def _put(self, claimed: Claimed) -> None:
        read = self._channel.read(claimed)
        if isinstance(read, Reply):
            await self._ownership.recorder.room()
            self._ownership.recorder.add(result_of(claimed, read, self._channel.retry))
        else:
            self._ownership.lanes.put(read)

    def _since(self) -> datetime:
        """Return where to begin: once a second at the oldest, in between at the last one that was claimed."""
        if time.monotonic() - self._looked_all_over > FALLBACK_SECONDS:
            self._looked_all_over = time.monotonic()
            return LONG_AGO
        return self._claimed_to - LATE_COMMIT
