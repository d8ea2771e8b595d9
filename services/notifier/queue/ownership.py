"""What a process owns of one channel's deliveries.

The lease, what waits in memory, and results not committed yet.
"""

import asyncio
from collections.abc import Callable, Sequence

from services.notifier.queue.channel import Channel, Waiting
from services.notifier.queue.deliveries import at_once
from services.notifier.queue.delivery_lease import delivery_lease
from services.notifier.queue.give_back import disown, give_back
from services.notifier.queue.lanes import Lanes
from services.notifier.queue.record_results import Recorder
from shared.database.engine import Sessions, is_transient

RESULTS_PER_CONNECTION = 8


class Ownership:
    """The state that the loops of one dispatcher share.

    `unsure`: the database may hold deliveries of ours that we do not know of, because the answer to a claim
    or a commit was lost. `handing_over`: a transaction may be writing deliveries of ours. `ending`: nothing
    new is taken. `outcomes_written()` is called when outcomes wait to be published.
    """

    def __init__(
        self, dsn: str, sessions: Sessions, channel: Channel, outcomes_written: Callable[[], None]
    ) -> None:
        self.sessions = sessions
        self.outcomes_written = outcomes_written
        self.woken = asyncio.Event()
        self.lease = delivery_lease(dsn, wake=self.wake, lost=self._lost)
        self.lanes = Lanes(channel.most)
        self.recorder = Recorder(
            sessions, self.lease.owner, self._recorded, most=RESULTS_PER_CONNECTION * channel.most
        )
        self.unsure = self.handing_over = self.ending = False

    def wake(self) -> None:
        """Look for due deliveries now."""
        self.woken.set()

    def doubt(self) -> None:
        """Have the next claim disown the deliveries of ours that we do not know of."""
        self.unsure = True
        self.wake()

    async def disown_unknown(self) -> None:
        """Return up the deliveries that are ours in the database and not in memory."""
        async with at_once(self.sessions) as session:
            await disown(session, self.lease.owner, self.lanes.ids() | self.recorder.ids())

    async def give_back(self, dropped: Sequence[Waiting], *, seconds: float = 0.0) -> None:
        """Return deliveries that were claimed but not tried; they are due again in `seconds`."""
        if not dropped:
            return
        ids = [waiting.delivery.id for waiting in dropped]
        try:
            async with at_once(self.sessions) as session:
                await give_back(session, self.lease.owner, ids, seconds=seconds)
        except Exception as error:
            # They are no longer in memory, whether or not the database knows that they are not ours.
            self.unsure = True
            if not is_transient(error):
                raise

    async def end(self) -> None:
        """Write down the last results, and give back the rest, also what a cancelled claim had committed."""
        await self.recorder.flush()
        await self.give_back(self.lanes.drop_all())
        try:
            await self.disown_unknown()
        except Exception as error:
            if not is_transient(error):
                raise

    def _lost(self) -> None:
        self.lanes.drop_all()  # another process has them by now, or will
        self.doubt()

    def _recorded(self, released: bool) -> None:  # noqa: FBT001  the recorder's word
        self.outcomes_written()
        if released:
            self.wake()
