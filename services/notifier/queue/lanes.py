"""The mails that wait for a connection: in order, but so that one mailbox never holds all connections."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from services.notifier.delivery import Claimed
from services.notifier.write.contents import Contents
from shared.text.mail_address import MailboxAddress

SLOW_SECONDS = 2.0


class Waiting(NamedTuple):
    """A claimed mail, its contents and where it goes."""

    mail: Claimed
    contents: Contents
    to: MailboxAddress


class Lanes:
    """A queue that keeps at most three quarters of the connections for one mailbox, and one for a mailbox that is slow.

    A mailbox is slow from when a mail to it has been under way for `SLOW_SECONDS` until one goes faster.
    """

    def __init__(self, connections: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = max(1, connections * 3 // 4)
        self._clock = clock
        self._ready: deque[Waiting] = deque()
        self._aside: dict[str, deque[Waiting]] = {}
        self._flying: dict[str, dict[int, float]] = {}
        self._slow: set[str] = set()
        self._takers: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self._ready)

    def put(self, waiting: Waiting) -> None:
        """Add a mail at the end."""
        self._ready.append(waiting)
        self._wake_one()

    async def take(self) -> Waiting:
        """Give the next mail whose mailbox has a connection free; `done` must follow."""
        while True:
            while self._ready:
                waiting = self._ready.popleft()
                mailbox = waiting.to.address
                flying = self._flying.setdefault(mailbox, {})
                if len(flying) < (1 if mailbox in self._slow else self._most):
                    flying[waiting.mail.id] = float("inf")
                    return waiting
                self._aside.setdefault(mailbox, deque()).append(waiting)
            taker = asyncio.get_running_loop().create_future()
            self._takers.append(taker)
            await taker

    def begin(self, waiting: Waiting) -> None:
        """Say that a mail that was taken has its connection, and is being sent from now on."""
        self._flying[waiting.to.address][waiting.mail.id] = self._clock()

    def done(self, waiting: Waiting) -> None:
        """Say that a mail that was taken is under way no longer."""
        mailbox = waiting.to.address
        flying = self._flying[mailbox]
        seconds = self._clock() - flying.pop(waiting.mail.id)
        (self._slow.add if seconds >= SLOW_SECONDS else self._slow.discard)(mailbox)
        if not flying:
            del self._flying[mailbox]
        aside = self._aside.get(mailbox)
        if aside:
            self._ready.appendleft(aside.popleft())
            self._wake_one()
            if not aside:
                del self._aside[mailbox]

    def ids(self) -> set[int]:
        """Name every mail that waits or is under way."""
        waiting = {waiting.mail.id for lane in (self._ready, *self._aside.values()) for waiting in lane}
        return waiting | {mail for flying in self._flying.values() for mail in flying}

    def drop_slow(self) -> list[Waiting]:
        """Take out the mails that wait for slow mailboxes, so that they can be tried later without keeping anybody's place."""
        now = self._clock()
        self._slow.update(
            mailbox
            for mailbox, flying in self._flying.items()
            if any(now - since >= SLOW_SECONDS for since in flying.values())
        )
        return [
            waiting for mailbox in self._slow & self._aside.keys() for waiting in self._aside.pop(mailbox)
        ]

    def drop_all(self) -> list[Waiting]:
        """Take out everything that waits."""
        dropped = [*self._ready, *(waiting for aside in self._aside.values() for waiting in aside)]
        self._ready.clear()
        self._aside.clear()
        return dropped

    def _wake_one(self) -> None:
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(None)
                return
