"""Works off the deliveries of one channel: claims due ones, sends them, and writes the results down."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from services.notifier.queue.channel import Channel
from services.notifier.queue.claims import FALLBACK_SECONDS, Claims
from services.notifier.queue.deliveries import at_once, let_all_go
from services.notifier.queue.give_back import reclaim
from services.notifier.queue.hand_over import HandOver
from services.notifier.queue.outage import Outage
from services.notifier.queue.ownership import Ownership
from services.notifier.queue.senders import Senders
from shared.database.engine import Sessions, is_transient
from shared.process.logs import get_log
from shared.process.loops import run_together
from shared.web.health import Liveness

log = get_log(__name__)

STOP_SECONDS, STOP_SENDING_SECONDS = 8.0, 4.0


def loop_of(channel: Channel) -> str:
    """Return the name under which the dispatcher of a channel is watched by `Liveness`."""
    return f"dispatch:{channel.name}"


class Dispatcher:
    """One loop of a worker: `await Dispatcher(…).run(liveness)` works until it is cancelled.

    `wake()` says that there are new deliveries; the consumer may hand over its own by `hand_over`.
    `outcomes_written()` is called when outcomes wait to be published.
    """

    def __init__(
        self, channel: Channel, sessions: Sessions, dsn: str, *, outcomes_written: Callable[[], None]
    ) -> None:
        self._channel = channel
        self._ownership = Ownership(dsn, sessions, channel, outcomes_written)
        self._claims = Claims(channel, self._ownership)
        self._senders = Senders(channel, self._ownership, self._claims)
        self._outage = Outage(channel, self._ownership)
        self.hand_over = HandOver(self._ownership, self._claims)
        self.wake = self._ownership.wake

    async def run(self, liveness: Liveness) -> None:
        """Work until cancelled."""
        async with self._ownership.lease.kept():
            try:
                await run_together(
                    self._ownership.recorder.run(),
                    self._outage.run(),
                    self._claims.run(liveness, loop_of(self._channel)),
                    self._keep_house(),
                    self._senders.run(),
                )
            finally:
                await self._stop()

    async def _keep_house(self) -> None:
        """Each second, return what waits for slow recipients, and release what nothing else releases."""
        ownership = self._ownership
        while True:
            try:
                await ownership.give_back(
                    ownership.lanes.drop_slow(), seconds=self._channel.retry.first_seconds
                )
                if ownership.lease.valid:
                    await self._take_back_and_release()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("database_away", error=type(error).__name__)
            await asyncio.sleep(FALLBACK_SECONDS)

    async def _take_back_and_release(self) -> None:
        async with at_once(self._ownership.sessions) as session:
            taken = await reclaim(session, self._ownership.lease.owner)
            released = await let_all_go(session)
        if taken:
            self._claims.look_all_over()
        elif released:
            self.wake()

    async def _stop(self) -> None:
        """End what is under way and give back the rest.

        What cannot be done in time, the next process takes back.
        """
        self._ownership.ending = True
        await self._senders.stop(STOP_SENDING_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS - STOP_SENDING_SECONDS):
                await self._ownership.end()
                await self._channel.close()
