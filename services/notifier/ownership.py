"""The sign that this process lives: a random number whose advisory lock it holds, on a connection that also hears of retries."""

import asyncio
import secrets
from collections.abc import Callable

from asyncpg.exceptions import InterfaceError, PostgresError

from shared.backoff import Backoff
from shared.database import connect
from shared.logs import get_log

log = get_log(__name__)

CHANNEL = "deliveries"
PING_SECONDS = 5.0
AWAY = (OSError, PostgresError, InterfaceError, TimeoutError)


class Ownership:
    """`owner` stands in the rows that this process sends. Nobody takes them while its lock is held, and the server lets go of it when we die.

    `notified` is called when the app puts a mail back (`NOTIFY deliveries`).
    """

    def __init__(self, dsn: str, notified: Callable[[], None]) -> None:
        self.owner = secrets.randbits(62) + 1
        self.held = asyncio.Event()
        self._dsn = dsn
        self._notified = notified

    async def keep(self) -> None:
        """Hold the lock until cancelled; it is taken again at once when the connection is lost."""
        backoff = Backoff(first=0.02, most=1.0)
        while True:
            try:
                await self._hold(backoff)
            except AWAY as error:
                log.warning("ownership_lost", error=type(error).__name__)
            await backoff.wait()

    async def _hold(self, backoff: Backoff) -> None:
        connection = await connect(self._dsn, server_settings={"application_name": "asiointi notifier owner"})
        lost = asyncio.Event()
        try:
            if not await connection.fetchval("select pg_try_advisory_lock($1)", self.owner):
                return  # the server has not yet noticed that our last connection is gone
            await connection.add_listener(CHANNEL, lambda *_: self._notified())
            connection.add_termination_listener(lambda _: lost.set())
            self.held.set()
            backoff.reset()
            while not lost.is_set():
                try:
                    async with asyncio.timeout(PING_SECONDS):
                        await lost.wait()
                except TimeoutError:
                    await connection.fetchval("select 1", timeout=PING_SECONDS)
        finally:
            self.held.clear()
            connection.terminate()
