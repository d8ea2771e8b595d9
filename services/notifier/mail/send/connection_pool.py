"""The connections to the mail server: open ones are used first, and no more than the server takes."""

import asyncio
import time
from collections import deque

from services.notifier.mail.send.open_session import MailServer
from services.notifier.mail.send.send_mail import MailConnection
from services.notifier.mail.send.sending_pace import SendingPace

SLOW_SECONDS = 10.0
LOOK_SECONDS = 1.0


class ConnectionPool:
    """Up to `most` connections, and as many again beside mails that the server keeps waiting."""

    def __init__(self, server: MailServer, most: int) -> None:
        self.most = most
        self._connections = [MailConnection(server) for _ in range(2 * most)]
        self._free = list(self._connections)
        self._pace = SendingPace(most)
        self._waiting: deque[asyncio.Future[None]] = deque()

    def slow(self) -> int:
        """Count the mails that have been under way for long, at most `most`."""
        now = time.monotonic()
        since = (each.sending_since for each in self._connections)
        return min(self.most, sum(begun is not None and now - begun >= SLOW_SECONDS for begun in since))

    async def take(self) -> MailConnection:
        """Return a connection once there is one to use; `give_back` must follow."""
        while not self._may_take():
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            # A pause ends, or a mail becomes slow, without anybody saying so.
            await asyncio.wait({waiting}, timeout=LOOK_SECONDS)
            waiting.cancel()
        connection = next((each for each in reversed(self._free) if each.is_open), self._free[-1])
        self._free.remove(connection)
        return connection

    def give_back(self, connection: MailConnection) -> None:
        """Let the next one use it."""
        self._free.append(connection)
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return

    def others_work(self, connection: MailConnection) -> bool:
        """Take note that the server refused a connection; says whether others are open, or being opened."""
        working = sum(each.is_open or each.is_opening for each in self._connections if each is not connection)
        if working:
            self._pace.connection_refused(time.monotonic(), working)
        return working > 0

    def mail_refused(self, begun: float) -> None:
        """Slow down: the server refused a mail that was begun then, for its own reasons."""
        self._pace.mail_refused(time.monotonic(), begun)

    def mail_sent(self) -> None:
        """Take note that mails go."""
        self._pace.mail_sent(time.monotonic())

    def reset(self) -> None:
        """Use all connections: the server is back."""
        self._pace.reset()

    async def close(self) -> None:
        """Close them all."""
        await asyncio.gather(*(each.close() for each in self._connections))

    def _may_take(self) -> bool:
        used = len(self._connections) - len(self._free)
        return used < self._pace.limit + self.slow() and time.monotonic() >= self._pace.resume_at
