"""The tasks that send: each takes a mail, then a connection, and hands over what became of it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from services.notifier.delivery import Claimed, Reply, Result
from services.notifier.queue.lanes import Lanes, Waiting
from services.notifier.queue.record_results import Recorder
from services.notifier.mail.send.connection_pool import ConnectionPool
from services.notifier.mail.send.open_session import ServerAway
from services.notifier.queue.outage import Outage
from services.notifier.mail.send.send_mail import MailConnection
from shared.process.crash_points import crash_point

LOOK_SECONDS = 1.0


class Outgoing(NamedTuple):
    """A mail's bytes, and the sender that its envelope names."""

    message: bytes
    return_path: str


class Senders:
    """As many tasks as there are connections, and more while some mails are slow, so that the others go on.

    `write(waiting)` gives a mail ready to go, why there is none, or `None` for one that is not ours to send; `result(mail, reply)` what becomes
    of it. `taken()` is called for each mail.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        lanes: Lanes,
        recorder: Recorder,
        outage: Outage,
        *,
        write: Callable[[Waiting], Outgoing | Reply | None],
        result: Callable[[Claimed, Reply], Result],
        taken: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._lanes = lanes
        self._recorder = recorder
        self._outage = outage
        self._write = write
        self._result = result
        self._taken = taken
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def run(self) -> None:
        """Keep the tasks running until cancelled; the failure of one is raised."""
        while True:
            while self._too_few():
                self._tasks.add(asyncio.create_task(self._send_for_ever()))
            ended, self._tasks = await asyncio.wait(
                self._tasks,
                timeout=LOOK_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in ended:
                task.result()

    async def stop(self, seconds: float) -> None:
        """Let the mails under way end, for so long; the others are tried again later, as it is unknown if they went."""
        self._stopping = True
        for task in self._tasks - self._busy:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            for task in late:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*late, return_exceptions=True)

    def _too_few(self) -> bool:
        return len(self._tasks) < self._pool.most + self._pool.slow()

    def _too_many(self) -> bool:
        return len(self._tasks) > self._pool.most + self._pool.slow()

    async def _send_for_ever(self) -> None:
        me = asyncio.current_task()
        assert me is not None  # noqa: S101  for the type checker: this runs in a task
        while not (self._stopping or (me in self._tasks and self._too_many())):
            await self._outage.there.wait()
            await self._recorder.room()
            waiting = await self._lanes.take()
            try:
                connection = await self._pool.take()
                self._busy.add(me)
                self._taken()
                try:
                    if self._outage.there.is_set():
                        self._lanes.begin(waiting)
                        await self._send(connection, waiting)
                    else:
                        self._put_back(waiting)
                finally:
                    self._pool.give_back(connection)
            finally:
                self._lanes.done(waiting)
                self._busy.discard(me)

    async def _send(self, connection: MailConnection, waiting: Waiting) -> None:
        written, begun = self._write(waiting), time.monotonic()
        if written is None:
            self._recorder.no_result()
            return
        if isinstance(written, Reply):
            self._recorder.add(self._result(waiting.mail, written))
            return
        try:
            reply = await connection.send(waiting.to, written.message, written.return_path)
        except ServerAway as away:
            if not self._pool.others_work(connection):
                self._outage.begin(away.why)
            if not away.may_be_the_mail:
                self._put_back(waiting)
                return
            # It may be this mail alone that the server will not begin: it waits by itself, and the others go on.
            reply = Reply("connection", away.why)
        except asyncio.CancelledError:
            self._recorder.add(self._result(waiting.mail, Reply("connection", "stopped")))
            raise
        else:
            crash_point("notifier.after-mail-accepted")
            if reply.concern in {"server", "rate"}:
                self._pool.mail_refused(begun)
            elif reply.kind == "2xx":
                self._pool.mail_sent()
        self._recorder.add(self._result(waiting.mail, reply))

    def _put_back(self, waiting: Waiting) -> None:
        self._recorder.no_result()
        self._lanes.put(waiting)
