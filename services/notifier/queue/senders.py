"""The tasks that send: each takes a delivery, then a connection of the channel, and hands over the result."""

import asyncio
from contextlib import suppress

from services.notifier.delivery import Reply
from services.notifier.queue.channel import Channel, Deliver, Waiting
from services.notifier.queue.claims import Claims
from services.notifier.queue.ownership import Ownership
from services.notifier.queue.record_results import result_of

LOOK_SECONDS = 1.0


class Senders:
    """As many tasks as the channel sends at once, and more while some deliveries are slow."""

    def __init__(self, channel: Channel, ownership: Ownership, claims: Claims) -> None:
        self._channel = channel
        self._ownership = ownership
        self._claims = claims
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Keep the tasks running until cancelled; the failure of one is raised."""
        while True:
            while len(self._tasks) < self._wanted():
                self._tasks.add(asyncio.create_task(self._send_for_ever()))
            ended, self._tasks = await asyncio.wait(
                self._tasks,
                timeout=LOOK_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in ended:
                task.result()

    async def stop(self, seconds: float) -> None:
        """Let deliveries under way end, for `seconds`.

        It is unknown if later ones arrive, so they are tried again.
        """
        for task in self._tasks - self._busy:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*late, return_exceptions=True)

    def _wanted(self) -> int:
        return self._channel.most + self._channel.slow()

    async def _send_for_ever(self) -> None:
        me = asyncio.current_task()
        assert me is not None  # noqa: S101  for the type checker: this runs in a task
        ownership = self._ownership
        while not (ownership.ending or (me in self._tasks and len(self._tasks) > self._wanted())):
            await self._channel.breaker.closed.wait()
            await ownership.recorder.room()
            waiting = await ownership.lanes.take()
            try:
                async with self._channel.connection() as deliver:
                    self._busy.add(me)
                    self._claims.taken()
                    await self._send(deliver, waiting)
            finally:
                ownership.lanes.done(waiting)
                self._busy.discard(me)

    async def _send(self, deliver: Deliver, waiting: Waiting) -> None:
        ownership = self._ownership
        if not self._channel.breaker.is_closed:
            self._put_back(waiting)
            return
        if not ownership.lease.valid:
            # Another process may have it by now.
            ownership.doubt()
            ownership.recorder.no_result()
            return
        ownership.lanes.begin(waiting)
        try:
            reply = await deliver(waiting)
        except asyncio.CancelledError:
            self._record(waiting, Reply("connection", "stopped"))
            raise
        if reply is None:
            self._put_back(waiting)
        else:
            self._record(waiting, reply)

    def _record(self, waiting: Waiting, reply: Reply) -> None:
        self._ownership.recorder.add(result_of(waiting.delivery, reply, self._channel.retry))

    def _put_back(self, waiting: Waiting) -> None:
        self._ownership.recorder.no_result()
        self._ownership.lanes.put(waiting)
