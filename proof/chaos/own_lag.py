"""Measures how long the test harness itself was blocked, and its proxies and clients with it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

TICK = 0.1
NOTICED = 0.5


@dataclass
class OwnLag:
    """Seconds beyond `NOTICED` by which the event loop was late: the longest, and the sum.

    It excuses nothing; it is reported.
    """

    longest: float = 0.0
    together: float = 0.0

    def add(self, late: float) -> None:
        """Count one tick that came `late` seconds after its time."""
        if late > NOTICED:
            self.longest = round(max(self.longest, late), 1)
            self.together = round(self.together + late, 1)


@asynccontextmanager
async def own_lag() -> AsyncIterator[OwnLag]:
    """Watch the running loop for as long as the context lasts."""
    lag = OwnLag()
    watching = asyncio.create_task(_watch(lag))
    try:
        yield lag
    finally:
        watching.cancel()


async def _watch(lag: OwnLag) -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(TICK)
        lag.add(time.monotonic() - before - TICK)
