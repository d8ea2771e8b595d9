"""The deliveries that wait for a connection: in order, but one recipient never gets all connections."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from services.notifier.queue.channel import Waiting

SLOW_SECONDS = 2.0


class Lanes:
    """A queue that gives a recipient at most three quarters of the connections, a slow one only one.

    A recipient is slow from when a delivery to it has been under way for `SLOW_SECONDS` until one goes
    faster.
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
        """Add a delivery at the end."""
        self._ready.append(waiting)
        self._wake_one()

    async def take(self) -> Waiting:
        """Return the next delivery whose recipient may have a connection; `done` must follow."""
        while True:
            while self._ready:
                waiting = self._ready.popleft()
                recipient = waiting.recipient
                flying = self._flying.setdefault(recipient, {})
                if len(flying) < (1 if recipient in self._slow else self._most):
                    flying[waiting.delivery.id] = float("inf")
                    return waiting
                self._aside.setdefault(recipient, deque()).append(waiting)
            taker = asyncio.get_running_loop().create_future()
            self._takers.append(taker)
            await taker

    def begin(self, waiting: Waiting) -> None:
        """Note that a delivery that was taken has its connection, and is being sent from now on."""
        self._flying[waiting.recipient][waiting.delivery.id] = self._clock()

    def done(self, waiting: Waiting) -> None:
        """Note that a delivery that was taken is no longer under way."""
        recipient = waiting.recipient
        flying = self._flying[recipient]
        seconds = self._clock() - flying.pop(waiting.delivery.id)
        (self._slow.add if seconds >= SLOW_SECONDS else self._slow.discard)(recipient)
        if not flying:
            del self._flying[recipient]
        aside = self._aside.get(recipient)
        if aside:
            self._ready.appendleft(aside.popleft())
            self._wake_one()
            if not aside:
                del self._aside[recipient]

    def ids(self) -> set[int]:
        """Return the id of every delivery that waits or is under way."""
        waiting = {waiting.delivery.id for lane in (self._ready, *self._aside.values()) for waiting in lane}
        return waiting | {id_ for flying in self._flying.values() for id_ in flying}

    def drop_slow(self) -> list[Waiting]:
        """Remove those that wait for slow recipients: tried later, they take no room from others."""
        now = self._clock()
        self._slow.update(
            recipient
            for recipient, flying in self._flying.items()
            if any(now - since >= SLOW_SECONDS for since in flying.values())
        )
        return [
            waiting for recipient in self._slow & self._aside.keys() for waiting in self._aside.pop(recipient)
        ]

    def drop_all(self) -> list[Waiting]:
        """Remove everything that waits."""
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
